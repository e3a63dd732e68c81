//! Values by their rank: how many of their feature's thresholds they exceed. A byte each, a block of rows stays in a processor
//! core's cache where its values would not.

use super::Ensemble;
use super::node::Node;
use super::step::LANES;
use super::storage::Storage;

/// Thresholds of a feature, at the most: a rank is a byte.
const MOST: usize = u8::MAX as usize;
/// Thresholds that a value is compared with at a time.
const RUN: usize = 16;
/// Steps of walks that save as much as ranking a value costs.
const STEPS: usize = 16;

/// A group of rows as walks compare it: the entries that leaves ask for, then two for each value, one with missing values
/// above all ranks, one with them below.
pub(super) type Entries = [[u8; LANES]];

/// Thresholds by rank.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ranks {
    cuts: Vec<Cuts>,
    /// The rank of each node's threshold; 0 in a leaf.
    of_node: Storage<u8>,
}

impl Ranks {
    /// The thresholds of an ensemble by rank; `None` where that is not possible or does not pay.
    pub fn of(ensemble: &Ensemble) -> Option<Self> {
        if !Self::pay(ensemble) {
            return None;
        }
        let cuts = ensemble.thresholds();
        let rank = |node: &Node| {
            if node.is_leaf() {
                return 0;
            }
            cuts[node.feature()].partition_point(|cut| cut.total_cmp(&node.value).is_lt()) as u8
        };
        let of_node: Vec<u8> = ensemble.nodes.iter().map(rank).collect();
        Self::can_name(&cuts).then(|| Self::new(&cuts, of_node.into()))
    }

    /// From what [`Self::can_name`] and [`Self::pay`] have agreed to.
    pub fn new(cuts: &[Vec<f32>], of_node: Storage<u8>) -> Self {
        Self { cuts: cuts.iter().map(|cuts| Cuts::new(cuts)).collect(), of_node }
    }

    /// Whether walks are long enough to make up for ranking a row first.
    pub fn pay(ensemble: &Ensemble) -> bool {
        ensemble.trees() * ensemble.depth >= STEPS * ensemble.width
    }

    /// Whether a byte can tell each feature's thresholds apart.
    pub fn can_name(cuts: &[Vec<f32>]) -> bool {
        cuts.iter().all(|cuts| cuts.len() <= MOST)
    }

    /// The ranks of all nodes.
    pub fn of_nodes(&self) -> &[u8] {
        &self.of_node
    }

    /// Bytes that belong to the ranks alone.
    pub fn owned_bytes(&self) -> usize {
        size_of_val(self.cuts.as_slice()) + self.of_node.owned_bytes()
    }

    /// Entries of a group of rows: two a value, and two for leaves.
    pub fn entries(width: usize) -> usize {
        2 * (width + 1)
    }

    /// Room for rows to be ranked in.
    pub fn room(&self, rows: usize) -> Vec<[u8; LANES]> {
        let entries = Self::entries(self.cuts.len());
        let mut groups = vec![[0; LANES]; entries * rows.div_ceil(LANES)];
        groups.iter_mut().step_by(entries).for_each(|first| *first = [u8::MAX; LANES]);
        groups
    }

    /// Ranks row-major rows, as many groups as it takes; what the last one lacks is left as it is or missing.
    pub fn rank(&self, rows: &[f32], groups: &mut Entries) {
        let width = self.cuts.len();
        let groups = groups.chunks_exact_mut(Self::entries(width));
        for (rows, group) in rows.chunks(LANES * width).zip(groups) {
            for (feature, (cuts, entries)) in self.cuts.iter().zip(group[2..].chunks_exact_mut(2)).enumerate()
            {
                let mut values = [f32::NAN; LANES];
                values.iter_mut().zip(rows.chunks_exact(width)).for_each(|(v, row)| *v = row[feature]);
                let ranks = values.map(|value| cuts.rank(value));
                let missing = |lane: usize| if values[lane].is_nan() { u8::MAX } else { ranks[lane] };
                [entries[0], entries[1]] = [std::array::from_fn(missing), ranks];
            }
        }
    }
}

/// A feature's thresholds, ascending, and behind them nothing that a value exceeds. A value is compared with each sixteenth,
/// then with the sixteen between two of those: more comparisons than in a binary search, but none waits for another.
#[derive(Clone, Debug, PartialEq)]
struct Cuts {
    runs: [[f32; RUN]; RUN],
    /// The last one of each run.
    last: [f32; RUN],
}

impl Cuts {
    fn new(cuts: &[f32]) -> Self {
        let mut runs = [[f32::INFINITY; RUN]; RUN];
        runs.as_flattened_mut()[..cuts.len()].copy_from_slice(cuts);
        Self { runs, last: runs.map(|run| run[RUN - 1]) }
    }

    /// How many are below a value; 0 of a missing one.
    fn rank(&self, value: f32) -> u8 {
        let run = below(&self.last, value);
        // The last run ends with what no value exceeds.
        (RUN * run + below(&self.runs[run % RUN], value)) as u8
    }
}

fn below(cuts: &[f32; RUN], value: f32) -> usize {
    cuts.iter().map(|cut| u32::from(*cut < value)).sum::<u32>() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_count_the_cuts_below() {
        for count in [0, 1, 2, 15, 16, 17, 100, 128, 254, 255] {
            let sorted: Vec<f32> = (0..count).map(|index| index as f32).collect();
            let cuts = Cuts::new(&sorted);
            for value in
                [-1.0, -0.0, 0.0, 0.5, 14.5, 15.0, 15.5, 127.0, 253.5, 254.0, 254.5, f32::MAX, f32::NAN]
            {
                let below = sorted.iter().filter(|cut| **cut < value).count();
                assert_eq!(usize::from(cuts.rank(value)), below, "{value} among {count}");
            }
        }
    }
}
