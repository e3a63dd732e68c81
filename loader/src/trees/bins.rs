//! Columns as small whole numbers: which of at most 255 ranges a value lies in.

use botdet_models::rows::Rows;

use crate::parallel::for_each_slot;

/// The bin of missing values.
pub(super) const MISSING: u8 = u8::MAX;
/// Ranges to a column, at the most.
pub(super) const MAX_BINS: usize = 255;
/// Columns that are binned together: those of one cache line, nearly.
const GROUP: usize = 8;
/// Values that cuts are chosen from, at the most.
const SAMPLE: usize = 200_000;

/// Columns of bins, for a choice of rows.
pub(super) struct Binned {
    columns: Vec<Column>,
    rows: usize,
}

struct Column {
    /// Bin `b` holds values above cut `b - 1` and up to cut `b`.
    cuts: Vec<f32>,
    bins: Vec<u8>,
}

impl Binned {
    /// Bins the chosen rows into at most `most` ranges a column, of about equally many values each; half of the cuts between
    /// them are sought among the `rare` rows, if there are any.
    pub fn new(rows: &Rows, chosen: &[u32], rare: &[u32], most: usize, threads: usize) -> Self {
        let groups = rows.width().div_ceil(GROUP);
        let mut slots: Vec<Vec<Column>> = (0..groups).map(|_| Vec::new()).collect();
        for_each_slot(&mut vec![(); threads.max(1)], &mut slots, |group, (), columns| {
            let first = group * GROUP;
            *columns = (first..rows.width().min(first + GROUP))
                .map(|feature| {
                    let of = |chosen| sampled(rows, chosen, feature);
                    Column { cuts: cuts_for(&of(chosen), &of(rare), most), bins: Vec::new() }
                })
                .collect();
            columns.iter_mut().for_each(|column| column.bins.reserve_exact(chosen.len()));
            for row in chosen {
                let values = &rows.row(*row as usize)[first..];
                for (column, value) in columns.iter_mut().zip(values) {
                    column.bins.push(column.bin_of(*value));
                }
            }
        });
        Self { columns: slots.into_iter().flatten().collect(), rows: chosen.len() }
    }

    /// Rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns there are.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// A column's bins, one a row.
    pub fn column(&self, feature: usize) -> &[u8] {
        &self.columns[feature].bins
    }

    /// Ranges of a column, the missing values' not counted.
    pub fn ranges(&self, feature: usize) -> usize {
        self.columns[feature].cuts.len() + 1
    }

    /// The largest value in bins up to `bin`: what a split compares with.
    pub fn threshold(&self, feature: usize, bin: u8) -> f32 {
        // Behind the last range nothing is left but missing values.
        self.columns[feature].cuts.get(usize::from(bin)).copied().unwrap_or(f32::MAX)
    }
}

impl Column {
    fn bin_of(&self, value: f32) -> u8 {
        if value.is_nan() { MISSING } else { self.cuts.partition_point(|cut| *cut < value) as u8 }
    }
}

/// A column's present values among the chosen rows, or evenly spread ones of them, ascending.
fn sampled(rows: &Rows, chosen: &[u32], feature: usize) -> Vec<f32> {
    let count = chosen.len().min(SAMPLE);
    let row = |index: usize| chosen[(index as u128 * chosen.len() as u128 / count as u128) as usize];
    let values = (0..count).map(|index| rows.row(row(index) as usize)[feature]);
    // Zero has two signs and one rank.
    let mut values: Vec<f32> = values.filter(|value| !value.is_nan()).map(|value| value + 0.0).collect();
    values.sort_unstable_by(f32::total_cmp);
    values
}

/// Cuts between ascending values, at most half of them where they part the rare ones evenly.
fn cuts_for(values: &[f32], rare: &[f32], most: usize) -> Vec<f32> {
    if rare.is_empty() || distinct(values) <= most {
        return cuts(values, most);
    }
    let mut chosen = cuts(rare, most / 2 + 1);
    chosen.extend(cuts(values, most - chosen.len()));
    chosen.sort_unstable_by(f32::total_cmp);
    chosen.dedup();
    chosen
}

fn distinct(values: &[f32]) -> usize {
    values.chunk_by(|a, b| a == b).count()
}

/// Cuts between ascending values: between all that differ where they are few enough, else so that the bins hold about
/// equally many. A value that alone fills a bin gets its own.
fn cuts(values: &[f32], most: usize) -> Vec<f32> {
    let runs: Vec<&[f32]> = values.chunk_by(|a, b| a == b).collect();
    if runs.len() <= most {
        return runs.windows(2).map(|pair| between(pair[0][0], pair[1][0])).collect();
    }
    let mut cuts = Vec::with_capacity(most - 1);
    let (mut left, mut held) = (values.len(), 0);
    for pair in runs.windows(2) {
        let bins_left = most - cuts.len();
        if bins_left == 1 {
            break;
        }
        held += pair[0].len();
        let fair = (left as f64 / bins_left as f64).max(1.0);
        if held as f64 >= fair || (pair[1].len() as f64 >= fair && held as f64 * 2.0 >= fair) {
            cuts.push(between(pair[0][0], pair[1][0]));
            left -= held;
            held = 0;
        }
    }
    cuts
}

/// A number from `low` on and below `high`: the middle, where there is one.
fn between(low: f32, high: f32) -> f32 {
    let middle = low / 2.0 + high / 2.0;
    if low <= middle && middle < high { middle } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binned(values: &[f32], most: usize) -> Binned {
        let rows = Rows::new(values.to_vec(), 1).expect("whole rows");
        let chosen: Vec<u32> = (0..values.len() as u32).collect();
        Binned::new(&rows, &chosen, &[], most, 1)
    }

    #[test]
    fn bins_agree_with_thresholds() {
        let values: Vec<f32> = (0..5_000_i16).map(|i| f32::from(i * 37 % 1_009).powi(3) - 1e6).collect();
        let binned = binned(&values, MAX_BINS);
        assert!((200..=MAX_BINS).contains(&binned.ranges(0)), "{}", binned.ranges(0));
        for (value, bin) in values.iter().zip(binned.column(0)) {
            assert!(*value <= binned.threshold(0, *bin));
            assert!(*bin == 0 || *value > binned.threshold(0, bin - 1));
        }
        let mut counts = [0; MAX_BINS];
        binned.column(0).iter().for_each(|bin| counts[usize::from(*bin)] += 1);
        assert!(counts.iter().all(|count| *count < 60), "{counts:?}");
    }

    #[test]
    fn few_values_get_a_bin_each() {
        let binned = binned(&[3.0, f32::NAN, -0.0, 0.0, f32::MAX, f32::MIN, 3.0], MAX_BINS);
        assert_eq!(binned.column(0), [2, MISSING, 1, 1, 3, 0, 2]);
        assert_eq!(binned.threshold(0, 1), 1.5);
        assert_eq!(binned.threshold(0, 3), f32::MAX);
        assert!((0..3).all(|bin| binned.threshold(0, bin).is_finite()));
    }

    #[test]
    fn rare_rows_have_their_say() {
        // The rare rows are the largest hundredth.
        let values: Vec<f32> = (0..100_000).map(|index| index as f32).collect();
        let rows = Rows::new(values, 1).expect("whole rows");
        let (chosen, rare): (Vec<u32>, Vec<u32>) = ((0..100_000).collect(), (99_000..100_000).collect());
        let cuts = |rare: &[u32]| Binned::new(&rows, &chosen, rare, MAX_BINS, 1).columns[0].cuts.clone();
        let among_rare = |cuts: &[f32]| cuts.iter().filter(|cut| **cut > 99_000.0).count();
        let (plain, fine) = (cuts(&[]), cuts(&rare));
        assert!(plain.len() < MAX_BINS && fine.len() < MAX_BINS && fine.is_sorted());
        assert!(among_rare(&plain) <= 3 && (120..=130).contains(&among_rare(&fine)));
    }

    #[test]
    fn a_common_value_has_its_own_bin() {
        let values: Vec<f32> =
            (0..9_000_u16).map(|i| if i % 3 == 0 { f32::from(i) } else { 4_000.5 }).collect();
        let binned = binned(&values, 16);
        let common = binned.column(0)[1];
        let with_it = values.iter().zip(binned.column(0)).filter(|(_, bin)| **bin == common);
        assert!(with_it.filter(|(value, _)| **value != 4_000.5).count() < 400);
        assert!(binned.ranges(0) > 10 && binned.ranges(0) <= 16, "{}", binned.ranges(0));
    }

    #[test]
    fn neighbours_in_single_precision_are_told_apart() {
        let low = 1.0_f32;
        let binned = binned(&[low, low.next_up(), f32::MIN_POSITIVE, -f32::MIN_POSITIVE], 255);
        assert_eq!(binned.column(0), [2, 3, 1, 0]);
    }

    #[test]
    fn nothing_but_missing_values_is_one_empty_range() {
        let binned = binned(&[f32::NAN; 3], 255);
        assert_eq!((binned.ranges(0), binned.column(0)), (1, &[MISSING; 3][..]));
    }
}
