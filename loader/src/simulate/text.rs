//! Texts: a small grammar, a personal style, and the mistakes of human fingers.

use rand::Rng;

use super::random::{Random, between, chance, geometric, log_normal, pick, probability};
use super::vocabulary as words;
use super::vocabulary::{PHRASEBOOKS, Phrasebook, TOPICS, Topic};

/// How one account writes. Shares and probabilities are per text.
#[derive(Clone, Debug)]
pub(super) struct Style {
    /// Indices into the topics; the first is the favourite.
    pub topics: [usize; 3],
    /// Mean sentences of a post beyond the first.
    pub more_sentences: f64,
    pub typo: f64,
    pub hashtag: f64,
    pub link: f64,
    pub mention: f64,
    pub emoji: f64,
    /// Probability to write something from `stock`, or a text of the last days once more.
    pub repeat: f64,
    /// Probability of a short reply where a reply is due.
    pub terse: f64,
    /// Share of texts in the other language, and which one.
    pub foreign: f64,
    pub phrasebook: usize,
    /// Greetings and the like that the account uses again and again.
    pub stock: Vec<String>,
}

/// What to shift in a style: factors on the odds of the human values.
#[derive(Clone, Copy, Debug)]
pub(super) struct StyleLean {
    pub typo: f64,
    pub repeat: f64,
    pub link: f64,
    pub length: f64,
}

impl Style {
    pub fn draw(random: &mut Random, language: &str, lean: StyleLean) -> Self {
        let first = random.random_range(0..TOPICS.len());
        let topics = [0, random.random_range(1..5), random.random_range(5..9)]
            .map(|step| (first + step) % TOPICS.len());
        let native = PHRASEBOOKS.iter().position(|book| book.language == language);
        let (phrasebook, foreign) = match native {
            Some(book) => (book, probability(random, 0.25, 1.2)),
            None => (random.random_range(0..PHRASEBOOKS.len()), probability(random, 0.01, 1.0)),
        };
        let mut style = Self {
            topics,
            more_sentences: log_normal(random, 0.55 * lean.length, 0.6),
            typo: lean_on(probability(random, 0.085, 0.75), lean.typo),
            hashtag: probability(random, 0.12, 1.0),
            link: lean_on(probability(random, 0.09, 0.9), lean.link),
            mention: probability(random, 0.12, 0.8),
            emoji: probability(random, 0.12, 1.2),
            repeat: lean_on(probability(random, 0.06, 0.8), lean.repeat),
            terse: probability(random, 0.5, 0.8),
            foreign,
            phrasebook,
            stock: Vec::new(),
        };
        for _ in 0..3 {
            let greeting = pick(random, words::GREETINGS);
            let phrase = style.expand(random, greeting);
            style.stock.push(phrase);
        }
        style
    }

    /// A text of some sentences.
    pub fn post(&self, random: &mut Random) -> String {
        let mut text = self.sentence(random);
        for _ in 0..geometric(random, self.more_sentences).min(9) {
            text.push_str(if chance(random, 0.7) { ". " } else { " " });
            text.push_str(&self.sentence(random));
        }
        self.decorate(random, text)
    }

    /// An answer or a message.
    pub fn reply(&self, random: &mut Random) -> String {
        let text = if chance(random, self.terse) {
            let template = pick(random, words::REPLIES);
            self.expand(random, template)
        } else {
            self.sentence(random)
        };
        self.decorate(random, text)
    }

    fn sentence(&self, random: &mut Random) -> String {
        if chance(random, self.foreign) {
            return phrase(random, &PHRASEBOOKS[self.phrasebook]);
        }
        let template = pick(random, words::SENTENCES);
        self.expand(random, template)
    }

    fn topic(&self, random: &mut Random) -> &'static Topic {
        let place = random.random_range(0..6);
        &TOPICS[self.topics[[0, 0, 0, 1, 1, 2][place]]]
    }

    fn expand(&self, random: &mut Random, template: &str) -> String {
        let topic = self.topic(random);
        let mut text = String::with_capacity(template.len() * 2);
        let mut parts = template.split('{');
        text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let (slot, rest) = part.split_once('}').unwrap_or(("", part));
            let choices = match slot {
                "n" => topic.things,
                "d" => topic.doings,
                "a" => words::ADJECTIVES,
                "p" => words::PEOPLE,
                "t" => words::TIMES,
                "o" => words::OPENERS,
                "m" => words::NEEDS,
                _ => words::PLACES,
            };
            let choice = pick(random, choices);
            if text.ends_with(" a ") && choice.starts_with(['a', 'e', 'i', 'o', 'u']) {
                text.truncate(text.len() - 1);
                text.push_str("n ");
            }
            text.push_str(choice);
            text.push_str(rest);
        }
        text
    }

    fn decorate(&self, random: &mut Random, mut text: String) -> String {
        if chance(random, self.typo) {
            text = mistype(random, &text);
        }
        if chance(random, self.mention) {
            text = format!("@user{} {text}", random.random_range(1..50_000));
        }
        if chance(random, self.emoji) {
            text.push(' ');
            text.push_str(pick(random, words::EMOJI));
        }
        if chance(random, self.hashtag) {
            text.push_str(" #");
            text.push_str(self.topic(random).tag);
        }
        if chance(random, self.link) {
            text = with_link(random, &text);
        }
        text
    }
}

/// The text with a fresh link at its end, in place of the one it had.
pub(super) fn with_link(random: &mut Random, text: &str) -> String {
    let bare = text.split(" https://").next().unwrap_or(text);
    format!("{bare} https://{}/{:06x}", pick(random, words::HOSTS), random.random_range(0..0x0100_0000))
}

/// Multiplies the odds of a probability.
pub(super) fn lean_on(probability: f64, factor: f64) -> f64 {
    let odds = probability / (1.0 - probability) * factor;
    odds / (1.0 + odds)
}

fn phrase(random: &mut Random, book: &Phrasebook) -> String {
    let separator = book.separator;
    let (beginning, middle, end) =
        (pick(random, book.beginnings), pick(random, book.middles), pick(random, book.ends));
    format!("{beginning}{separator}{middle}{separator}{end}")
}

/// One mistake: a known misspelling, two letters exchanged, a stretched letter, or a word twice.
fn mistype(random: &mut Random, text: &str) -> String {
    let mut tokens: Vec<String> = text.split(' ').map(str::to_owned).collect();
    let kind = random.random::<f64>();
    if kind < 0.65 {
        let offset = random.random_range(0..tokens.len());
        for step in 0..tokens.len() {
            let index = (offset + step) % tokens.len();
            let token = &mut tokens[index];
            if let Some((_, wrong)) = words::SLIPS.iter().find(|(right, _)| *right == token.as_str()) {
                *token = (*wrong).to_owned();
                return tokens.join(" ");
            }
        }
    }
    let index = random.random_range(0..tokens.len());
    let token = &tokens[index];
    tokens[index] = if kind < 0.80 && token.len() >= 5 && token.is_ascii() {
        let at = random.random_range(1..token.len() - 2);
        let (start, rest) = token.split_at(at);
        let (pair, end) = rest.split_at(2);
        format!("{start}{}{end}", pair.chars().rev().collect::<String>())
    } else if kind < 0.93 {
        stretch(token, 2 + between(random, 0.0, 3.0) as usize)
    } else {
        format!("{token} {token}")
    };
    tokens.join(" ")
}

/// The word with its last vowel some more times: "so" becomes "sooo".
fn stretch(word: &str, times: usize) -> String {
    match word.rfind(['a', 'e', 'i', 'o', 'u']) {
        Some(at) => {
            let (start, end) = word.split_at(at);
            format!("{start}{}{end}", end[..1].repeat(times))
        }
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::{Purpose, stream};
    use super::*;

    const PLAIN: StyleLean = StyleLean { typo: 1.0, repeat: 1.0, link: 1.0, length: 1.0 };

    #[test]
    fn templates_are_filled() {
        let mut random = stream(1, Purpose::Events, 1);
        for language in ["en", "es", "ja"] {
            let style = Style::draw(&mut random, language, PLAIN);
            for _ in 0..300 {
                let text = style.post(&mut random) + &style.reply(&mut random);
                assert!(!text.contains(['{', '}']), "{text}");
            }
        }
    }

    #[test]
    fn mistyping_changes_most_texts() {
        let mut random = stream(1, Purpose::Events, 1);
        let text = "I really think the bread needs more salt";
        let changed = (0..200).filter(|_| mistype(&mut random, text) != text).count();
        assert!(changed > 180, "{changed}");
    }

    #[test]
    fn a_link_replaces_the_one_before() {
        let mut random = stream(1, Purpose::Events, 1);
        let once = with_link(&mut random, "look here");
        let twice = with_link(&mut random, &once);
        assert_eq!(twice.matches("https://").count(), 1);
        assert!(twice.starts_with("look here https://"));
    }

    #[test]
    fn odds_are_multiplied() {
        assert!((lean_on(0.5, 3.0) - 0.75).abs() < 1e-12);
    }
}
