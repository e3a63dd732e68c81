//! Synthetic bots between real ones.

use botdet_models::rows::Rows;
use rand::seq::index::sample as draw_without_repeats;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::ValidationError;
use super::error::within;
use crate::parallel::for_each_slot;
use crate::zoo::Sample;

/// Columns that a distance takes at once.
const LANES: usize = 8;

/// Settings of [`SmoteConfig`], not yet checked.
#[derive(Clone, Copy, Debug)]
pub struct SmoteParams {
    /// Nearest bots that a synthetic one may lie towards.
    pub neighbours: usize,
    /// Bots to a human afterwards; where there are as many already, nothing is added.
    pub ratio: f64,
    /// Bots among which neighbours are searched; of more, a random sample is.
    pub most_searched: usize,
}

impl Default for SmoteParams {
    fn default() -> Self {
        Self { neighbours: 5, ratio: 1.0, most_searched: 4_000 }
    }
}

/// Synthetic minority oversampling (Chawla, Bowyer, Hall & Kegelmeyer, Journal of Artificial Intelligence Research
/// 2002): each synthetic bot lies at a random place between a bot and one of its nearest neighbours among bots.
///
/// Distances are Euclidean over columns in units of their standard deviation, over the columns that both rows know,
/// scaled up to all. A synthetic bot misses what its bot misses; where only the neighbour misses a value, it takes
/// that of its bot. Columns of whole numbers get fractions. It weighs as much as its bot.
#[derive(Clone, Copy, Debug)]
pub struct SmoteConfig(SmoteParams);

/// Rows with synthetic ones behind them.
#[derive(Clone, Debug)]
pub struct Enlarged {
    /// The rows, then the synthetic ones.
    pub rows: Rows,
    /// Their classes.
    pub labels: Vec<bool>,
    /// Their weights.
    pub weights: Vec<f64>,
}

impl SmoteParams {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ValidationError::Setting`] when one is out of bounds.
    pub fn check(self) -> Result<SmoteConfig, ValidationError> {
        within("smote neighbours", self.neighbours as f64, 1.0, 100.0)?;
        within("smote ratio", self.ratio, 0.0, 10.0)?;
        within("smote most searched", self.most_searched as f64, 2.0, 1e6)?;
        Ok(SmoteConfig(self))
    }
}

impl SmoteConfig {
    /// Adds synthetic bots, the same for the same seed. A single bot is repeated.
    #[must_use]
    pub fn enlarge(&self, sample: Sample<'_>, seed: u64, threads: usize) -> Enlarged {
        let (labels, weights) = (sample.labels().to_vec(), sample.weights().to_vec());
        let bots: Vec<usize> = (0..labels.len()).filter(|row| labels[*row]).collect();
        let wanted = (self.0.ratio * (labels.len() - bots.len()) as f64).round() as usize;
        let missing = wanted.saturating_sub(bots.len());
        let mut enlarged = Enlarged { rows: sample.rows().clone(), labels, weights };
        if missing == 0 {
            return enlarged;
        }
        let mut random = ChaCha12Rng::seed_from_u64(seed);
        let searched: Vec<usize> = match bots.len() {
            count if count <= self.0.most_searched => bots.clone(),
            count => {
                let drawn = draw_without_repeats(&mut random, count, self.0.most_searched);
                drawn.into_iter().map(|index| bots[index]).collect()
            }
        };
        let neighbours = self.neighbours(sample.rows(), &bots, &searched, threads);
        let mut values = sample.rows().values().to_vec();
        for index in 0..missing {
            // Every bot in turn, so that none is left out by chance.
            let base = index % bots.len();
            let row = sample.rows().row(bots[base]);
            let towards = match neighbours[base].len() {
                0 => row,
                count => sample.rows().row(neighbours[base][random.random_range(0..count)]),
            };
            let way: f32 = random.random();
            values.extend(row.iter().zip(towards).map(|(from, to)| between(*from, *to, way)));
            enlarged.labels.push(true);
            enlarged.weights.push(sample.weights()[bots[base]]);
        }
        // What lies between finite values is finite.
        if let Ok(rows) = Rows::new(values, sample.rows().width()) {
            enlarged.rows = rows;
        }
        enlarged
    }

    /// For each bot the nearest of those searched, other than itself.
    fn neighbours(&self, rows: &Rows, bots: &[usize], searched: &[usize], threads: usize) -> Vec<Vec<usize>> {
        let scales = scales(rows);
        let padding = rows.width().next_multiple_of(LANES) - rows.width();
        let scaled = |row: &usize| {
            let values = rows.row(*row).iter().zip(&scales).map(|(value, scale)| value * scale);
            values.chain(std::iter::repeat_n(f32::NAN, padding))
        };
        let pool: Vec<f32> = searched.iter().flat_map(scaled).collect();
        let width = rows.width() + padding;
        let mut found = vec![Vec::new(); bots.len()];
        for_each_slot(&mut vec![(); threads.max(1)], &mut found, |index, (), nearest: &mut Vec<usize>| {
            let own: Vec<f32> = scaled(&bots[index]).collect();
            let others = pool.chunks_exact(width).zip(searched).filter(|(_, row)| **row != bots[index]);
            let mut distances: Vec<(f32, usize)> =
                others.map(|(other, row)| (distance(&own, other), *row)).collect();
            let count = self.0.neighbours.min(distances.len());
            if count > 0 && count < distances.len() {
                distances.select_nth_unstable_by(count - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            }
            nearest.extend(distances[..count].iter().map(|(_, row)| *row));
            // The order within is the selection's own.
            nearest.sort_unstable();
        });
        found
    }
}

fn between(from: f32, to: f32, way: f32) -> f32 {
    if to.is_nan() { from } else { from * (1.0 - way) + to * way }
}

/// One over each column's standard deviation; 0 where it is constant.
fn scales(rows: &Rows) -> Vec<f32> {
    // Row by row, as they lie in memory: `(values known, mean, sum of squares)` of each column.
    let mut columns = vec![(0.0, 0.0, 0.0); rows.width()];
    for row in rows {
        for ((known, mean, squares), value) in
            columns.iter_mut().zip(row).filter(|(_, value)| !value.is_nan())
        {
            let distance = f64::from(*value) - *mean;
            *known += 1.0;
            *mean += distance / *known;
            *squares += distance * (f64::from(*value) - *mean);
        }
    }
    let scale = |(known, mean, squares): (f64, f64, f64)| {
        let deviation = (squares / known).sqrt();
        if deviation > 1e-12 * mean.abs() { (1.0 / deviation) as f32 } else { 0.0 }
    };
    columns.into_iter().map(scale).collect()
}

/// Squared distance over the columns that both know, a mean over them; infinite where there is none. Rows are padded
/// with NaN to whole [`LANES`], which add up side by side.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    let (mut sums, mut known) = ([0.0f32; LANES], [0.0f32; LANES]);
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            let difference = a[lane] - b[lane];
            let is_known = !difference.is_nan();
            sums[lane] += if is_known { difference * difference } else { 0.0 };
            known[lane] += if is_known { 1.0 } else { 0.0 };
        }
    }
    let known: f32 = known.iter().sum();
    if known > 0.0 { sums.iter().sum::<f32>() / known } else { f32::INFINITY }
}
