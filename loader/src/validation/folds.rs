//! Ways to divide rows. Where chance divides, it is drawn from a row's key and a seed: the same row falls on the same
//! side whatever else is there in which order.

use std::collections::BTreeMap;

use botdet_models::hash::mix64;

use super::ValidationError;
use super::error::within;

/// Rows to learn from, and rows to judge by. No row is in both; a row may be in neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Indices of the rows to learn from, rising.
    pub training: Vec<usize>,
    /// Indices of the rows to judge by, rising.
    pub testing: Vec<usize>,
}

/// Divides rows by shares within each stratum; what the shares leave is the last part. Parts hold rising indices.
#[must_use]
pub fn by_shares<Stratum: Ord>(
    strata: &[Stratum],
    keys: &[u64],
    shares: &[f64],
    seed: u64,
) -> Vec<Vec<usize>> {
    debug_assert_eq!(strata.len(), keys.len());
    let mut parts = vec![Vec::new(); shares.len() + 1];
    for rows in shuffled_strata(strata, keys, seed) {
        let mut from = 0;
        let mut share = 0.0;
        for (part, own) in parts.iter_mut().zip(shares) {
            share += own;
            let to = ((rows.len() as f64 * share).round() as usize).clamp(from, rows.len());
            part.extend(&rows[from..to]);
            from = to;
        }
        parts[shares.len()].extend(&rows[from..]);
    }
    parts.iter_mut().for_each(|part| part.sort_unstable());
    parts
}

/// Folds that each judge another part of the rows, with equal shares of both classes.
///
/// # Errors
/// [`ValidationError`] when there are fewer than two folds, keys do not match labels, or a class has fewer rows than
/// folds.
pub fn stratified(
    labels: &[bool],
    keys: &[u64],
    folds: usize,
    seed: u64,
) -> Result<Vec<Fold>, ValidationError> {
    check(labels, "keys", keys.len(), folds)?;
    enough_of_both(labels, folds)?;
    let mut parts = vec![0; labels.len()];
    // Going on where the other class ended keeps the folds equally large.
    let rows = shuffled_strata(labels, keys, seed).into_iter().flatten();
    rows.enumerate().for_each(|(rank, row)| parts[row] = rank % folds);
    Ok(by_part(&parts, folds))
}

/// Folds such that no group is both learned from and judged: accounts of one owner, rows of one account. Groups are
/// placed from the largest on where rows and bots are fewest, so that folds are about equal.
///
/// # Errors
/// [`ValidationError`] when there are fewer than two folds, groups do not match labels, or are fewer than folds, or
/// the bots or the humans among them are.
pub fn grouped(
    labels: &[bool],
    groups: &[u64],
    folds: usize,
    seed: u64,
) -> Result<Vec<Fold>, ValidationError> {
    check(labels, "groups", groups.len(), folds)?;
    enough_of_both(labels, folds)?;
    let mut members: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
    for (label, group) in labels.iter().zip(groups) {
        let (rows, bots) = members.entry(*group).or_default();
        *rows += 1;
        *bots += usize::from(*label);
    }
    if members.len() < folds {
        return Err(ValidationError::Few { what: "groups", there: members.len(), folds });
    }
    let all_bots = labels.iter().filter(|label| **label).count() as f64;
    // Both classes count alike, however rare one is.
    let size = |(rows, bots): (usize, usize)| {
        bots as f64 / all_bots + (rows - bots) as f64 / (labels.len() as f64 - all_bots)
    };
    let mut order: Vec<(u64, f64)> = members.iter().map(|(group, counts)| (*group, size(*counts))).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(mix64(a.0 ^ seed).cmp(&mix64(b.0 ^ seed))));
    let mut loads = vec![(0.0, 0.0); folds];
    let mut place = BTreeMap::new();
    for (group, _) in order {
        let (rows, bots) = members[&group];
        let (bots, humans) =
            (bots as f64 / all_bots, (rows - bots) as f64 / (labels.len() as f64 - all_bots));
        // Squares, so that neither class piles up in one fold.
        let added = |(b, h): (f64, f64)| (b + bots).powi(2) - b * b + (h + humans).powi(2) - h * h;
        let best = (0..folds).min_by(|a, b| added(loads[*a]).total_cmp(&added(loads[*b]))).unwrap_or(0);
        loads[best] = (loads[best].0 + bots, loads[best].1 + humans);
        place.insert(group, best);
    }
    let parts: Vec<usize> = groups.iter().map(|group| place[group]).collect();
    Ok(by_part(&parts, folds))
}

/// One fold: rows before a time to learn from, those from then on to judge by.
#[must_use]
pub fn before_and_after(times: &[i64], cut: i64) -> Fold {
    let (training, testing) = (0..times.len()).partition(|row| times[*row] < cut);
    Fold { training, testing }
}

/// Windows of about equally many rows in order of time; each is judged by what was learned from all rows before it,
/// and never by rows of the same moment. The first window is only learned from.
///
/// # Errors
/// [`ValidationError`] when there is no fold, or there are no more distinct times than folds.
pub fn expanding_windows(times: &[i64], folds: usize) -> Result<Vec<Fold>, ValidationError> {
    within("folds", folds as f64, 1.0, 1e6)?;
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    // Windows begin where a moment begins.
    let cut = |window: usize| sorted.get(sorted.len() * window / (folds + 1)).copied();
    let mut cuts: Vec<i64> = (1..=folds).filter_map(cut).filter(|cut| *cut > sorted[0]).collect();
    cuts.dedup();
    if cuts.len() < folds {
        return Err(ValidationError::Few { what: "windows of distinct times", there: cuts.len(), folds });
    }
    let window = |(index, cut): (usize, &i64)| {
        let mut fold = before_and_after(times, *cut);
        if let Some(end) = cuts.get(index + 1) {
            fold.testing.retain(|row| times[*row] < *end);
        }
        fold
    };
    Ok(cuts.iter().enumerate().map(window).collect())
}

/// The rows of each stratum, in an order drawn from their keys.
fn shuffled_strata<Stratum: Ord>(strata: &[Stratum], keys: &[u64], seed: u64) -> Vec<Vec<usize>> {
    let mut rows: BTreeMap<&Stratum, Vec<usize>> = BTreeMap::new();
    strata.iter().enumerate().for_each(|(row, stratum)| rows.entry(stratum).or_default().push(row));
    let mut shuffled: Vec<Vec<usize>> = rows.into_values().collect();
    shuffled.iter_mut().for_each(|rows| rows.sort_by_key(|row| (mix64(keys[*row] ^ seed), *row)));
    shuffled
}

fn by_part(parts: &[usize], folds: usize) -> Vec<Fold> {
    let fold = |index| {
        let (testing, training) = (0..parts.len()).partition(|row| parts[*row] == index);
        Fold { training, testing }
    };
    (0..folds).map(fold).collect()
}

fn check(labels: &[bool], what: &'static str, others: usize, folds: usize) -> Result<(), ValidationError> {
    within("folds", folds as f64, 2.0, 1e6)?;
    if labels.len() != others {
        return Err(ValidationError::Shape { labels: labels.len(), what, others });
    }
    Ok(())
}

fn enough_of_both(labels: &[bool], folds: usize) -> Result<(), ValidationError> {
    for (what, class) in [("bots", true), ("humans", false)] {
        let there = labels.iter().filter(|label| **label == class).count();
        if there < folds {
            return Err(ValidationError::Few { what, there, folds });
        }
    }
    Ok(())
}
