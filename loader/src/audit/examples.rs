//! Single rows whose scores are taken apart.

use botdet_models::pipeline::{Candidate, Pipeline, PipelineError};
use botdet_models::score::Reason;

use super::{AuditRow, Judgement};
use crate::report::data::{Contribution, Contributions, Example, ExampleKind};

/// Contributions of a row that are listed.
const LISTED: usize = 10;
/// What the pipeline calls the term that no column has a part in, and that of the sequence model.
const BASELINE: &str = "baseline";
const SEQUENCE: &str = "sequence of events";

/// One row of each kind, where there is one: the surest of the right and of the wrong ones, and the one nearest to the
/// threshold.
///
/// # Errors
/// [`PipelineError`] when a stage cannot be run.
pub fn examples(
    pipeline: &mut Pipeline,
    rows: &[AuditRow],
    judged: &Judgement,
    threshold: f64,
) -> Result<Contributions, PipelineError> {
    let probability = |row: &usize| judged.probabilities[*row];
    let of = |is_bot: bool, is_called: bool| {
        (0..rows.len()).filter(move |row| {
            judged.labels[*row] == is_bot && (judged.probabilities[*row] >= threshold) == is_called
        })
    };
    let highest = |rows: Box<dyn Iterator<Item = usize> + '_>| {
        rows.max_by(|a, b| probability(a).total_cmp(&probability(b)))
    };
    let lowest = |rows: Box<dyn Iterator<Item = usize> + '_>| {
        rows.min_by(|a, b| probability(a).total_cmp(&probability(b)))
    };
    let distance = |row: &usize| (probability(row) - threshold).abs();
    let nearest = (0..rows.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)));
    let chosen = [
        (ExampleKind::TruePositive, highest(Box::new(of(true, true)))),
        (ExampleKind::FalsePositive, highest(Box::new(of(false, true)))),
        (ExampleKind::FalseNegative, lowest(Box::new(of(true, false)))),
        (ExampleKind::TrueNegative, lowest(Box::new(of(false, false)))),
        (ExampleKind::Borderline, nearest),
    ];
    let mut examples = Vec::new();
    for (kind, row) in chosen {
        if let Some(row) = row {
            examples.push(example(pipeline, kind, &rows[row], judged.probabilities[row])?);
        }
    }
    Ok(Contributions { unit: "log-odds".to_owned(), examples })
}

fn example(
    pipeline: &mut Pipeline,
    kind: ExampleKind,
    row: &AuditRow,
    probability: f64,
) -> Result<Example, PipelineError> {
    let candidate = Candidate { values: &row.values, sequence: row.sequence.as_ref() };
    let reasons = pipeline.explain(&candidate)?;
    let is_base = |reason: &Reason| reason.subject == BASELINE;
    let base =
        reasons.iter().find(|(reason, _)| is_base(reason)).map_or(0.0, |(reason, _)| reason.contribution);
    let terms: Vec<&Reason> =
        reasons.iter().map(|(reason, _)| reason).filter(|reason| !is_base(reason)).collect();
    let (listed, others) = terms.split_at(LISTED.min(terms.len()));
    Ok(Example {
        kind,
        key: row.key.clone(),
        probability,
        is_positive: row.is_bot,
        base,
        contributions: listed.iter().map(|reason| contribution(pipeline, row, reason)).collect(),
        others: others.iter().map(|reason| reason.contribution).sum(),
    })
}

fn contribution(pipeline: &Pipeline, row: &AuditRow, reason: &Reason) -> Contribution {
    let is_column = pipeline.columns().position(&reason.subject).is_some();
    let value = match (&row.sequence, &reason.label) {
        (_, Some(label)) => Some(label.clone()),
        (_, None) if is_column => reason.value.map(written),
        (Some(sequence), None) if reason.subject == SEQUENCE => Some(format!("{} events", sequence.len())),
        _ => pipeline.anomaly(&row.values).map(|anomaly| written(anomaly.score)),
    };
    Contribution { column: reason.subject.to_string(), value, amount: reason.contribution }
}

fn written(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 1000.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}
