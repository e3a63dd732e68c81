//! Pool adjacent violators: the best rising curve through a run of means (Ayer et al., 1955).

/// Observations taken together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Block {
    /// Sum of their weights, above 0.
    pub weight: f64,
    /// Weighted sum of their targets.
    pub sum: f64,
    /// Groups of equal score in it.
    pub groups: usize,
}

impl Block {
    /// Mean of the targets.
    pub(super) fn mean(self) -> f64 {
        self.sum / self.weight
    }

    /// Whether this block's mean is not below the other's; without a division, so that whole counts compare exactly.
    fn reaches(self, other: Self) -> bool {
        self.sum * other.weight >= other.sum * self.weight
    }

    fn with(self, other: Self) -> Self {
        Self {
            weight: self.weight + other.weight,
            sum: self.sum + other.sum,
            groups: self.groups + other.groups,
        }
    }
}

/// Adds a block at the right end of a rising run, and pools what no longer rises.
pub(super) fn push(rising: &mut Vec<Block>, mut block: Block) {
    while let Some(last) = rising.pop_if(|last| last.reaches(block)) {
        block = last.with(block);
    }
    rising.push(block);
}

/// Observations by score, those of equal score together, in rising order.
#[derive(Clone, Debug)]
pub(super) struct Groups {
    /// Distinct scores.
    pub scores: Vec<f64>,
    /// One block a score.
    pub blocks: Vec<Block>,
}

impl Groups {
    /// Sorts observations; those of weight 0 are left out.
    pub(super) fn of(scores: &[f64], targets: impl Fn(usize) -> f64, weights: impl Fn(usize) -> f64) -> Self {
        let mut order: Vec<usize> = (0..scores.len()).filter(|row| weights(*row) > 0.0).collect();
        order.sort_unstable_by(|a, b| scores[*a].total_cmp(&scores[*b]).then(a.cmp(b)));
        let tied: Vec<&[usize]> = order.chunk_by(|a, b| scores[*a] == scores[*b]).collect();
        let block = |rows: &&[usize]| Block {
            weight: rows.iter().map(|row| weights(*row)).sum(),
            sum: rows.iter().map(|row| weights(*row) * targets(*row)).sum(),
            groups: 1,
        };
        Self {
            scores: tied.iter().map(|rows| scores[rows[0]]).collect(),
            blocks: tied.iter().map(block).collect(),
        }
    }

    /// Labelled observations that each count once.
    pub(super) fn of_labels(scores: &[f64], labels: &[bool]) -> Self {
        Self::of(scores, |row| f64::from(labels[row]), |_| 1.0)
    }

    /// The best rising curve: blocks whose means rise strictly.
    pub(super) fn rising(&self) -> Vec<Block> {
        let mut rising = Vec::new();
        self.blocks.iter().for_each(|block| push(&mut rising, *block));
        rising
    }
}
