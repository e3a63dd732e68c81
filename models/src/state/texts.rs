//! What an account writes: lengths, typos, vocabulary, and how often it repeats itself.

use super::codec::{Reader, StateError, Writer};
use super::moments::Moments;
use crate::text::{Signature, TextDigest, WORD_BUCKETS};

/// Earlier texts that a new one is compared with.
pub const REMEMBERED_TEXTS: usize = 32;

/// Running summary of an account's texts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Texts {
    pub(super) lengths: Moments,
    pub(super) with_typo: u32,
    pub(super) near_duplicates: u32,
    words: [u16; WORD_BUCKETS],
    recent: RecentSignatures,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            lengths: Moments::default(),
            with_typo: 0,
            near_duplicates: 0,
            words: [0; WORD_BUCKETS],
            recent: RecentSignatures::default(),
        }
    }
}

impl Texts {
    /// Adds a text and says whether it nearly repeats an earlier one.
    pub(super) fn observe(&mut self, text: &TextDigest, words: &[u8]) -> bool {
        self.lengths.add(f64::from(text.characters));
        self.with_typo += u32::from(text.has_typo);
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

    pub(super) fn write(&self, out: &mut Writer) {
        self.lengths.write(out);
        out.u32(self.with_typo);
        out.u32(self.near_duplicates);
        self.words.iter().for_each(|count| out.u16(*count));
        self.recent.write(out);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, StateError> {
        let mut texts = Self {
            lengths: Moments::read(input)?,
            with_typo: input.u32()?,
            near_duplicates: input.u32()?,
            ..Self::default()
        };
        for count in &mut texts.words {
            *count = input.u16()?;
        }
        texts.recent = RecentSignatures::read(input)?;
        let counted = texts.lengths.count();
        if texts.with_typo > counted || texts.near_duplicates > counted {
            return Err(StateError::Corrupt("text counts"));
        }
        Ok(texts)
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

    fn write(&self, out: &mut Writer) {
        out.u8(self.pushed);
        self.ring.iter().for_each(|signature| out.u64(*signature));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, StateError> {
        let mut recent = Self { pushed: input.u8()?, ..Self::default() };
        if usize::from(recent.pushed) >= 2 * REMEMBERED_TEXTS {
            return Err(StateError::Corrupt("signature ring"));
        }
        for signature in &mut recent.ring {
            *signature = input.u64()?;
        }
        Ok(recent)
    }
}
