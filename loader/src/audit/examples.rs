//! Single rows whose scores are taken apart.

use botdet_models::pipeline::{Candidate, Pipeline, PipelineError};
use botdet_models::score::Reason;

use super::{AuditRow, Judgement};
use crate::report::data::{Contribution, Contributions, Example, ExampleKind};

/// Contributions of a row that are listed.
const LISTED: usize = 10;
/// What the pipeline calls the term that no column has a part in.
const BASELINE: &str = "baseline";

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
        contributions: listed.iter().map(|reason| contribution(reason)).collect(),
        others: others.iter().map(|reason| reason.contribution).sum(),
    })
}

fn contribution(reason: &Reason) -> Contribution {
    Contribution {
        column: reason.subject.to_string(),
        value: reason.label.clone().or_else(|| reason.value.map(|value| format!("{value:.4}"))),
        amount: reason.contribution,
    }
}
