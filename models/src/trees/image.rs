//! An ensemble as it lies in memory, so that processes can share one copy: they map a file, check it, and walk it in place.
//!
//! ```text
//! words (u64): width · combination (0 sum, 1 mean) · base (bits of an f64) · depth · trees · nodes · whether ranked
//! then, each padded to eight bytes:
//!   bounds (u32, trees + 1) · nodes (8 bytes) · means (f32, nodes) · covers (f32, nodes)
//!   where ranked: thresholds of each feature, how many (u32, width) · each (f32), ascending · ranks (u8, nodes)
//! ```
//!
//! In the byte order of the machine that made it: it does not travel. What has to hold for walks to end and to stay inside is
//! checked; whether the numbers are those that were written is for a checksum to say, around all of it.

use super::node::{MAX_DEPTH, MAX_WIDTH, Node};
use super::path::NodeMeans;
use super::ranks::Ranks;
use super::storage::{Plain, SharedBytes, Storage};
use super::{Combination, Ensemble, EnsembleError};

/// Where sections of an image begin: at multiples of this, counted from the start of the memory that it lies in.
pub const IMAGE_ALIGNMENT: usize = 8;

impl Ensemble {
    /// The image of the ensemble and the means of its nodes.
    #[must_use]
    pub fn to_image(&self, means: &NodeMeans) -> Vec<u8> {
        let (kind, base) = match self.combination {
            Combination::Sum { base } => (0, base),
            Combination::Mean => (1, 0.0),
        };
        let ranked = u64::from(self.ranks.is_some());
        let sizes = [self.depth, self.trees(), self.nodes.len()].map(|size| size as u64);
        let [depth, trees, nodes] = sizes;
        let mut out = Vec::with_capacity(64 + 20 * self.nodes.len());
        for word in [self.width as u64, kind, base.to_bits(), depth, trees, nodes, ranked] {
            out.extend(word.to_ne_bytes());
        }
        put(&mut out, self.bounds.iter().map(|bound| bound.to_ne_bytes()));
        put(&mut out, self.nodes.iter().map(|node| node.to_bytes()));
        put(&mut out, means.iter().map(|mean| mean.to_ne_bytes()));
        put(&mut out, self.covers.iter().map(|cover| cover.to_ne_bytes()));
        if let Some(ranks) = &self.ranks {
            let cuts = self.thresholds();
            put(&mut out, cuts.iter().map(|cuts| (cuts.len() as u32).to_ne_bytes()));
            put(&mut out, cuts.iter().flatten().map(|cut| cut.to_ne_bytes()));
            put(&mut out, ranks.of_nodes().iter().map(|rank| [*rank]));
        }
        out
    }

    /// The ensemble for rows of `width` values whose image lies in `bytes` from `at` on, up to their end, and the means of its
    /// nodes. Walks read the bytes in place.
    ///
    /// # Errors
    /// [`EnsembleError`] with what is wrong: every walk through what is returned ends, and stays inside.
    pub fn from_image(
        bytes: &SharedBytes,
        at: usize,
        width: usize,
    ) -> Result<(Self, NodeMeans), EnsembleError> {
        let mut image = Image { bytes, at };
        let [wide, kind, base, depth, trees, nodes, ranked] = image.words()?;
        if wide != width || !(1..=MAX_WIDTH).contains(&width) {
            return Err(EnsembleError::Corrupt("its image is for rows of another width"));
        }
        let base = f64::from_bits(base as u64);
        let combination = match kind {
            0 if base.is_finite() => Combination::Sum { base },
            1 => Combination::Mean,
            _ => return Err(EnsembleError::Corrupt("the combination of its image is unknown")),
        };
        if trees == 0 || depth > MAX_DEPTH || nodes > u32::MAX as usize {
            return Err(EnsembleError::Corrupt("its image has impossible sizes"));
        }
        let bounds: Vec<u32> = image.section::<u32>(trees.saturating_add(1))?.to_vec();
        let nodes_of: Storage<Node> = image.section(nodes)?;
        let means: Storage<f32> = image.section(nodes)?;
        let covers: Storage<f32> = image.section(nodes)?;
        let ranks = if ranked == 0 { None } else { Some(image.ranks(width, nodes)?) };
        if !image.is_at_end() {
            return Err(EnsembleError::Corrupt("its image goes on behind its end"));
        }
        let ensemble = Self { width, combination, depth, bounds, nodes: nodes_of, covers, ranks };
        ensemble.check_walks()?;
        Ok((ensemble, NodeMeans::from(means)))
    }

    /// Checks what [`step`](super::step) and all other walks rely on.
    fn check_walks(&self) -> Result<(), EnsembleError> {
        let ends = self.bounds.first() == Some(&0) && self.bounds.last() == Some(&(self.nodes.len() as u32));
        if !(ends && self.bounds.is_sorted()) {
            return Err(EnsembleError::Corrupt("the trees of its image lie outside"));
        }
        let sound = (0..self.trees()).all(|index| {
            let tree = self.tree(index);
            tree.len() >= 2
                && tree.iter().enumerate().all(|(at, node)| node.is_sound(at, tree.len(), self.width))
        });
        let ranked = |ranks: &Ranks| {
            let leaves = self.nodes.iter().zip(ranks.of_nodes()).filter(|(node, _)| node.is_leaf());
            // A leaf that a missing value exceeds stays where it is; one that none exceeds would send walks to its neighbour.
            leaves.map(|(_, rank)| *rank).all(|rank| rank == 0)
        };
        if sound && self.ranks.as_ref().is_none_or(ranked) {
            Ok(())
        } else {
            Err(EnsembleError::Corrupt("a node of its image points outside"))
        }
    }
}

/// Appends a section.
fn put<const N: usize>(out: &mut Vec<u8>, items: impl Iterator<Item = [u8; N]>) {
    items.for_each(|item| out.extend(item));
    out.resize(out.len().next_multiple_of(IMAGE_ALIGNMENT), 0);
}

/// What is left of an image.
struct Image<'a> {
    bytes: &'a SharedBytes,
    at: usize,
}

impl Image<'_> {
    fn all(&self) -> &[u8] {
        AsRef::<[u8]>::as_ref(&**self.bytes)
    }

    fn words<const N: usize>(&mut self) -> Result<[usize; N], EnsembleError> {
        let rest = self.all().get(self.at..).unwrap_or_default();
        let (words, _) = rest.as_chunks::<8>();
        let words = words.first_chunk::<N>().ok_or(ENDS_EARLY)?;
        let words = words.map(|word| u64::from_ne_bytes(word) as usize);
        self.at += 8 * N;
        Ok(words)
    }

    fn section<T: Plain>(&mut self, count: usize) -> Result<Storage<T>, EnsembleError> {
        let end = count.checked_mul(size_of::<T>()).and_then(|length| self.at.checked_add(length));
        let end = end.ok_or(ENDS_EARLY)?;
        let section = Storage::shared(self.bytes, self.at..end).ok_or(ENDS_EARLY)?;
        self.at = end.next_multiple_of(IMAGE_ALIGNMENT);
        Ok(section)
    }

    fn ranks(&mut self, width: usize, nodes: usize) -> Result<Ranks, EnsembleError> {
        let counts: Storage<u32> = self.section(width)?;
        let total = counts.iter().map(|count| *count as usize).sum();
        let values: Storage<f32> = self.section(total)?;
        let mut rest = &*values;
        let mut cuts = Vec::with_capacity(width);
        for count in counts.iter() {
            let (first, behind) = rest.split_at(*count as usize);
            cuts.push(first.to_vec());
            rest = behind;
        }
        if !Ranks::can_name(&cuts) {
            return Err(EnsembleError::Corrupt("its image has more thresholds than a byte can tell apart"));
        }
        Ok(Ranks::new(&cuts, self.section(nodes)?))
    }

    fn is_at_end(&self) -> bool {
        self.at == self.all().len()
    }
}

const ENDS_EARLY: EnsembleError = EnsembleError::Corrupt("its image ends early");

#[cfg(test)]
mod tests {
    use super::super::storage::aligned;
    use super::super::{EnsembleBuilder, TreeNode};
    use super::*;
    use crate::rows::Rows;

    const WIDTH: usize = 3;

    /// Trees that differ, enough of them to be compared by rank.
    fn ensemble(trees: u32) -> Ensemble {
        let mut builder = EnsembleBuilder::new(WIDTH, Combination::Mean).expect("three values to a row");
        for tree in 0..trees {
            let split = |feature, left, right| TreeNode::Split {
                feature,
                threshold: (tree % 7) as f32 + 0.5,
                missing_left: tree % 2 == 0,
                left,
                right,
            };
            let leaf = |value| TreeNode::Leaf { value, cover: 2.0 + tree as f32 };
            let nodes =
                [split(tree % 3, 1, 2), leaf(0.25), split((tree + 1) % 3, 3, 4), leaf(0.5), leaf(0.75)];
            builder.add(&nodes).expect("a tree");
        }
        builder.finish().expect("there are trees")
    }

    fn rows() -> Rows {
        let values =
            (0..WIDTH * 40).map(|index| if index % 11 == 0 { f32::NAN } else { (index * 5 % 9) as f32 });
        Rows::new(values.collect(), WIDTH).expect("whole rows")
    }

    #[test]
    fn what_lies_in_shared_memory_is_what_was_written() {
        for trees in [1, 9, 60] {
            let owned = ensemble(trees);
            assert_eq!(owned.ranks.is_some(), trees == 60);
            let means = owned.node_means();
            let bytes = aligned(&owned.to_image(&means));
            let (shared, shared_means) = Ensemble::from_image(&bytes, 0, WIDTH).expect("the image is sound");
            assert_eq!((&shared, &shared_means), (&owned, &means));
            assert_eq!(shared.margins(&rows()), owned.margins(&rows()));
            assert_eq!(
                shared.path_contributions(&rows(), &shared_means),
                owned.path_contributions(&rows(), &means)
            );
            assert!(shared.owned_bytes() < owned.owned_bytes());
            drop(bytes);
            assert_eq!(shared.to_bytes(), owned.to_bytes(), "the ensemble keeps the memory");
        }
    }

    #[test]
    fn whatever_the_bytes_say_walks_end_and_stay_inside() {
        let owned = ensemble(60);
        let image = owned.to_image(&owned.node_means());
        assert!(Ensemble::from_image(&aligned(&image), 0, WIDTH + 1).is_err());
        for length in (0..image.len()).step_by(IMAGE_ALIGNMENT) {
            assert!(Ensemble::from_image(&aligned(&image[..length]), 0, WIDTH).is_err(), "{length} bytes");
        }
        let mut refused = 0;
        for bit in (0..8 * image.len()).step_by(3) {
            let mut damaged = image.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            match Ensemble::from_image(&aligned(&damaged), 0, WIDTH) {
                Ok((ensemble, means)) => {
                    assert_eq!(ensemble.margins(&rows()).len(), rows().len());
                    let _ = ensemble.path_contributions(&rows(), &means);
                    let _ = ensemble.contributions(rows().row(0));
                }
                Err(_) => refused += 1,
            }
        }
        assert!(refused > image.len() / 24, "{refused} refused");
    }
}
