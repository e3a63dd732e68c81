//! Growing one classification tree by the Gini impurity.

use botdet_models::trees::{MAX_LEAVES, TreeNode};

use super::bins::{Binned, MISSING};
use super::histogram::{Histogram, Mass};
use super::random::Stream;

/// Where growth ends, and how splits are sought.
#[derive(Clone, Copy, Debug)]
pub(super) struct GrowSettings {
    /// Splits between root and leaf, at the most.
    pub depth: usize,
    /// Rows that a node needs to be split.
    pub min_split: usize,
    /// Columns that are tried for a split; ones that do not vary in the node are not counted.
    pub features: usize,
    /// Whether one random cut is tried per column (extremely randomised trees: Geurts, Ernst & Wehenkel, 2006), not all.
    pub random_cuts: bool,
}

/// A way to part a node's rows.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Split {
    feature: usize,
    /// The last bin that goes left.
    bin: u8,
    missing_left: bool,
    /// Σ over children of positive² / total; a constant apart, the impurity that is taken away.
    score: f64,
}

/// Grows trees, one at a time.
pub(super) struct Grower<'a> {
    binned: &'a Binned,
    settings: GrowSettings,
    rows: Vec<u32>,
    masses: Vec<Mass>,
    spare: Vec<(u32, Mass)>,
    features: Vec<usize>,
    histogram: Histogram,
}

/// A node whose fate is open: the rows from `start` to `end`.
struct Open {
    node: usize,
    start: usize,
    end: usize,
    depth: usize,
    mass: Mass,
}

impl<'a> Grower<'a> {
    pub fn new(binned: &'a Binned, settings: GrowSettings) -> Self {
        let (rows, masses, spare, features) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { binned, settings, rows, masses, spare, features, histogram: Histogram::new() }
    }

    /// Grows a tree from rows with their masses. Leaves hold the positive share, covers count in `unit`s; what splits gain is
    /// added to their columns' `gains`.
    pub fn grow(
        &mut self,
        rows: impl Iterator<Item = (u32, Mass)>,
        unit: f64,
        stream: &mut Stream,
        gains: &mut [f64],
    ) -> Vec<TreeNode> {
        (self.rows, self.masses) = rows.unzip();
        self.spare.resize(self.rows.len(), (0, Mass::default()));
        self.features = (0..self.binned.width()).collect();
        let mut nodes = vec![TreeNode::Leaf { value: 0.0, cover: 0.0 }];
        let mass = self.masses.iter().copied().sum();
        let mut open = vec![Open { node: 0, start: 0, end: self.rows.len(), depth: 0, mass }];
        while let Some(at) = open.pop() {
            let full = nodes.len() / 2 + 1 >= MAX_LEAVES;
            let Some(split) = (!full).then(|| self.best_split(&at, stream)).flatten() else {
                let value = (at.mass.positive() / at.mass.total()) as f32;
                nodes[at.node] = TreeNode::Leaf { value, cover: (at.mass.total() * unit) as f32 };
                continue;
            };
            gains[split.feature] += (split.score - score_of(at.mass)) * unit;
            let (middle, mass) = self.part(&at, split);
            let left = nodes.len();
            nodes[at.node] = TreeNode::Split {
                feature: split.feature as u32,
                threshold: self.binned.threshold(split.feature, split.bin),
                missing_left: split.missing_left,
                left: left as u32,
                right: left as u32 + 1,
            };
            nodes.resize(left + 2, TreeNode::Leaf { value: 0.0, cover: 0.0 });
            let depth = at.depth + 1;
            open.push(Open { node: left + 1, start: middle, end: at.end, depth, mass: at.mass - mass });
            open.push(Open { node: left, start: at.start, end: middle, depth, mass });
        }
        nodes
    }

    fn best_split(&mut self, at: &Open, stream: &mut Stream) -> Option<Split> {
        let settings = self.settings;
        if at.depth >= settings.depth || at.end - at.start < settings.min_split || !at.mass.is_mixed() {
            return None;
        }
        let mut best: Option<Split> = None;
        // Less is a matter of rounding.
        let mut to_beat = score_of(at.mass) * (1.0 + 1e-12);
        let mut tried = 0;
        for drawn in 0..self.features.len() {
            if tried == settings.features {
                break;
            }
            let other = drawn + stream.below(self.features.len() - drawn);
            self.features.swap(drawn, other);
            let feature = self.features[drawn];
            let (rows, masses) = (&self.rows[at.start..at.end], &self.masses[at.start..at.end]);
            self.histogram.fill(self.binned.column(feature), rows, masses);
            let mut sweep =
                Sweep { feature, total: at.mass, missing: self.histogram.missing(), to_beat, best: None };
            if !sweep.varies(self.histogram.occupied()) {
                continue;
            }
            tried += 1;
            if settings.random_cuts {
                sweep.try_random_cut(self.histogram.occupied(), stream);
            } else {
                sweep.try_all_cuts(self.histogram.occupied());
            }
            if let Some(split) = sweep.best {
                (to_beat, best) = (split.score, Some(split));
            }
        }
        best
    }

    /// Puts the rows that go left before those that go right, both in their order; the first row on the right, and the mass
    /// on the left.
    fn part(&mut self, at: &Open, split: Split) -> (usize, Mass) {
        let column = self.binned.column(split.feature);
        let (rows, masses) = (&mut self.rows[at.start..at.end], &mut self.masses[at.start..at.end]);
        let (mut kept, mut moved, mut mass) = (0, 0, Mass::default());
        for index in 0..rows.len() {
            let (row, of_row) = (rows[index], masses[index]);
            let bin = column[row as usize];
            let goes_left = split.takes_left(bin);
            (rows[kept], masses[kept]) = (row, of_row);
            self.spare[moved] = (row, of_row);
            kept += usize::from(goes_left);
            moved += usize::from(!goes_left);
            if goes_left {
                mass = mass + of_row;
            }
        }
        for (index, (row, of_row)) in self.spare[..moved].iter().enumerate() {
            (rows[kept + index], masses[kept + index]) = (*row, *of_row);
        }
        (at.start + kept, mass)
    }
}

impl Split {
    fn takes_left(self, bin: u8) -> bool {
        if bin == MISSING { self.missing_left } else { bin <= self.bin }
    }
}

/// positive² / total: the part of a node's impurity that a split changes. Σ p (1 - p) over both classes is twice what is left
/// when it is taken from the positive mass.
fn score_of(mass: Mass) -> f64 {
    mass.positive() * mass.positive() / mass.total()
}

/// One pass over a column's occupied bins.
struct Sweep {
    feature: usize,
    total: Mass,
    missing: Mass,
    to_beat: f64,
    best: Option<Split>,
}

impl Sweep {
    /// Whether a split could part the rows at all.
    fn varies(&self, occupied: &[(u8, Mass)]) -> bool {
        occupied.len() + usize::from(!self.missing.is_empty()) > 1
    }

    fn try_all_cuts(&mut self, occupied: &[(u8, Mass)]) {
        let mut left = Mass::default();
        for pair in occupied.windows(2) {
            left = left + pair[0].1;
            self.try_cut(left, middle(pair[0].0, pair[1].0));
        }
        self.try_missing_alone(occupied);
    }

    fn try_random_cut(&mut self, occupied: &[(u8, Mass)], stream: &mut Stream) {
        let (Some((low, _)), Some((high, _))) = (occupied.first(), occupied.last()) else { return };
        if low == high {
            return self.try_missing_alone(occupied);
        }
        let bin = low + stream.below(usize::from(high - low)) as u8;
        let left = occupied.iter().take_while(|(other, _)| *other <= bin).map(|(_, mass)| *mass).sum();
        self.try_cut(left, bin);
    }

    /// All that is present left, all that is missing right.
    fn try_missing_alone(&mut self, occupied: &[(u8, Mass)]) {
        if !occupied.is_empty() && !self.missing.is_empty() {
            self.consider(self.total - self.missing, MISSING - 1, false);
        }
    }

    /// Both sides for the missing values, where there are any; else they will go where most rows go.
    fn try_cut(&mut self, left: Mass, bin: u8) {
        if self.missing.is_empty() {
            self.consider(left, bin, 2.0 * left.total() >= self.total.total());
        } else {
            self.consider(left, bin, false);
            self.consider(left + self.missing, bin, true);
        }
    }

    fn consider(&mut self, left: Mass, bin: u8, missing_left: bool) {
        let right = self.total - left;
        let (l, r, l1, r1) = (left.total(), right.total(), left.positive(), right.positive());
        let score = (l1 * l1 * r + r1 * r1 * l) / (l * r);
        if score > self.to_beat {
            self.to_beat = score;
            self.best = Some(Split { feature: self.feature, bin, missing_left, score });
        }
    }
}

/// The bin to cut behind when those between two occupied ones are empty: as near to the middle as can be.
fn middle(low: u8, high: u8) -> u8 {
    low + (high - 1 - low) / 2
}
