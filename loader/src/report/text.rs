//! Names from users' tables: made harmless to layout, measured, cut to fit.

use super::data::{Noun, Nouns};

/// A name with control and direction characters made visible; they would reorder or swallow what follows.
pub fn clean(name: &str) -> String {
    if name.trim().is_empty() {
        return "(empty)".to_owned();
    }
    name.chars().map(|c| if is_hidden(c) { '\u{fffd}' } else { c }).collect()
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Roughly how wide a text is, in units of the plot, in a sans-serif face of that size. Rather too wide than too narrow.
pub fn width(text: &str, size: f64) -> f64 {
    // After DejaVu Sans, the widest of the faces that the page may be shown in.
    let em = |character| match character {
        'i' | 'j' | 'l' | '\'' | '|' => 0.3,
        ' ' | '\u{a0}' | '.' | ',' | ':' | ';' | '/' => 0.34,
        'f' | 'r' | 't' | '(' | ')' | '-' | '!' | 'I' => 0.41,
        'm' | '%' | '@' | '…' | 'W' => 1.0,
        'w' | 'M' | '+' | '−' | '=' | '<' | '>' | '≥' | '×' | '→' => 0.85,
        'A'..='Z' => 0.7,
        '0'..='9' => 0.64,
        c if (c as u32) < 0x2e80 => 0.61,
        _ => 1.05,
    };
    text.chars().map(em).sum::<f64>() * size
}

/// The text, cut with an ellipsis so that it is no wider than `room`.
pub fn fit(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        if width(&kept, size) + width("…", size) > room {
            kept.pop();
            break;
        }
    }
    kept.push('…');
    kept
}

/// One or many of a thing, with its number.
pub fn many(number: u64, noun: &Noun) -> String {
    format!("{} {}", super::format::count(number), noun_for(number, noun))
}

/// The noun that goes with a number.
pub fn noun_for(number: u64, noun: &Noun) -> String {
    clean(if number == 1 { &noun.singular } else { &noun.plural })
}

/// The nouns in the plural: rows, positives, negatives.
pub fn plurals(nouns: &Nouns) -> [String; 3] {
    [&nouns.row, &nouns.positive, &nouns.negative].map(|noun| clean(&noun.plural))
}

/// A text with its first letter raised.
pub fn sentence_case(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_fits() {
        for name in
            ["a", "messages_sent_last_30_days", "Ελληνικά ονόματα στηλών", "用户在三十天内发送的消息数量"]
        {
            let cut = fit(name, 12.0, 80.0);
            assert!(width(&cut, 12.0) <= 80.0, "{cut}");
            assert!(cut == name || cut.ends_with('…'));
        }
        assert_eq!(fit("anything", 12.0, 0.0), "…");
    }

    #[test]
    fn what_hides_is_shown() {
        assert_eq!(clean("a\u{202e}b\0c\n"), "a\u{fffd}b\u{fffd}c\u{fffd}");
        assert_eq!(clean("  "), "(empty)");
    }
}
