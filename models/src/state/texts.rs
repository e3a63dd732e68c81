//! What an account writes: lengths, typos, vocabulary, and how often it repeats itself.

use super::bits::DistinctBits;
use super::codec::{Reader, StateError, Writer};
use super::moments::Moments;
use crate::text::{Signature, TextDigest, WORD_BUCKETS};

/// Earlier texts that a new one is compared with.
pub const REMEMBERED_TEXTS: usize = 32;
/// Earlier templates that a new text's is compared with.
pub const REMEMBERED_TEMPLATES: usize = 16;

/// Running summary of an account's texts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Texts {
    pub(super) lengths: Moments,
    /// Texts of each kind.
    pub(super) with_typo: u32,
    pub(super) near_duplicates: u32,
    pub(super) with_known_template: u32,
    pub(super) with_link: u32,
    /// Sums over all texts.
    pub(super) mentions: u32,
    pub(super) emoji: u32,
    pub(super) letters: u64,
    pub(super) capitals: u64,
    pub(super) hosts: DistinctBits,
    words: [u16; WORD_BUCKETS],
    recent: RecentSignatures,
    templates: RecentTemplates,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            lengths: Moments::default(),
            with_typo: 0,
            near_duplicates: 0,
            with_known_template: 0,
            with_link: 0,
            mentions: 0,
            emoji: 0,
            letters: 0,
            capitals: 0,
            hosts: DistinctBits::default(),
            words: [0; WORD_BUCKETS],
            recent: RecentSignatures::default(),
            templates: RecentTemplates::default(),
        }
    }
}

impl Texts {
    /// Adds a text and says whether it nearly repeats an earlier one.
    pub(super) fn observe(&mut self, text: &TextDigest, words: &[u8]) -> bool {
        self.lengths.add(f64::from(text.characters));
        self.with_typo += u32::from(text.has_typo);
        self.observe_marks(text);
        if text.template != 0 {
            self.with_known_template += u32::from(self.templates.replace_oldest(text.template));
        }
        for bucket in words {
            self.count_word(usize::from(*bucket) % WORD_BUCKETS);
        }
        if words.is_empty() {
            return false;
        }
        let repeats = self.recent.holds_near(text.signature);
        self.recent.push(text.signature);
        self.near_duplicates += u32::from(repeats);
        repeats
    }

    fn observe_marks(&mut self, text: &TextDigest) {
        self.with_link += u32::from(text.has_link);
        if text.host != 0 {
            self.hosts.add(text.host);
        }
        self.mentions = self.mentions.saturating_add(text.mentions.into());
        self.emoji = self.emoji.saturating_add(text.emoji.into());
        self.letters = self.letters.saturating_add(text.letters.into());
        self.capitals = self.capitals.saturating_add(text.capitals.into());
    }

    /// Counts halve when one would overflow: what counts is their proportion, and old words fade.
    fn count_word(&mut self, bucket: usize) {
        if self.words[bucket] == u16::MAX {
            self.words.iter_mut().for_each(|count| *count /= 2);
        }
        self.words[bucket] += 1;
    }

    pub(super) fn word_counts(&self) -> impl Iterator<Item = f64> + Clone {
        self.words.iter().map(|count| f64::from(*count))
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        self.hosts.write(out);
        self.recent.write(out);
        self.templates.write(out);
        out.u16s(self.words);
        self.lengths.write(out);
        out.u32s([self.with_typo, self.near_duplicates, self.with_known_template, self.with_link]);
        out.u32s([self.mentions, self.emoji]);
        out.u64s([self.letters, self.capitals]);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, StateError> {
        let (hosts, recent) = (DistinctBits::read(input), RecentSignatures::read(input)?);
        let (templates, words) = (RecentTemplates::read(input)?, input.u16s());
        let (lengths, of_kinds) = (Moments::read(input)?, input.u32s());
        let ([mentions, emoji], [letters, capitals]) = (input.u32s(), input.u64s());
        if of_kinds.iter().any(|texts| *texts > lengths.count()) {
            return Err(StateError::Corrupt("text counts"));
        }
        let [with_typo, near_duplicates, with_known_template, with_link] = of_kinds;
        Ok(Self {
            lengths,
            with_typo,
            near_duplicates,
            with_known_template,
            with_link,
            mentions,
            emoji,
            letters,
            capitals,
            hosts,
            words,
            recent,
            templates,
        })
    }
}

/// The latest templates; 0 where there is none yet.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct RecentTemplates {
    oldest: u8,
    ring: [u16; REMEMBERED_TEMPLATES],
}

impl RecentTemplates {
    /// Says whether a template is known, and keeps it in the oldest's place.
    fn replace_oldest(&mut self, template: u16) -> bool {
        let is_known = self.ring.contains(&template);
        self.ring[usize::from(self.oldest)] = template;
        self.oldest = (self.oldest + 1) % REMEMBERED_TEMPLATES as u8;
        is_known
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.u8s([self.oldest]);
        out.u16s(self.ring);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, StateError> {
        let ([oldest], ring) = (input.u8s(), input.u16s());
        if usize::from(oldest) >= REMEMBERED_TEMPLATES {
            return Err(StateError::Corrupt("template ring"));
        }
        Ok(Self { oldest, ring })
    }
}

/// A ring of the latest signatures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct RecentSignatures {
    /// Signatures ever pushed, modulo twice the capacity, so that both fill and position follow from it.
    pushed: u8,
    ring: [u64; REMEMBERED_TEXTS],
}

impl RecentSignatures {
    fn len(&self) -> usize {
        usize::from(self.pushed).min(REMEMBERED_TEXTS)
    }

    fn holds_near(&self, signature: Signature) -> bool {
        self.ring[..self.len()].iter().any(|known| Signature(*known).is_near(signature))
    }

    fn push(&mut self, signature: Signature) {
        let pushed = usize::from(self.pushed);
        self.ring[pushed % REMEMBERED_TEXTS] = signature.0;
        let next = pushed + 1;
        self.pushed = if next == 2 * REMEMBERED_TEXTS { REMEMBERED_TEXTS as u8 } else { next as u8 };
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.u8s([self.pushed]);
        out.u64s(self.ring);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, StateError> {
        let ([pushed], ring) = (input.u8s(), input.u64s());
        if usize::from(pushed) >= 2 * REMEMBERED_TEXTS {
            return Err(StateError::Corrupt("signature ring"));
        }
        Ok(Self { pushed, ring })
    }
}
