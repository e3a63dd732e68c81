//! What is kept of a text: enough to tell how like another it is, and to find those that are like it.

use crate::hash::mix64;

/// Minima of a signature.
pub(in crate::groups) const MINIMA: usize = 64;

/// MinHash (Broder, "On the resemblance and containment of documents", 1997) over the set of a text's word pairs: for
/// each of 64 hash functions, the lowest 16 bits of the least hash, which are as good as all of them (Li & König, "b-bit
/// minwise hashing", WWW 2010). The share of equal minima estimates the Jaccard similarity of two sets with a standard
/// error of 0.06 at most. The functions are linear permutations of 32 bits (Bohman, Cooper & Frieze, "Min-wise independent
/// linear permutations", 2000), a multiplication each; the pairs are well mixed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::groups) struct Signature([u16; MINIMA]);

/// Factors of the hash functions, odd, and their summands.
const FACTORS: [u32; MINIMA] = random(1);
const SUMMANDS: [u32; MINIMA] = random(2);

const fn random(seed: u64) -> [u32; MINIMA] {
    let mut numbers = [0; MINIMA];
    let mut k = 0;
    while k < MINIMA {
        numbers[k] = (mix64(seed << 32 | (k as u64 + 1)) >> 32) as u32 | 1;
        k += 1;
    }
    numbers
}

impl Signature {
    /// The signature of a text from the hashes of its words, two or more.
    pub(in crate::groups) fn of_words(words: &[u64]) -> Self {
        let mut minima = [u32::MAX; MINIMA];
        for pair in words.windows(2) {
            let shingle = (mix64(pair[0].wrapping_mul(31).wrapping_add(pair[1])) >> 32) as u32;
            for ((minimum, factor), summand) in minima.iter_mut().zip(FACTORS).zip(SUMMANDS) {
                *minimum = (*minimum).min(factor.wrapping_mul(shingle).wrapping_add(summand));
            }
        }
        Self(minima.map(|minimum| minimum as u16))
    }

    /// Estimated similarity of two texts' word pairs, 0..=1 in steps of 1/64.
    pub(in crate::groups) fn similarity(&self, other: &Self) -> f64 {
        f64::from(self.equal_minima(other)) / MINIMA as f64
    }

    /// How many minima two signatures share.
    pub(in crate::groups) fn equal_minima(&self, other: &Self) -> u16 {
        self.0.iter().zip(&other.0).map(|(a, b)| u16::from(a == b)).sum()
    }

    /// Hash of one of the signature's bands, each of so many minima. Texts that are alike agree in some band.
    pub(in crate::groups) fn band(&self, band: usize, rows: usize) -> u32 {
        let minima = &self.0[band * rows..(band + 1) * rows];
        let hash = minima.iter().fold(0, |hash, minimum| mix64(hash ^ (u64::from(*minimum) + 1)));
        (hash >> 32) as u32
    }
}

/// Minima to a band: the most with which a pair of this similarity agrees in one band or another with a probability of
/// 0.95 (Leskovec, Rajaraman & Ullman, "Mining of massive datasets", section 3.4). More find fewer of the pairs sought,
/// less find more of those not sought.
pub(in crate::groups) fn rows_of_band(similarity: f64) -> usize {
    let is_found = |rows: &usize| {
        let bands = MINIMA / rows;
        1.0 - (1.0 - similarity.powi(*rows as i32)).powi(bands as i32) >= 0.95
    };
    (1..=8).rev().find(is_found).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(from: u64, to: u64) -> Vec<u64> {
        (from..to).map(|word| mix64(word + 1)).collect()
    }

    fn similarity(one: &[u64], other: &[u64]) -> f64 {
        Signature::of_words(one).similarity(&Signature::of_words(other))
    }

    #[test]
    fn estimates_are_close_to_the_truth() {
        let mut errors = Vec::new();
        for start in (0..200_000).step_by(1_000) {
            // 50 of 150 pairs are shared.
            errors
                .push(similarity(&words(start, start + 101), &words(start + 50, start + 151)) - 50.0 / 150.0);
        }
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        let spread = (errors.iter().map(|error| error * error).sum::<f64>() / errors.len() as f64).sqrt();
        assert!(mean.abs() < 0.02 && spread < 0.08, "{mean} {spread}");
    }

    /// What `tests/reference/pages.py` wrote: estimates by datasketch from the same hash functions and permutations. Their squared errors
    /// are no larger than those of as many fair draws.
    #[test]
    fn estimates_are_those_of_datasketch_and_as_near_to_the_truth_as_draws_are() {
        let golden = include_str!("../../tests/golden/page_similarity.json");
        let golden: serde_json::Value = serde_json::from_str(golden).expect("the golden file is JSON");
        let cases = golden.as_array().expect("cases");
        let signature = |text: &serde_json::Value| {
            let mut words = Vec::new();
            crate::text::read_word_hashes(text.as_str().expect("a text"), &mut words);
            Signature::of_words(&words)
        };
        let (mut squares, mut draws) = (0.0, 0.0f64);
        for case in cases {
            let number = |name: &str| case[name].as_f64().expect("a number");
            let found = signature(&case["a"]).similarity(&signature(&case["b"]));
            assert_eq!(found, number("ours"), "{case}");
            let exact = number("exact");
            let variance = exact * (1.0 - exact) / MINIMA as f64;
            let square = (found - exact).powi(2);
            assert!(square <= 16.0 * variance + 1e-12, "{found} for {exact}");
            if variance > 0.0 {
                squares += square / variance;
                draws += 1.0;
            }
        }
        assert!(draws >= 20.0 && squares < draws + 3.0 * (2.0 * draws).sqrt(), "{squares} of {draws}");
    }

    #[test]
    fn long_texts_without_a_common_word_are_not_alike() {
        for start in (0..200_000).step_by(10_000) {
            let found = similarity(&words(start, start + 2_000), &words(start + 5_000, start + 7_000));
            assert!(found < 0.05, "{found}");
        }
    }

    #[test]
    fn bands_fit_the_similarity_sought() {
        assert_eq!([0.3, 0.5, 0.7, 0.8, 0.9, 1.0].map(rows_of_band), [2, 2, 4, 6, 8, 8]);
    }
}
