//! Numbers as people read them: few digits, thousands separated, nothing rounded into a lie.

/// Between a number and its unit.
const NARROW: &str = "\u{a0}";

/// A number of things: 12,345.
pub fn count(value: u64) -> String {
    grouped(&value.to_string())
}

/// A share as a percentage, such that only 0 is 0 % and only 1 is 100 %.
pub fn share(value: f64) -> String {
    format!("{}{NARROW}%", percentage(value))
}

/// A share that somebody chose, without needless digits: 5 %.
pub fn level(value: f64) -> String {
    format!("{}{NARROW}%", trimmed(&decimal(value * 100.0, 2)))
}

/// The number of [`share`], without its sign.
fn percentage(value: f64) -> String {
    let percent = value * 100.0;
    if !percent.is_finite() {
        return "?".to_owned();
    }
    let distance = percent.abs().min((100.0 - percent).abs());
    let decimals = match distance {
        0.0 => 0,
        d if d < 0.001 => return if percent < 50.0 { "<\u{a0}0.001" } else { ">\u{a0}99.999" }.to_owned(),
        d if d < 0.01 => 3,
        d if d < 0.1 => 2,
        _ => 1,
    };
    decimal(percent, decimals)
}

/// A share of so many things: 14 of 602 (2.3 %).
pub fn part_of(part: u64, whole: u64) -> String {
    match ratio(part, whole) {
        Some(value) => format!("{} of {} ({})", count(part), count(whole), share(value)),
        None => format!("{} of 0", count(part)),
    }
}

/// Part of a whole; none of nothing.
pub fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// A figure of merit between 0 and 1, with four decimals; only 1 is 1.
pub fn score(value: f64) -> String {
    if (0.999_95..1.0).contains(&value) {
        return ">\u{a0}0.9999".to_owned();
    }
    decimal(value, 4)
}

/// A p-value, with four decimals; none is 0.
pub fn chance(value: f64) -> String {
    if value < 0.000_05 { "<\u{a0}0.0001".to_owned() } else { score(value) }
}

/// A threshold or probability: up to four decimals, no trailing zeros.
pub fn threshold(value: f64) -> String {
    trimmed(&decimal(value, 4))
}

/// Any quantity, with about four significant digits.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return "?".to_owned();
    }
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e7).contains(&size) {
        let exponent = size.log10().floor();
        let mantissa = trimmed(&decimal(value / 10f64.powf(exponent), 2));
        return format!("{mantissa}·10{}", superscript(exponent as i32));
    }
    if value.fract() == 0.0 {
        return decimal(value, 0);
    }
    let digits = (3 - size.log10().floor() as i32).clamp(0, 7) as usize;
    trimmed(&decimal(value, digits))
}

/// A number with its sign in front: +0.31.
pub fn signed(value: f64, decimals: usize) -> String {
    let text = decimal(value, decimals);
    if value > 0.0 { format!("+{text}") } else { text }
}

/// A time that something took.
pub fn seconds(value: f64) -> String {
    match value {
        v if !v.is_finite() || v < 0.0 => "?".to_owned(),
        v if v < 0.001 => format!("{}{NARROW}µs", number((v * 1e7).round() / 10.0)),
        v if v < 1.0 => format!("{}{NARROW}ms", number((v * 1e4).round() / 10.0)),
        v if v < 120.0 => format!("{}{NARROW}s", decimal(v, 1)),
        v if v < 7_200.0 => format!("{}{NARROW}min", decimal(v / 60.0, 1)),
        v => format!("{}{NARROW}h", decimal(v / 3_600.0, 1)),
    }
}

/// How figures of one kind are written, in cells, on axes and in intervals alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// See [`share`].
    Share,
    /// See [`score`].
    Score,
    /// See [`number`].
    Number,
}

impl Style {
    /// Writes a value.
    pub fn of(self, value: f64) -> String {
        match self {
            Self::Share => share(value),
            Self::Score => score(value),
            Self::Number => number(value),
        }
    }

    /// Writes an interval: 1.2–3.4 %.
    pub fn interval(self, low: f64, high: f64) -> String {
        match self {
            Self::Share => format!("{}–{}", percentage(low), share(high)),
            _ => format!("{}–{}", self.of(low), self.of(high)),
        }
    }
}

/// A value with so many decimals, thousands separated, a true minus sign, and no negative zero.
pub fn decimal(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    if value.abs() >= 1e15 {
        return number(value);
    }
    let text = format!("{:.decimals$}", value.abs());
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let is_zero = text.bytes().all(|byte| byte == b'0' || byte == b'.');
    let sign = if value < 0.0 && !is_zero { "−" } else { "" };
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{rest}", grouped(whole))
}

/// Digits without trailing zeros of the fraction.
pub fn trimmed(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }.to_owned()
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn superscript(exponent: i32) -> String {
    let raise = |character| match character {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_digit(digit as u32 - '0' as u32, 10)
            .and_then(|d| char::from_u32('⁰' as u32 + d as u32 - '0' as u32))
            .unwrap_or(digit),
    };
    exponent.to_string().chars().map(raise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_round_into_certainty() {
        let cases = [
            (0.0, "0 %"),
            (1.0, "100 %"),
            (0.023_256, "2.3 %"),
            (0.999_7, "99.97 %"),
            (0.000_4, "0.04 %"),
            (1e-9, "< 0.001 %"),
            (0.999_999_9, "> 99.999 %"),
            (0.5, "50.0 %"),
            (f64::NAN, "? %"),
        ];
        for (value, text) in cases {
            assert_eq!(share(value).replace('\u{a0}', " "), text, "{value}");
        }
        assert_eq!(score(0.999_99), ">\u{a0}0.9999");
        assert_eq!([0.0, 0.000_06, 1.0].map(chance), ["<\u{a0}0.0001", "0.0001", "1.0000"]);
        assert_eq!(score(1.0), "1.0000");
    }

    #[test]
    fn numbers_keep_four_digits() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (1_234_567.0, "1,234,567"),
            (1_234.56, "1,235"),
            (12.345_6, "12.35"),
            (-0.001_234_5, "−0.001234"),
            (2.5e9, "2.5·10⁹"),
            (-3.14e-12, "−3.14·10⁻¹²"),
            (f64::NAN, "?"),
            (f64::INFINITY, "?"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text, "{value}");
        }
        assert_eq!(count(1_000), "1,000");
        assert_eq!(signed(0.314, 2), "+0.31");
        assert_eq!(signed(-0.001, 2), "0.00");
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        assert_eq!(part_of(0, 0), "0 of 0");
        assert_eq!(part_of(14, 602), "14 of 602 (2.3\u{a0}%)");
        assert_eq!(seconds(-1.0), "?");
        assert_eq!(seconds(0.000_013), "13\u{a0}µs");
    }
}
