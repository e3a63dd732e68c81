//! The figures that matter most.

use maud::html;

use crate::report::data::{Headline, Measure, Nouns, Report};
use crate::report::format::{self, Style};
use crate::report::parts::{Section, absent};
use crate::report::text;

pub fn section(report: &Report) -> Option<Section> {
    let headline = report.headline.as_ref()?;
    let nouns = &report.header.nouns;
    let body = html! {
        div.tiles {
            @for figure in &headline.figures {
                @let style = style_of(figure.measure);
                div.tile {
                    p.measure { (name_of(figure.measure)) }
                    @match figure.estimate.value.filter(|value| value.is_finite()) {
                        Some(value) => { p.figure { (style.of(value)) } }
                        None => { p.figure { (absent(figure.estimate.absent_because.as_deref())) } }
                    }
                    @if let Some(i) = figure.estimate.interval.filter(|i| i.low.is_finite() && i.high.is_finite()) {
                        p.interval { (style.interval(i.low, i.high)) }
                    }
                    p.meaning { (meaning_of(figure.measure, nouns)) }
                }
            }
        }
        p.remark {
            "Intervals hold at the " (format::level(headline.confidence_level)) " level: "
            (text::clean(&headline.interval_method)) "."
        }
    };
    Some(Section {
        id: "glance",
        title: "At a glance",
        lead: lead(headline, nouns),
        warnings: Vec::new(),
        body,
    })
}

fn lead(headline: &Headline, nouns: &Nouns) -> String {
    let rows = text::many(headline.rows, &nouns.row);
    let positives = text::many(headline.positives, &nouns.positive);
    let judged = format!("Judged on {rows} that were not learned from, {positives} among them");
    let ranking = headline.figures.iter().find(|figure| figure.measure == Measure::RocAuc);
    match ranking.and_then(|figure| figure.estimate.value).filter(|value| value.is_finite()) {
        Some(value) => format!(
            "{judged}: of pairs of both kinds, the {} scores above the {} in {}.",
            text::clean(&nouns.positive.singular),
            text::clean(&nouns.negative.singular),
            format::share(value)
        ),
        None => format!("{judged}."),
    }
}

fn style_of(measure: Measure) -> Style {
    match measure {
        Measure::Accuracy
        | Measure::Precision
        | Measure::Recall
        | Measure::FalsePositiveRate
        | Measure::RecallAtOnePercent => Style::Share,
        _ => Style::Score,
    }
}

fn name_of(measure: Measure) -> &'static str {
    match measure {
        Measure::RocAuc => "ROC-AUC",
        Measure::PrAuc => "PR-AUC",
        Measure::Accuracy => "Accuracy",
        Measure::Precision => "Precision",
        Measure::Recall => "Recall",
        Measure::F1 => "F1",
        Measure::FalsePositiveRate => "False-positive rate",
        Measure::RecallAtOnePercent => "Recall at 1 % false positives",
        Measure::Brier => "Brier score",
        Measure::LogLoss => "Log loss",
        Measure::CalibrationError => "Calibration error",
        Measure::KolmogorovSmirnov => "Kolmogorov-Smirnov",
        Measure::Matthews => "Matthews correlation",
    }
}

fn meaning_of(measure: Measure, nouns: &Nouns) -> String {
    let [rows, positives, negatives] = text::plurals(nouns);
    match measure {
        Measure::RocAuc => format!("how well {positives} are ranked above {negatives}; 0.5 is chance"),
        Measure::PrAuc => format!("mean precision over all recalls of {positives}"),
        Measure::Accuracy => format!("of all {rows} judged rightly at the review threshold"),
        Measure::Precision => format!("of those called {positives} are {positives}"),
        Measure::Recall => format!("of the {positives} are found"),
        Measure::F1 => "harmonic mean of precision and recall".to_owned(),
        Measure::FalsePositiveRate => format!("of the {negatives} are called {positives}"),
        Measure::RecallAtOnePercent => format!("of the {positives} score above 99 % of the {negatives}"),
        Measure::Brier => "mean squared error of the probability; 0 is best".to_owned(),
        Measure::LogLoss => "mean surprise at the truth; 0 is best".to_owned(),
        Measure::CalibrationError => "mean distance of predicted from observed shares".to_owned(),
        Measure::KolmogorovSmirnov => "largest distance between the two score distributions".to_owned(),
        Measure::Matthews => "correlation of decision and truth; 0 is chance".to_owned(),
    }
}
