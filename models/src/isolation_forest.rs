//! How unlike the others an account is: isolation forest (Liu, Ting & Zhou, ICDM 2008).
//!
//! Nodes lie flat in one array, each tree in pre-order: the left child follows its parent, the right one is pointed to.
//! That is both the form in memory and, at eight bytes a node, the stored one.

use std::hint::select_unpredictable;

use rand::seq::index::sample;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

/// Settings of a fit, not yet checked.
#[derive(Clone, Copy, Debug)]
pub struct IsolationForestParams {
    /// Trees to grow.
    pub trees: usize,
    /// Rows each tree sees.
    pub sample: usize,
    /// Share of the training rows that the threshold calls anomalous.
    pub contamination: f64,
    /// Seed of the random choices.
    pub seed: u64,
}

impl Default for IsolationForestParams {
    fn default() -> Self {
        Self { trees: 100, sample: 256, contamination: 0.10, seed: 0 }
    }
}

/// Why a forest cannot be grown or read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ForestError {
    /// A setting is out of bounds.
    #[error("isolation forest: {name} is {value}, outside {low} to {high}")]
    Setting {
        /// Which setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Smallest possible value.
        low: f64,
        /// Largest possible value.
        high: f64,
    },
    /// Not enough rows, or rows of unequal or no width.
    #[error("isolation forest: {values} values are not {rows} rows of equal width, two at the least")]
    Shape {
        /// Values there are.
        values: usize,
        /// Rows there should be.
        rows: usize,
    },
    /// A value is not finite.
    #[error("isolation forest: row {row} holds a value that is not finite")]
    NotFinite {
        /// The row's index.
        row: usize,
    },
    /// Stored bytes are not a forest.
    #[error("isolation forest is corrupt: {0}")]
    Corrupt(&'static str),
}

const LEAF: u16 = u16::MAX;
/// Trees that are walked side by side.
const LANES: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Node {
    /// Inner: rows below go left. Leaf: the path length that ends here.
    value: f32,
    /// Input that is compared, or [`LEAF`].
    input: u16,
    /// Offset from this node to its right child.
    right: u16,
}

/// A fitted forest.
#[derive(Clone, Debug, PartialEq)]
pub struct IsolationForest {
    width: u16,
    sample: u32,
    threshold: f64,
    /// First node of each tree.
    roots: Vec<u32>,
    nodes: Vec<Node>,
}

impl IsolationForest {
    /// Grows a forest on `rows` rows of `inputs` (row-major), the same for the same seed.
    ///
    /// # Errors
    /// [`ForestError`] for settings, shapes or values that allow no forest.
    pub fn fit(inputs: &[f64], rows: usize, params: IsolationForestParams) -> Result<Self, ForestError> {
        check("trees", params.trees as f64, 1.0, 10_000.0)?;
        check("sample", params.sample as f64, 2.0, 4_096.0)?;
        check("contamination", params.contamination, 0.0, 0.5)?;
        let width = inputs.len().checked_div(rows).unwrap_or(0);
        if rows < 2 || width == 0 || width >= usize::from(LEAF) || width * rows != inputs.len() {
            return Err(ForestError::Shape { values: inputs.len(), rows });
        }
        if let Some(position) = inputs.iter().position(|value| !value.is_finite()) {
            return Err(ForestError::NotFinite { row: position / width });
        }
        let size = params.sample.min(rows);
        let mut forest = Self {
            width: width as u16,
            sample: size as u32,
            threshold: 1.0,
            roots: Vec::with_capacity(params.trees),
            nodes: Vec::new(),
        };
        let mut random = ChaCha12Rng::seed_from_u64(params.seed);
        let depth = (size as f64).log2().ceil() as u32;
        for _ in 0..params.trees {
            let mut chosen = sample(&mut random, rows, size).into_vec();
            forest.roots.push(forest.nodes.len() as u32);
            forest.grow(inputs, &mut chosen, 0, depth, &mut random);
        }
        let mut scores: Vec<f64> = inputs.chunks_exact(width).map(|row| forest.score(row)).collect();
        scores.sort_by(f64::total_cmp);
        let quantile = ((1.0 - params.contamination) * (rows - 1) as f64).round() as usize;
        forest.threshold = scores[quantile];
        Ok(forest)
    }

    fn grow(&mut self, inputs: &[f64], rows: &mut [usize], depth: u32, limit: u32, random: &mut ChaCha12Rng) {
        let width = usize::from(self.width);
        let split =
            (depth < limit && rows.len() > 1).then(|| choose_split(inputs, width, rows, random)).flatten();
        let Some((input, value)) = split else {
            let value = (f64::from(depth) + average_path(rows.len() as f64)) as f32;
            self.nodes.push(Node { value, input: LEAF, right: 0 });
            return;
        };
        let parent = self.nodes.len();
        self.nodes.push(Node { value, input: input as u16, right: 0 });
        let goes_left = |row: &usize| (inputs[row * width + input] as f32) < value;
        let mut left = 0;
        for i in 0..rows.len() {
            if goes_left(&rows[i]) {
                rows.swap(i, left);
                left += 1;
            }
        }
        let (left, right) = rows.split_at_mut(left);
        self.grow(inputs, left, depth + 1, limit, random);
        self.nodes[parent].right = (self.nodes.len() - parent) as u16;
        self.grow(inputs, right, depth + 1, limit, random);
    }

    /// Anomaly score of one row, 0..1: about 0.5 for the ordinary, towards 1 for what is isolated early.
    #[must_use]
    pub fn score(&self, row: &[f64]) -> f64 {
        debug_assert_eq!(row.len(), usize::from(self.width));
        let row: Vec<f32> = row.iter().map(|input| *input as f32).collect();
        let (groups, others) = self.roots.as_chunks::<LANES>();
        let together = groups.iter().flat_map(|roots| self.paths(*roots, &row));
        let total: f64 = together.chain(others.iter().flat_map(|root| self.paths([*root], &row))).sum();
        let mean = total / self.roots.len() as f64;
        (-mean / average_path(f64::from(self.sample)) * std::f64::consts::LN_2).exp()
    }

    /// Length of the row's path in each of some trees. They are walked side by side: none waits for another's memory, and those that
    /// have ended stay where they are.
    fn paths<const N: usize>(&self, roots: [u32; N], row: &[f32]) -> [f64; N] {
        let mut at = roots.map(|root| root as usize);
        loop {
            let mut all_ended = true;
            for at in &mut at {
                let node = self.nodes[*at];
                let is_leaf = node.input == LEAF;
                let input = select_unpredictable(is_leaf, 0, usize::from(node.input));
                let step = select_unpredictable(row[input] < node.value, 1, usize::from(node.right));
                *at += select_unpredictable(is_leaf, 0, step);
                all_ended &= is_leaf;
            }
            if all_ended {
                return at.map(|at| f64::from(self.nodes[at].value));
            }
        }
    }

    /// Score above which a row counts as anomalous.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// The stored form: width (u16), reserved (u16), sample (u32), threshold (f64), trees (u32), nodes (u32), first node
    /// of each tree (u32), nodes (f32, u16, u16); little-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(24 + 4 * self.roots.len() + 8 * self.nodes.len());
        out.extend(self.width.to_le_bytes());
        out.extend(0u16.to_le_bytes());
        out.extend(self.sample.to_le_bytes());
        out.extend(self.threshold.to_le_bytes());
        out.extend((self.roots.len() as u32).to_le_bytes());
        out.extend((self.nodes.len() as u32).to_le_bytes());
        self.roots.iter().for_each(|root| out.extend(root.to_le_bytes()));
        for node in &self.nodes {
            out.extend(node.value.to_le_bytes());
            out.extend(node.input.to_le_bytes());
            out.extend(node.right.to_le_bytes());
        }
        out
    }

    /// Reads a stored forest for rows of `width` inputs. What it returns can be walked without leaving the arrays.
    ///
    /// # Errors
    /// [`ForestError::Corrupt`] with what is wrong.
    pub fn from_bytes(bytes: &[u8], width: usize) -> Result<Self, ForestError> {
        let (header, rest) = bytes.split_first_chunk::<24>().ok_or(ForestError::Corrupt("it ends early"))?;
        let word =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let (trees, count) = (word(16) as usize, word(20) as usize);
        let mut threshold = [0; 8];
        threshold.copy_from_slice(&header[8..16]);
        if trees == 0 || count < trees || rest.len() as u64 != 4 * trees as u64 + 8 * count as u64 {
            return Err(ForestError::Corrupt("its length does not fit its counts"));
        }
        let (roots, nodes) = rest.split_at(4 * trees);
        let forest = Self {
            width: u16::from_le_bytes([header[0], header[1]]),
            sample: word(4),
            threshold: f64::from_le_bytes(threshold),
            roots: roots.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
            nodes: nodes
                .chunks_exact(8)
                .map(|b| Node {
                    value: f32::from_le_bytes([b[0], b[1], b[2], b[3]]),
                    input: u16::from_le_bytes([b[4], b[5]]),
                    right: u16::from_le_bytes([b[6], b[7]]),
                })
                .collect(),
        };
        forest.check_structure(width)?;
        Ok(forest)
    }

    /// Children always lie behind their parent and inside the array, so that every walk ends.
    fn check_structure(&self, width: usize) -> Result<(), ForestError> {
        if width == 0 || usize::from(self.width) != width || self.sample < 2 || !self.threshold.is_finite() {
            return Err(ForestError::Corrupt("its header does not fit the features"));
        }
        if self.roots.iter().any(|root| *root as usize >= self.nodes.len()) {
            return Err(ForestError::Corrupt("a tree begins outside"));
        }
        let sound = self.nodes.iter().enumerate().all(|(index, node)| {
            let inner = usize::from(node.input) < width && node.right > 1;
            let inside = index + usize::from(node.right) < self.nodes.len();
            let leaf = node.input == LEAF && node.value >= 0.0;
            node.value.is_finite() && (leaf || (inner && inside))
        });
        if sound { Ok(()) } else { Err(ForestError::Corrupt("a node points outside")) }
    }
}

fn check(name: &'static str, value: f64, low: f64, high: f64) -> Result<(), ForestError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(ForestError::Setting { name, value, low, high })
}

/// A random input that varies among the rows, and a random value between its extremes.
fn choose_split(
    inputs: &[f64],
    width: usize,
    rows: &[usize],
    random: &mut ChaCha12Rng,
) -> Option<(usize, f32)> {
    // Drawn one after the other: the next one in line would inherit the chances of all constant ones before it.
    let mut left: Vec<usize> = (0..width).collect();
    (1..=width).rev().find_map(|count| {
        let input = left.swap_remove(random.random_range(0..count));
        let values = rows.iter().map(|row| inputs[row * width + input] as f32);
        let (low, high) =
            values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        // Strictly above the lowest and at most the highest: neither side is empty.
        (low < high)
            .then(|| (input, high - random.random::<f32>() * (high - low)))
            .filter(|(_, value)| *value > low)
    })
}

/// Mean path length of an unsuccessful search among `count` rows: what a leaf still hides.
fn average_path(count: f64) -> f64 {
    const EULER: f64 = 0.577_215_664_901_532_9;
    match count {
        count if count <= 1.0 => 0.0,
        count if count <= 2.0 => 1.0,
        count => 2.0 * ((count - 1.0).ln() + EULER) - 2.0 * (count - 1.0) / count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloud(rows: usize) -> Vec<f64> {
        let mut random = ChaCha12Rng::seed_from_u64(1);
        (0..rows * 3).map(|_| random.random::<f64>() + random.random::<f64>() - 1.0).collect()
    }

    fn forest() -> IsolationForest {
        IsolationForest::fit(&cloud(1000), 1000, IsolationForestParams::default())
            .expect("the cloud is sound")
    }

    #[test]
    fn what_lies_apart_scores_higher() {
        let forest = forest();
        assert!(forest.score(&[0.0, 0.0, 0.0]) < 0.5);
        assert!(forest.score(&[4.0, 4.0, -4.0]) > 0.7);
        let above = cloud(1000).chunks(3).filter(|row| forest.score(row) > forest.threshold()).count();
        assert!((80..=120).contains(&above), "{above} of 1000 above the threshold");
    }

    #[test]
    fn the_seed_decides() {
        let fit = |seed| {
            IsolationForest::fit(&cloud(300), 300, IsolationForestParams { seed, ..Default::default() })
        };
        assert_eq!(fit(1), fit(1));
        assert_ne!(fit(1), fit(2));
    }

    #[test]
    fn stored_and_read_back() {
        let forest = forest();
        let bytes = forest.to_bytes();
        assert_eq!(IsolationForest::from_bytes(&bytes, 3), Ok(forest));
        assert!(IsolationForest::from_bytes(&bytes, 4).is_err());
        assert!(IsolationForest::from_bytes(&bytes[..bytes.len() - 1], 3).is_err());
        for position in (0..bytes.len()).step_by(7) {
            let mut damaged = bytes.clone();
            damaged[position] ^= 0x80;
            if let Ok(forest) = IsolationForest::from_bytes(&damaged, 3) {
                let _ = forest.score(&[0.1, 0.2, 0.3]);
            }
        }
    }

    #[test]
    fn inputs_that_vary_are_chosen_alike_often() {
        // The middle three of five are constant.
        let inputs = [0.0, 1.0, 1.0, 1.0, 0.0, 9.0, 1.0, 1.0, 1.0, 9.0];
        let mut random = ChaCha12Rng::seed_from_u64(3);
        let mut first = 0;
        for _ in 0..1_000 {
            let (input, _) = choose_split(&inputs, 5, &[0, 1], &mut random).expect("two inputs vary");
            first += usize::from(input == 0);
        }
        assert!((440..=560).contains(&first), "{first}");
    }

    #[test]
    fn constant_rows_are_no_obstacle() {
        let forest =
            IsolationForest::fit(&[1.0; 20], 10, IsolationForestParams::default()).expect("they are finite");
        assert!((forest.score(&[1.0, 1.0]) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn impossible_fits_are_refused() {
        let params = IsolationForestParams::default();
        assert!(matches!(IsolationForest::fit(&[1.0], 1, params), Err(ForestError::Shape { .. })));
        assert!(matches!(
            IsolationForest::fit(&[1.0, f64::NAN], 2, params),
            Err(ForestError::NotFinite { row: 1 })
        ));
        let params = IsolationForestParams { contamination: 0.7, ..params };
        assert!(matches!(IsolationForest::fit(&[1.0, 2.0], 2, params), Err(ForestError::Setting { .. })));
    }
}
