//! From values to coordinates, and which values to name on an axis.

use super::super::format;

/// How values are spread over an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Evenly.
    Linear,
    /// By their logarithm; the domain begins above 0.
    Log,
    /// By their square root, so that small shares beside large ones can be seen.
    SquareRoot,
}

/// How values are written on an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ticks {
    /// As shares: 20 %.
    Share,
    /// As numbers.
    Number,
}

/// From values of a domain to coordinates of a range.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    kind: Kind,
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// Whatever the domain, the scale can be used: one that is empty, reversed or not finite is mended.
    pub fn new(kind: Kind, domain: (f64, f64), range: (f64, f64)) -> Self {
        let (mut low, mut high) = domain;
        if !low.is_finite() || !high.is_finite() {
            (low, high) = (0.0, 1.0);
        }
        // Steps beyond the ends must be numbers still.
        (low, high) = (low.min(high).clamp(-1e300, 1e300), low.max(high).clamp(-1e300, 1e300));
        match kind {
            Kind::Log => {
                low = low.max(1e-12);
                high = high.max(low * 10.0);
            }
            Kind::SquareRoot => {
                (low, high) = (low.max(0.0), high.max(0.0));
                if is_narrow(low, high) {
                    (low, high) = (0.0, if high < SMALLEST { 1.0 } else { high });
                }
            }
            // Neighbouring numbers leave nothing to divide.
            Kind::Linear if is_narrow(low, high) => {
                let half = if low.abs() < SMALLEST { 0.5 } else { low.abs() * 0.05 };
                (low, high) = (low - half, high + half);
            }
            Kind::Linear => {}
        }
        Self { kind, low, high, start: range.0, end: range.1 }
    }

    /// The coordinate of a value; values outside the domain come to lie on its ends.
    pub fn at(&self, value: f64) -> f64 {
        let value = if value.is_nan() { self.low } else { value.clamp(self.low, self.high) };
        let part = |value: f64| match self.kind {
            Kind::Linear => value,
            Kind::Log => value.ln(),
            Kind::SquareRoot => value.sqrt(),
        };
        // Halves, because the span of a domain may be infinite when its ends are not.
        let (low, high) = (part(self.low) / 2.0, part(self.high) / 2.0);
        self.start + (part(value) / 2.0 - low) / (high - low) * (self.end - self.start)
    }

    /// About so many round values of the domain.
    pub fn ticks(&self, wanted: usize) -> Vec<f64> {
        match self.kind {
            Kind::Linear => self.even_ticks(wanted),
            Kind::Log => self.decades(wanted),
            Kind::SquareRoot => self.rising_ticks(),
        }
    }

    fn even_ticks(&self, wanted: usize) -> Vec<f64> {
        let step = round_step((self.high / 2.0 - self.low / 2.0) / wanted.max(1) as f64 * 2.0);
        let first = (self.low / step).ceil();
        let tolerance = step * 1e-6;
        (0..=2 * wanted + 2)
            .map(|index| (first + index as f64) * step)
            .take_while(|value| value.is_finite() && *value <= self.high + tolerance)
            .map(|value| if value.abs() < tolerance { 0.0 } else { value })
            .collect()
    }

    /// Powers of ten, with 2s and 5s between where there are few.
    fn decades(&self, wanted: usize) -> Vec<f64> {
        let (first, last) = (self.low.log10(), self.high.log10());
        let (low, high) = (first.floor() as i32, last.ceil() as i32);
        let every = ((last - first) / wanted.max(1) as f64).ceil().max(1.0) as usize;
        let parts: &[f64] = if (last - first) * 3.0 <= wanted as f64 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let tolerance = 1.0 + 1e-9;
        (low..=high)
            .step_by(every)
            .flat_map(|exponent| parts.iter().map(move |part| part * 10f64.powi(exponent)))
            .filter(|value| *value >= self.low / tolerance && *value <= self.high * tolerance)
            .collect()
    }

    /// Values that lie far enough apart once their roots are taken.
    fn rising_ticks(&self) -> Vec<f64> {
        let mut ticks = vec![self.low];
        for share in [0.01, 0.05, 0.2, 0.5, 1.0] {
            let value = self.low + (self.high - self.low) * share;
            let value = round_down(value);
            if ticks.last().is_none_or(|last| value > *last) {
                ticks.push(value);
            }
        }
        ticks
    }
}

/// Spans below this cannot be divided.
const SMALLEST: f64 = 1e-300;

fn is_narrow(low: f64, high: f64) -> bool {
    high - low <= low.abs().max(high.abs()) * 1e-9 || high - low < SMALLEST
}

/// The nearest of 1, 2 and 5 times a power of ten.
fn round_step(rough: f64) -> f64 {
    if !(rough.is_finite() && rough > 0.0) {
        return 1.0;
    }
    let power = 10f64.powf(rough.log10().floor());
    // The bounds are the geometric means of neighbours.
    let factor = match rough / power {
        part if part < 1.414 => 1.0,
        part if part < 3.162 => 2.0,
        part if part < 7.071 => 5.0,
        _ => 10.0,
    };
    factor * power
}

/// The largest of 1, 2 and 5 times a power of ten that is no larger.
fn round_down(value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let power = 10f64.powf(value.log10().floor());
    let factor = [5.0, 2.0].into_iter().find(|factor| factor * power <= value * (1.0 + 1e-9)).unwrap_or(1.0);
    factor * power
}

/// A domain that holds all values, from 0 where they are near it, with some room above.
pub fn domain(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high {
        return (0.0, 1.0);
    }
    let room = (high / 2.0 - low / 2.0) * 0.1;
    let bottom = if low >= 0.0 && low < high * 0.5 { 0.0 } else { low - room };
    (bottom, high + room)
}

/// How ticks are written: with as many decimals as tell them apart, or each by itself where they are not even.
pub fn tick_labels(ticks: &[f64], style: Ticks) -> Vec<String> {
    let factor = if style == Ticks::Share { 100.0 } else { 1.0 };
    let steps = || ticks.windows(2).map(|pair| (pair[1] - pair[0]) * factor);
    let step = steps().fold(f64::INFINITY, f64::min);
    let largest = ticks.iter().fold(0.0f64, |largest, tick| largest.max(tick.abs() * factor));
    let is_even = steps().all(|other| other <= step * 1.001);
    let is_plain = is_even && (1e-4..1e6).contains(&step) && largest < 1e7;
    let decimals = if is_plain { (-step.log10().floor()).clamp(0.0, 6.0) as usize } else { 0 };
    let write = |tick: &f64| {
        let value = tick * factor;
        let text = if is_plain {
            format::trimmed(&format::decimal(value, decimals))
        } else {
            // The last bits of a power of ten are no digits.
            format::number((value * 1e10).round() / 1e10)
        };
        if style == Ticks::Share { format!("{text}\u{a0}%") } else { text }
    };
    ticks.iter().map(write).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_domain_gives_coordinates_within_the_range() {
        let odd =
            [0.0, 1.0, -5.0, 1e-300, 1e300, f64::MAX, f64::MIN, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE];
        for kind in [Kind::Linear, Kind::Log, Kind::SquareRoot] {
            for low in odd {
                for high in odd {
                    let scale = Scale::new(kind, (low, high), (10.0, 90.0));
                    for value in odd {
                        let at = scale.at(value);
                        assert!((10.0..=90.0).contains(&at), "{kind:?} {low} {high}: {value} at {at}");
                    }
                    let ticks = scale.ticks(5);
                    assert!(ticks.len() <= 20 && ticks.iter().all(|tick| tick.is_finite()), "{ticks:?}");
                }
            }
        }
    }

    #[test]
    fn ticks_are_round() {
        let ticks = |kind, domain, wanted| Scale::new(kind, domain, (0.0, 1.0)).ticks(wanted);
        assert_eq!(
            tick_labels(&ticks(Kind::Linear, (0.0, 1.0), 5), Ticks::Share).join(" ").replace('\u{a0}', ""),
            "0% 20% 40% 60% 80% 100%"
        );
        assert_eq!(
            tick_labels(&ticks(Kind::Linear, (-0.31, 0.42), 4), Ticks::Number).join(" "),
            "−0.2 0 0.2 0.4"
        );
        assert_eq!(
            tick_labels(&ticks(Kind::Linear, (0.0, 2.3e9), 4), Ticks::Number).join(" "),
            "0 5·10⁸ 1·10⁹ 1.5·10⁹ 2·10⁹"
        );
        assert_eq!(ticks(Kind::Log, (0.001, 1.0), 5).len(), 4);
        assert_eq!(ticks(Kind::Log, (1.0, 100.0), 9).len(), 7);
        let rising = ticks(Kind::SquareRoot, (0.0, 0.83), 5);
        assert_eq!(
            tick_labels(&rising, Ticks::Share).join(" ").replace('\u{a0}', ""),
            "0% 0.5% 2% 10% 20% 50%"
        );
    }
}
