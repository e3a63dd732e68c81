//! How scores are distributed, by class.

use maud::html;

use super::threshold_lines;
use crate::report::data::{Report, ScoreDistribution};
use crate::report::format;
use crate::report::parts::{Section, side_by_side};
use crate::report::plot::{
    Axis, LinePlot, MirrorHistogram, Plot, Series, Shape, Side, Tone, lines, mirror_histogram,
};
use crate::report::text;

pub fn section(report: &Report) -> Option<Section> {
    let scores = report.scores.as_ref()?;
    let [_, positives, negatives] = text::plurals(&report.header.nouns);
    let classes = mirror_histogram(MirrorHistogram {
        title: "Scores by class".to_owned(),
        description: format!("{positives} upwards, {negatives} downwards"),
        axis: "probability",
        edges: &scores.edges,
        up: (positives, &scores.positive),
        down: (negatives, &scores.negative),
        verticals: threshold_lines(report),
    });
    let body = html! { (side_by_side(&[classes, above(report, scores)])) };
    Some(Section { id: "scores", title: "Scores", lead: lead(report, scores), warnings: Vec::new(), body })
}

/// Which share of each class lies at or above a score.
fn above(report: &Report, scores: &ScoreDistribution) -> Plot {
    let [_, positives, negatives] = text::plurals(&report.header.nouns);
    let series = |counts: &[u64], name: &str, tone: Tone| {
        let whole: u64 = counts.iter().sum();
        let mut left = whole;
        let mut points = Vec::new();
        for (edge, count) in scores.edges.iter().zip(counts.iter().chain(&[0])) {
            points.extend(format::ratio(left, whole).map(|share| (*edge, share)));
            left = left.saturating_sub(*count);
        }
        Series::new(name, tone, Shape::Line, points)
    };
    lines(LinePlot {
        title: "Share of each class at or above a score".to_owned(),
        description: "Falling lines, one a class; the further apart, the better".to_owned(),
        x: Axis::number("probability"),
        y: Axis::share("share of the class"),
        height: 300.0,
        series: vec![
            series(&scores.positive, &positives, Tone::Positive),
            series(&scores.negative, &negatives, Tone::Negative),
        ],
        marks: Vec::new(),
        mark_side: Side::Right,
        verticals: threshold_lines(report),
    })
}

fn lead(report: &Report, scores: &ScoreDistribution) -> String {
    let [_, positives, negatives] = text::plurals(&report.header.nouns);
    let all = |counts: &[u64]| counts.iter().sum::<u64>();
    let (positive, negative) = (all(&scores.positive), all(&scores.negative));
    if positive == 0 || negative == 0 {
        return format!(
            "There are scores of one class only: {positive} {positives}, {negative} {negatives}."
        );
    }
    let within = |counts: &[u64], is_in: fn(f64, f64) -> bool| {
        let bins = scores.edges.windows(2).zip(counts).filter(|(edges, _)| is_in(edges[0], edges[1]));
        bins.map(|(_, count)| count).sum::<u64>()
    };
    let low = within(&scores.negative, |_, high| high <= 0.1 + 1e-9) as f64 / negative as f64;
    let high = within(&scores.positive, |low, _| low >= 0.9 - 1e-9) as f64 / positive as f64;
    let overlap: f64 = scores
        .positive
        .iter()
        .zip(&scores.negative)
        .map(|(p, n)| (*p as f64 / positive as f64).min(*n as f64 / negative as f64))
        .sum();
    format!(
        "{} of the {negatives} score below 0.1 and {} of the {positives} above 0.9; the two distributions overlap by {}.",
        format::share(low),
        format::share(high),
        format::share(overlap.min(1.0))
    )
}
