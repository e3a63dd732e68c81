//! How much a verdict hangs on a column.

use botdet_models::metrics::roc_auc;
use botdet_models::rows::Rows;

use super::queue::make_all;
use super::random::Stream;
use crate::zoo::{Classifier, Session, ZooError};

/// What shuffling a column takes from the area under the ROC curve, one value a column, the mean of `repeats` shuffles (Breiman,
/// "Random forests", 2001). Below 0 by chance where a column does not matter; 0 throughout with one class only.
///
/// # Errors
/// [`ZooError::Cancelled`] when the session is; that takes no longer than a column.
pub fn permutation_importance(
    classifier: &dyn Classifier,
    rows: &Rows,
    labels: &[bool],
    repeats: usize,
    session: &mut Session<'_>,
) -> Result<Vec<f64>, ZooError> {
    let Some(whole) = roc_auc(&classifier.probabilities(rows), labels) else {
        return Ok(vec![0.0; rows.width()]);
    };
    let (seed, repeats) = (session.seed, repeats.max(1));
    let drop = |column: usize, (): &mut ()| {
        let mut stream = Stream::new(seed, column as u64);
        let areas = (0..repeats).filter_map(|_| {
            let shuffled = shuffled(rows, column, &mut stream);
            roc_auc(&classifier.probabilities(&shuffled), labels)
        });
        areas.map(|area| whole - area).sum::<f64>() / repeats as f64
    };
    make_all(rows.width(), session, || (), drop).ok_or(ZooError::Cancelled("permutation_importance"))
}

/// The rows with the values of one column dealt out anew.
fn shuffled(rows: &Rows, column: usize, stream: &mut Stream) -> Rows {
    let mut values = rows.values().to_vec();
    let place = |row: usize| row * rows.width() + column;
    for row in (1..rows.len()).rev() {
        values.swap(place(row), place(stream.below(row + 1)));
    }
    Rows::new(values, rows.width()).unwrap_or_else(|_| rows.clone())
}
