//! The levels of a category, counted while its column is read.

use std::collections::HashMap;

use botdet_models::schema::MOST_LEVELS;

/// Different texts that are counted: a column with more is no category.
const MOST_TEXTS: usize = 1 << 16;
/// Bytes of the longest text that can be a level: a longer one is no name, and would be carried in every version.
const LONGEST_LEVEL: usize = 1_000;

/// The texts of a column, numbered as they come.
#[derive(Debug, Default)]
pub(super) struct Texts {
    numbers: HashMap<String, usize>,
    /// The number of all that are too long.
    long: Option<usize>,
    counts: Vec<u32>,
    /// Values that are there.
    present: u64,
    too_many: bool,
}

/// What a column of texts is.
#[derive(Debug, PartialEq)]
pub(super) enum Judgement {
    /// A category: its levels, most frequent first, and for each number the place of its level, or their count for others.
    Category { levels: Vec<String>, places: Vec<f32> },
    /// Numbers, in a column of text.
    Numbers,
    /// Of no use, and why.
    Unusable(String),
}

impl Texts {
    /// The number of a text.
    pub(super) fn add(&mut self, text: &str) -> usize {
        self.present += 1;
        let known = if text.len() > LONGEST_LEVEL { self.long } else { self.numbers.get(text).copied() };
        let number = match known {
            Some(number) => number,
            None if self.counts.len() == MOST_TEXTS => {
                self.too_many = true;
                return 0;
            }
            None => {
                let number = self.counts.len();
                self.counts.push(0);
                if text.len() > LONGEST_LEVEL {
                    self.long = Some(number);
                } else {
                    self.numbers.insert(text.to_owned(), number);
                }
                number
            }
        };
        self.counts[number] += 1;
        number
    }

    /// Judges the column: texts that are too long count among others. Numbers in an enumeration are names that somebody chose.
    pub(super) fn judge(self, is_enumeration: bool) -> Judgement {
        let Self { numbers, long, counts, present, too_many } = self;
        if too_many {
            return Judgement::Unusable(format!(
                "has more than {MOST_TEXTS} different texts, too many for a category"
            ));
        }
        if numbers.is_empty() && long.is_some() {
            return Judgement::Unusable(format!(
                "has no text of {LONGEST_LEVEL} bytes or fewer, so none is a name"
            ));
        }
        if !is_enumeration && long.is_none() && are_numbers(numbers.keys()) {
            return Judgement::Numbers;
        }
        // Texts that mostly come once tell which row it is, not what kind.
        if counts.len() > 2 && counts.len() as u64 * 2 > present {
            return Judgement::Unusable(format!(
                "has {} different texts in {present} rows, like an identifier",
                counts.len()
            ));
        }
        let mut ranked: Vec<(String, usize)> = numbers.into_iter().collect();
        ranked.sort_unstable_by(|(a, a_number), (b, b_number)| {
            counts[*b_number].cmp(&counts[*a_number]).then_with(|| a.cmp(b))
        });
        let kept = ranked.len().min(MOST_LEVELS);
        let mut places = vec![kept as f32; counts.len()];
        ranked[..kept].iter().enumerate().for_each(|(place, (_, number))| places[*number] = place as f32);
        let levels = ranked.into_iter().take(kept).map(|(text, _)| text).collect();
        Judgement::Category { levels, places }
    }
}

/// Whether all that say something are numbers, and one does.
fn are_numbers<'a>(texts: impl Iterator<Item = &'a String>) -> bool {
    let is_number = |text: &str| {
        text.parse::<f64>().is_ok_and(f64::is_finite) && text.bytes().any(|byte| byte.is_ascii_digit())
    };
    let mut texts = texts.map(|text| text.trim()).filter(|text| !text.is_empty()).peekable();
    texts.peek().is_some() && texts.all(is_number)
}
