//! Hourly counts beside what is expected of them, with hours that stand out.

use std::ops::Range;

use maud::{Markup, html};

use super::LETTER;
use super::axes::{Axes, Axis, HEAD_WITH_NAMES};
use super::canvas::{Anchor, Plot, Tone, letters, path, rectangle, segment};
use super::scale::domain;
use crate::report::format;

/// Height of the plot.
const HEIGHT: f64 = 230.0;
/// Height of the strip above it that holds the true windows.
const STRIP: f64 = 6.0;
/// Hours of a day.
const DAY: f64 = 24.0;
/// Hours below which they are not counted in days.
const SHORT: usize = 72;

/// Hours of a series, counted from its first.
pub struct Span {
    /// From the first hour to the one after the last.
    pub hours: Range<usize>,
    /// What a pointer on them is told.
    pub told: String,
}

/// A plot of a metric over hours.
pub struct HourPlot {
    /// What is counted.
    pub metric: String,
    /// The day that the first hour lies in, as the axis names it.
    pub since: String,
    /// Hour of that day at which the series begins, 0..24.
    pub first: f64,
    /// Counts; `None` where an hour is not known.
    pub observed: Vec<Option<f64>>,
    /// What is expected; empty where nothing can be said.
    pub expected: Vec<f64>,
    /// Hours that were found to stand out.
    pub found: Vec<Span>,
    /// Hours that are known to have been attacked.
    pub truth: Vec<Span>,
}

/// Draws it: what was found in red on the curve, what is true as a strip above it.
pub fn hours(plot: &HourPlot) -> Plot {
    let is_known = plot.observed.iter().any(Option::is_some);
    let of = |spans: &[Span]| spans.iter().map(|span| span.hours.len() as u64).sum();
    let (found, truth): (u64, u64) = (of(&plot.found), of(&plot.truth));
    let mut legend = vec![(Tone::Main, "observed".to_owned())];
    legend.extend((!plot.expected.is_empty()).then(|| (Tone::Reference, "usual".to_owned())));
    legend.extend((found > 0).then(|| (Tone::Alarm, "found".to_owned())));
    legend.extend((truth > 0).then(|| (Tone::Other(0), "true".to_owned())));
    Plot {
        title: plot.metric.clone(),
        description: format!(
            "{} hours; {} stand out, {} are known to have been attacked",
            format::count(plot.observed.len() as u64),
            format::count(found),
            format::count(truth)
        ),
        height: HEIGHT,
        drawing: is_known.then(|| draw(plot)),
        legend,
    }
}

fn draw(plot: &HourPlot) -> Markup {
    let counts = plot.observed.iter().flatten().chain(&plot.expected).copied();
    // Tenths of a day are not how people tell the time.
    let (unit, name) = if plot.observed.len() < SHORT { (1.0, "hours") } else { (DAY, "days") };
    let place = |hour: usize| (plot.first + hour as f64) / unit;
    let across = (place(0), place(plot.observed.len()));
    let x = Axis::number(&format!("{name} since {} (UTC)", plot.since));
    let y = Axis::number(&format!("{} an hour", plot.metric));
    let axes = Axes::new(HEIGHT, HEAD_WITH_NAMES, (&x, across), (&y, domain(counts.chain([0.0, 1.0]))));
    let at = |hour: usize, value: f64| (axes.x.at(place(hour)), axes.y.at(value));
    let run = |hours: Range<usize>| -> Vec<Vec<(f64, f64)>> {
        let known = |hour: &usize| plot.observed.get(*hour).copied().flatten().is_some();
        let hours: Vec<usize> = hours.filter(known).collect();
        let runs = hours.chunk_by(|before, after| before + 1 == *after);
        runs.map(|run| run.iter().map(|hour| at(*hour, plot.observed[*hour].unwrap_or_default())).collect())
            .collect()
    };
    let expected: Vec<(f64, f64)> =
        plot.expected.iter().enumerate().map(|(hour, value)| at(hour, *value)).collect();
    let shade = |class: &str, span: &Span, top: f64, height: f64| {
        let (from, to) = (axes.x.at(place(span.hours.start)), axes.x.at(place(span.hours.end)));
        rectangle(class, from, top, (to - from).max(1.5), height, &span.told)
    };
    let strip = axes.area.top - STRIP - 4.0;
    html! {
        @for span in &plot.found {
            (shade("found-span", span, axes.area.top, axes.area.bottom - axes.area.top))
        }
        (axes.drawing)
        g class=(Tone::Reference.class()) { path class="line" d=(path(&expected)) {} }
        g class=(Tone::Main.class()) { @for run in run(0..plot.observed.len()) { (curve(&run)) } }
        g class=(Tone::Alarm.class()) {
            @for span in &plot.found { @for run in run(span.hours.clone()) { (curve(&run)) } }
        }
        @if !plot.truth.is_empty() {
            (letters("tick", axes.area.right + 2.0, strip - LETTER / 4.0, Anchor::End, "true"))
        }
        @for span in &plot.truth { (shade("true-span", span, strip, STRIP)) }
    }
}

/// A stretch of known hours; one alone is a stroke that can be seen.
fn curve(run: &[(f64, f64)]) -> Markup {
    match run {
        [(x, y)] => segment("line", (x - 1.0, *y), (x + 1.0, *y)),
        _ => html! { path class="line thin" d=(path(run)) {} },
    }
}
