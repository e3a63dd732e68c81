//! Why single rows got their scores.

use super::finite;
use crate::report::data::{Contribution, Contributions, Example, ExampleKind, Nouns, Report};
use crate::report::format;
use crate::report::parts::{Section, side_by_side};
use crate::report::plot::{Plot, Step, Waterfall, waterfall};
use crate::report::text;

/// How many columns a waterfall shows; the others are one step.
const STEPS: usize = 9;

pub fn section(report: &Report) -> Option<Section> {
    let contributions = report.contributions.as_ref()?;
    let nouns = &report.header.nouns;
    let plots: Vec<Plot> =
        contributions.examples.iter().map(|example| taken_apart(example, contributions, nouns)).collect();
    let lead = lead(contributions, nouns);
    let body = side_by_side(&plots);
    Some(Section { id: "contributions", title: "Single rows taken apart", lead, warnings: Vec::new(), body })
}

fn lead(contributions: &Contributions, nouns: &Nouns) -> String {
    let [_, positives, negatives] = text::plurals(nouns);
    let read = format!(
        "From the average score, columns push to the right, towards {positives}, or to the left, towards {negatives}"
    );
    let wrong = contributions.examples.iter().find(|example| example.kind == ExampleKind::FalsePositive);
    let cause =
        wrong.and_then(|example| by_size(example).first().map(|first| (example, first.column.clone())));
    match cause {
        Some((example, column)) => format!(
            "{read}; the {} {} is taken for one of the {positives} above all for {}.",
            text::clean(&nouns.negative.singular),
            text::clean(&example.key),
            text::clean(&column)
        ),
        None => format!("{read}."),
    }
}

fn by_size(example: &Example) -> Vec<&Contribution> {
    let mut sorted: Vec<&Contribution> =
        example.contributions.iter().filter(|c| c.amount.is_finite()).collect();
    sorted.sort_by(|a, b| b.amount.abs().total_cmp(&a.amount.abs()));
    sorted
}

fn taken_apart(example: &Example, contributions: &Contributions, nouns: &Nouns) -> Plot {
    let sorted = by_size(example);
    let (shown, folded) = sorted.split_at(sorted.len().min(STEPS));
    let mut steps: Vec<Step> = shown
        .iter()
        .map(|contribution| {
            let value = contribution.value.as_deref().map_or_else(|| "missing".to_owned(), text::clean);
            Step {
                label: format!("{} = {value}", text::clean(&contribution.column)),
                amount: contribution.amount,
            }
        })
        .collect();
    let others = finite(Some(example.others)).unwrap_or(0.0) + folded.iter().map(|c| c.amount).sum::<f64>();
    if others != 0.0 || !folded.is_empty() {
        let label = match folded.len() {
            0 => "other columns".to_owned(),
            _ => "all other columns".to_owned(),
        };
        steps.push(Step { label, amount: others });
    }
    let noun = if example.is_positive { &nouns.positive } else { &nouns.negative };
    let probability = finite(Some(example.probability)).map_or_else(|| "?".to_owned(), format::threshold);
    let (noun, key) = (text::clean(&noun.singular), text::clean(&example.key));
    waterfall(Waterfall {
        title: format!("{}: {noun} {key}, probability {probability}", kind_name(example.kind)),
        description: format!("What the columns add to the score of the {noun} {key}"),
        base: ("average".to_owned(), example.base),
        steps,
        end: "this score".to_owned(),
        unit: text::clean(&contributions.unit),
    })
}

fn kind_name(kind: ExampleKind) -> &'static str {
    match kind {
        ExampleKind::TruePositive => "True positive",
        ExampleKind::FalsePositive => "False positive",
        ExampleKind::FalseNegative => "False negative",
        ExampleKind::TrueNegative => "True negative",
        ExampleKind::Borderline => "Borderline",
    }
}
