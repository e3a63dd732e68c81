//! How like a page is to one of another domain: networks fill many domains from one template.
//!
//! Pages are compared by MinHash and locality-sensitive hashing, as [`super::Duplicates`] compares texts. Here no groups are made:
//! what is asked of each page is the strongest similarity there is.

use std::collections::HashMap;

use super::signature::{MINIMA, Signature, rows_of_band};
use super::{GroupError, check};
use crate::hash::mix64;
use crate::text::read_word_hashes;

/// Others of a bucket that a page is compared with. Pages that are alike meet in many buckets, and in each beside others.
const NEIGHBOURS: usize = 16;

/// What is compared, not yet checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PagesParams {
    /// Similarity from which a pair is found with a probability of 0.95, 0.3 to 1; default 0.5. Some that are less alike are
    /// found, too.
    pub min_similarity: f64,
    /// Words below which a page is passed over, 2 to 1,000; default 20.
    pub min_words: u32,
}

impl Default for PagesParams {
    fn default() -> Self {
        Self { min_similarity: 0.5, min_words: 20 }
    }
}

/// Collects pages, 2^32 at most: 40 bytes each, and 128 more for each different text.
#[derive(Clone, Debug)]
pub struct Pages {
    params: PagesParams,
    pages: Vec<Page>,
    texts: Vec<Text>,
    by_hash: HashMap<u64, u32>,
    words: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Page {
    page: i64,
    domain: u64,
    text: u32,
    words: u32,
}

#[derive(Clone, Debug)]
struct Text {
    signature: Signature,
    /// The first page with it, and that one's domain.
    first: (i64, u64),
    /// The first page of another domain with the same text.
    other: Option<i64>,
}

/// The page that another is most like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resemblance {
    /// The page that was asked about.
    pub page: i64,
    /// Its words.
    pub words: u32,
    /// Estimated Jaccard similarity of their word pairs, 0..=1 with a standard error of 0.06 at most; 0 where none was found.
    pub similarity: f64,
    /// The other page; `None` where none was found.
    pub nearest: Option<i64>,
}

impl Pages {
    /// An empty collection.
    ///
    /// # Errors
    /// [`GroupError::Setting`] with the parameter that is out of bounds.
    pub fn new(params: PagesParams) -> Result<Self, GroupError> {
        check("min_similarity", params.min_similarity, 0.3, 1.0)?;
        check("min_words", f64::from(params.min_words), 2.0, 1_000.0)?;
        Ok(Self { params, pages: Vec::new(), texts: Vec::new(), by_hash: HashMap::new(), words: Vec::new() })
    }

    /// Adds a page of a domain, by the hash of its name. One of too few words is passed over, and gets no answer.
    pub fn add(&mut self, page: i64, domain: u64, text: &str) {
        read_word_hashes(text, &mut self.words);
        if self.words.len() < self.params.min_words as usize {
            return;
        }
        let hash = self.words.iter().fold(0, |hash, word| mix64(hash ^ word).wrapping_add(1));
        let text = *self.by_hash.entry(hash).or_insert_with(|| {
            let signature = Signature::of_words(&self.words);
            self.texts.push(Text { signature, first: (page, domain), other: None });
            self.texts.len() as u32 - 1
        });
        let known = &mut self.texts[text as usize];
        if known.other.is_none() && known.first.1 != domain {
            known.other = Some(page);
        }
        self.pages.push(Page { page, domain, text, words: self.words.len() as u32 });
    }

    /// Compares all that was added; one answer a page, in their order. `between_bands` is called now and then, and may unwind.
    #[must_use]
    pub fn compare(self, between_bands: &mut dyn FnMut()) -> Vec<Resemblance> {
        let mut best: Vec<(u16, u32)> = vec![(0, u32::MAX); self.texts.len()];
        let rows = rows_of_band(self.params.min_similarity);
        let mut buckets: Vec<u64> = Vec::with_capacity(self.texts.len());
        for band in 0..MINIMA / rows {
            between_bands();
            buckets.clear();
            let texts = self.texts.iter().zip(0u64..);
            // The band's hash above, the text below.
            buckets
                .extend(texts.map(|(text, index)| u64::from(text.signature.band(band, rows)) << 32 | index));
            buckets.sort_unstable();
            for bucket in buckets.chunk_by(|a, b| a >> 32 == b >> 32).filter(|bucket| bucket.len() > 1) {
                self.compare_bucket(bucket, &mut best);
            }
        }
        self.pages.iter().map(|page| self.resemblance(page, &best)).collect()
    }

    /// Compares each text with those that follow: all of a small bucket, and some of a large one.
    fn compare_bucket(&self, bucket: &[u64], best: &mut [(u16, u32)]) {
        for (place, entry) in bucket.iter().enumerate() {
            let one = *entry as u32;
            let following = bucket[place + 1..].iter().take(NEIGHBOURS);
            for other in following.map(|entry| *entry as u32) {
                let (text, found) = (&self.texts[one as usize], &self.texts[other as usize]);
                if text.other.is_none() && found.other.is_none() && text.first.1 == found.first.1 {
                    continue;
                }
                let equal = text.signature.equal_minima(&found.signature);
                for (this, that) in [(one, other), (other, one)] {
                    let known = &mut best[this as usize];
                    // Of several that are equally alike the first.
                    if equal > known.0 || (equal == known.0 && that < known.1 && equal > 0) {
                        *known = (equal, that);
                    }
                }
            }
        }
    }

    fn resemblance(&self, page: &Page, best: &[(u16, u32)]) -> Resemblance {
        let text = &self.texts[page.text as usize];
        if let Some(other) = text.other {
            let nearest = if text.first.1 == page.domain { other } else { text.first.0 };
            return Resemblance {
                page: page.page,
                words: page.words,
                similarity: 1.0,
                nearest: Some(nearest),
            };
        }
        let (equal, nearest) = best[page.text as usize];
        let nearest = self.texts.get(nearest as usize).map(|nearest| match nearest.other {
            Some(other) if nearest.first.1 == page.domain => other,
            _ => nearest.first.0,
        });
        let similarity = f64::from(equal) / MINIMA as f64;
        Resemblance { page: page.page, words: page.words, similarity, nearest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(words: std::ops::Range<u32>) -> String {
        words.map(|word| format!("w{word:04}x ")).collect()
    }

    fn compared(pages: &[(i64, u64, String)]) -> Vec<Resemblance> {
        let mut all = Pages::new(PagesParams::default()).expect("the defaults are possible");
        pages.iter().for_each(|(page, domain, text)| all.add(*page, *domain, text));
        all.compare(&mut || {})
    }

    #[test]
    fn pages_of_one_domain_are_not_compared() {
        let pages =
            [(1, 7, text(0..100)), (2, 7, text(0..100)), (3, 7, text(5..105)), (4, 8, text(500..600))];
        let found = compared(&pages);
        assert!(found.iter().all(|page| page.similarity < 0.1), "{found:?}");
        let mut pages = pages.to_vec();
        pages.push((5, 9, text(0..100)));
        let found = compared(&pages);
        let similarity: Vec<f64> = found.iter().map(|page| page.similarity).collect();
        assert_eq!([similarity[0], similarity[1], similarity[4]], [1.0; 3]);
        assert_eq!((found[0].nearest, found[4].nearest), (Some(5), Some(1)));
        // 94 of 104 pairs are shared with the one of another domain.
        assert!((similarity[2] - 94.0 / 104.0).abs() < 0.18, "{found:?}");
        assert_eq!(found[2].nearest, Some(5));
    }

    #[test]
    fn templates_are_found_among_many_pages() {
        let mut pages: Vec<(i64, u64, String)> =
            (0..3_000).map(|k| (k, k as u64, text(1_000 + 300 * k as u32..1_100 + 300 * k as u32))).collect();
        // 40 pages share 70 of 100 words in a row: 69 of 129 pairs.
        for k in 0..40u32 {
            pages.push((
                10_000 + i64::from(k),
                u64::from(20_000 + k),
                text(0..70) + &text(900_000 + 100 * k..900_030 + 100 * k),
            ));
        }
        let found = compared(&pages);
        let alike = found[3_000..].iter().filter(|page| page.similarity > 0.35).count();
        assert!(alike >= 38, "{alike} of 40");
        let others = found[..3_000].iter().filter(|page| page.similarity > 0.2).count();
        assert_eq!(others, 0);
    }

    #[test]
    fn few_words_say_nothing() {
        assert_eq!(compared(&[(1, 1, "buy now".to_owned()), (2, 2, "buy now".to_owned())]), []);
    }
}
