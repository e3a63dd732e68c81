//! A new version of all rows of a table, compared with the champion.

use botdet_models::artifact::ArtifactError;
use botdet_models::pipeline::{Columns, PipelineError};
use botdet_models::schema::{Schema, SchemaError};
use postgres::Client;

use super::candidate::{Candidate, Report, no_champion};
use super::champion::Champion;
use super::compare::{Difference, Outcome, Pair, compare, judge};
use super::parameters::Parameters;
use super::watch::{Listener, Watch};
use crate::commands::train_table::{TableOptions, data_record, read_rows};
use crate::error::LoaderError;
use crate::tables::TableData;
use crate::training::record::DataRecord;
use crate::training::table::{TrainedTable, score_rows, train_table, values};

/// Rows that are read between two looks at whether to go on.
const CHUNK: usize = 1_000;

/// Trains a version on the rows of the table that the champion was trained on, or the detector's own, and compares it with the champion.
///
/// The champion's seed and shares hold out nearly the rows that they held out for it, or later ones, where rows have a time. What it has
/// learned from among them, since the table has grown, speaks for the champion: a candidate is never called better by it.
///
/// # Errors
/// [`LoaderError::NoTable`] when nobody knows what to learn from, [`LoaderError::Cancelled`], and whatever reading and fitting refuse.
pub fn retrain_table(
    client: &mut Client,
    detector: &str,
    champion: Option<&Champion>,
    parameters: &Parameters,
    margin: f64,
    watch: &mut dyn Watch,
) -> Result<Candidate, LoaderError> {
    let record = champion.and_then(Champion::record);
    let options = parameters.options(record.as_ref())?.model;
    let config = options.params()?.check()?;
    options.shares()?;
    let source = match record.map(|record| record.data) {
        Some(DataRecord::Table(source)) => source,
        _ => TableOptions::default().source(detector)?,
    };
    watch.note("reading rows", 0.0)?;
    let mut read = 0;
    let data = read_rows(client, detector, &source, &mut || {
        read += 1;
        if read % CHUNK == 0 { watch.note("reading rows", 0.05) } else { Ok(()) }
    })?;
    watch.note("training", 0.2)?;
    let mut listener = Listener::new(watch);
    let record = options.record(data_record(&source, &data));
    let trained = train_table(detector, &data, config, record, &mut |share| {
        listener.hear("training", 0.2 + 0.65 * share)
    });
    let trained = listener.outcome(trained)?;
    watch.note("comparing with the champion", 0.85)?;
    let (rows, (outcome, reason)) = match champion {
        Some(champion) => beside(champion, &trained, &data, margin)?,
        None => (None, no_champion()),
    };
    let TrainedTable { artifact, split, held_out } = trained;
    let report = Report {
        outcome,
        reason,
        champion: champion.map(|champion| champion.version.clone()),
        labels: data.labels.len(),
        recent_labels: None,
        learned_from: split.training.len() + split.validation.len(),
        left_out: Vec::new(),
        before: None,
        recent: None,
        rows,
        notices: data.notices,
        held_out,
    };
    Ok(Candidate { artifact, report })
}

/// How a version differs from the champion on rows that were held out, and what follows.
fn beside(
    champion: &Champion,
    trained: &TrainedTable,
    data: &TableData,
    margin: f64,
) -> Result<(Option<Difference>, (Outcome, String)), LoaderError> {
    let held_out = &trained.split.held_out;
    let columns = Columns::of(&champion.artifact)?;
    let schema =
        columns.schema().ok_or(ArtifactError::MissingPart(Columns::SCHEMA)).map_err(PipelineError::from)?;
    let for_champion = match rows_for(schema, data, held_out) {
        Ok(rows) => rows,
        Err(error) => {
            let reason = format!("the champion cannot judge the rows that there are now: {error}");
            return Ok((None, (Outcome::Insufficient, reason)));
        }
    };
    let for_candidate: Vec<_> = held_out.iter().map(|row| values(data, *row)).collect();
    let by_champion = score_rows(&champion.artifact, &for_champion)?;
    let by_candidate = score_rows(&trained.artifact, &for_candidate)?;
    let both = by_champion.iter().zip(&by_candidate).zip(held_out);
    let pairs: Vec<Pair> = both.map(|(scores, row)| Pair::of(scores, data.labels[*row], 1.0)).collect();
    let difference = compare(&pairs, trained.artifact.manifest().seed);
    let verdict = judge(&[("rows held out", difference.as_ref())], margin);
    Ok((difference, verdict))
}

/// Rows as a champion's pipeline takes them: levels of a category are in the order of how often they came when it was trained, and the
/// table may have grown columns since.
fn rows_for(schema: &Schema, data: &TableData, rows: &[usize]) -> Result<Vec<Vec<Option<f64>>>, SchemaError> {
    if schema.fingerprint() == data.schema()?.fingerprint() {
        return Ok(rows.iter().map(|row| values(data, *row)).collect());
    }
    rows.iter().map(|row| schema.read_json(&data.object(*row))).collect()
}
