//! The stored form of an ensemble: about five bytes a node.
//!
//! ```text
//! form (u8 = 1) · combination (u8: 0 sum, 1 mean) · covers (u8: 0 f32, 1 whole numbers) · base (f64) · width · trees
//! per feature: thresholds, how many · each (f32), ascending
//! per tree, in pre-order:
//!   leaf:  0 · value (f32) · cover (f32 or number)
//!   split: 1 + 2·feature + (missing goes left) · index of its threshold
//! ```
//!
//! Little-endian; numbers without a type are LEB128. Pre-order leaves no child to point anywhere: whatever the bytes say, each
//! child lies behind its parent and inside its tree.

use super::builder::Layout;
use super::node::ROOT;
use super::ranks::Ranks;
use super::{Combination, Ensemble, EnsembleBuilder, EnsembleError, TreeNode};

const FORM: u8 = 1;
/// Whole numbers up to this one are exact in single precision.
const WHOLE: f32 = 16_777_216.0;

impl Ensemble {
    /// The stored form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let whole = self.leaf_covers().all(|cover| cover.fract() == 0.0 && cover <= WHOLE);
        let (kind, base) = match self.combination {
            Combination::Sum { base } => (0, base),
            Combination::Mean => (1, 0.0),
        };
        let mut out = vec![FORM, kind, u8::from(whole)];
        out.extend(base.to_le_bytes());
        put_number(&mut out, self.width);
        put_number(&mut out, self.trees());
        let thresholds = self.thresholds();
        for sorted in &thresholds {
            put_number(&mut out, sorted.len());
            sorted.iter().for_each(|threshold| out.extend(threshold.to_le_bytes()));
        }
        (0..self.trees()).for_each(|tree| self.put_tree(&mut out, tree, &thresholds, whole));
        out
    }

    fn leaf_covers(&self) -> impl Iterator<Item = f32> + '_ {
        self.nodes
            .iter()
            .zip(self.covers.iter())
            .filter(|(node, cover)| node.is_leaf() && **cover > 0.0)
            .map(|(_, cover)| *cover)
    }

    /// Each feature's thresholds, ascending.
    pub(super) fn thresholds(&self) -> Vec<Vec<f32>> {
        let mut thresholds = vec![Vec::new(); self.width];
        for node in self.nodes.iter().filter(|node| !node.is_leaf()) {
            thresholds[node.feature()].push(node.value);
        }
        for values in &mut thresholds {
            values.sort_by(f32::total_cmp);
            values.dedup_by_key(|value| value.to_bits());
        }
        thresholds
    }

    fn put_tree(&self, out: &mut Vec<u8>, index: usize, thresholds: &[Vec<f32>], whole: bool) {
        let (tree, first) = (self.tree(index), self.bounds[index] as usize);
        let mut open = vec![ROOT];
        while let Some(at) = open.pop() {
            let node = tree[at];
            if node.is_leaf() {
                let cover = self.covers[first + at];
                out.push(0);
                out.extend(node.value.to_le_bytes());
                if whole { put_number(out, cover as usize) } else { out.extend(cover.to_le_bytes()) }
            } else {
                let sorted = &thresholds[node.feature()];
                put_number(out, 1 + 2 * node.feature() + usize::from(node.missing_left()));
                put_number(out, sorted.partition_point(|value| value.total_cmp(&node.value).is_lt()));
                open.extend([node.left() + 1, node.left()]);
            }
        }
    }

    /// Reads a stored ensemble for rows of `width` values. Every walk through what it returns ends, and stays inside.
    ///
    /// # Errors
    /// [`EnsembleError`] with what is wrong. Memory is taken only as bytes ask for it: never more than a few times their number.
    pub fn from_bytes(bytes: &[u8], width: usize) -> Result<Self, EnsembleError> {
        let mut input = Input(bytes);
        if input.byte()? != FORM {
            return Err(EnsembleError::Corrupt("its form is unknown"));
        }
        let kind = input.byte()?;
        let whole = input.byte()? == 1;
        let base = f64::from_le_bytes(input.array()?);
        let combination = match kind {
            0 => Combination::Sum { base },
            1 => Combination::Mean,
            _ => return Err(EnsembleError::Corrupt("its combination is unknown")),
        };
        if input.number()? != width {
            return Err(EnsembleError::Corrupt("it is for rows of another width"));
        }
        let trees = input.number()?;
        let mut builder = EnsembleBuilder::new(width, combination)?;
        let thresholds = (0..width).map(|_| input.values()).collect::<Result<Vec<_>, _>>()?;
        let ascending = |values: &[f32]| values.windows(2).all(|pair| pair[0].total_cmp(&pair[1]).is_lt());
        if !thresholds.iter().all(|values| ascending(values) && values.iter().all(|value| value.is_finite()))
        {
            return Err(EnsembleError::Corrupt("its thresholds are not finite and ascending"));
        }
        for _ in 0..trees {
            builder.append(input.tree(width, &thresholds, whole)?)?;
        }
        if !input.0.is_empty() {
            return Err(EnsembleError::Corrupt("it goes on behind its last tree"));
        }
        if Ranks::can_name(&thresholds) { builder.finish_ranked(&thresholds) } else { builder.finish() }
    }
}

fn put_number(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// What is left to read.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], EnsembleError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(EnsembleError::Corrupt("it ends early"))?;
        self.0 = rest;
        Ok(*head)
    }

    fn byte(&mut self) -> Result<u8, EnsembleError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn value(&mut self) -> Result<f32, EnsembleError> {
        self.array().map(f32::from_le_bytes)
    }

    fn number(&mut self) -> Result<usize, EnsembleError> {
        let mut number = 0;
        for shift in (0..32).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number as usize);
            }
        }
        Err(EnsembleError::Corrupt("a number does not end"))
    }

    fn values(&mut self) -> Result<Vec<f32>, EnsembleError> {
        let count = self.number()?;
        let (head, rest) = self
            .0
            .split_at_checked(count.saturating_mul(4))
            .ok_or(EnsembleError::Corrupt("it ends early"))?;
        self.0 = rest;
        Ok(head.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }

    fn tree(&mut self, width: usize, thresholds: &[Vec<f32>], whole: bool) -> Result<Layout, EnsembleError> {
        let mut layout = Layout::default();
        while !layout.is_complete() {
            let (node, index) = self.node(thresholds, whole)?;
            layout.place(&node, index as u8, width).map_err(EnsembleError::Corrupt)?;
        }
        Ok(layout)
    }

    /// A node, and the index of its threshold.
    fn node(&mut self, thresholds: &[Vec<f32>], whole: bool) -> Result<(TreeNode, usize), EnsembleError> {
        let Some(split) = self.number()?.checked_sub(1) else {
            let value = self.value()?;
            let cover = if whole { self.number()? as f32 } else { self.value()? };
            return Ok((TreeNode::Leaf { value, cover }, 0));
        };
        let (feature, missing_left) = (split / 2, split % 2 == 1);
        let index = self.number()?;
        let threshold = thresholds.get(feature).and_then(|sorted| sorted.get(index)).copied();
        let threshold =
            threshold.ok_or(EnsembleError::Corrupt("a split names a threshold that is not there"))?;
        let feature = feature as u32;
        Ok((TreeNode::Split { feature, threshold, missing_left, left: 0, right: 0 }, index))
    }
}
