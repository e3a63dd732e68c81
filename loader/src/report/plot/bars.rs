//! Bars that lie, one a name.

use maud::html;

use super::axes::{Axis, FOOT, tick_row};
use super::canvas::{Anchor, Plot, Tone, letters, rectangle, segment};
use super::scale::{Scale, domain};
use super::{LETTER, WIDTH};
use crate::report::text;

/// Height of a row.
pub const ROW: f64 = 21.0;

/// A bar.
pub struct Bar {
    /// Its name.
    pub label: String,
    /// Its length.
    pub value: f64,
    /// What is written at its end.
    pub text: String,
    /// Its colour.
    pub tone: Tone,
}

/// Draws bars from 0 on.
pub fn bars(title: String, description: String, axis: &Axis, bars: &[Bar]) -> Plot {
    let bars: Vec<&Bar> = bars.iter().filter(|bar| bar.value.is_finite()).collect();
    let height = bars.len() as f64 * ROW + FOOT + 4.0;
    let left = label_room(bars.iter().map(|bar| bar.label.as_str()));
    let written = bars.iter().map(|bar| text::width(&bar.text, LETTER)).fold(0.0, f64::max);
    let (low, high) = axis.domain.unwrap_or_else(|| domain(bars.iter().map(|bar| bar.value).chain([0.0])));
    // The longest bar leaves room for its figure, and the one that goes furthest to the left too.
    let inset = if bars.iter().any(|bar| bar.value < 0.0) { written + 8.0 } else { 0.0 };
    let scale = Scale::new(axis.kind, (low.min(0.0), high.max(0.0)), (left + inset, WIDTH - written - 10.0));
    let bottom = bars.len() as f64 * ROW + 4.0;
    let ticks = scale.ticks(4);
    let drawing = html! {
        @for tick in &ticks { (segment("grid", (scale.at(*tick), 0.0), (scale.at(*tick), bottom))) }
        @for (index, bar) in bars.iter().enumerate() {
            @let top = index as f64 * ROW + 3.0;
            @let (zero, end) = (scale.at(0.0), scale.at(bar.value));
            @let (at, anchor) = if bar.value < 0.0 { (end - 6.0, Anchor::End) } else { (end + 6.0, Anchor::Start) };
            g class=(bar.tone.class()) {
                (row_name(&bar.label, left, top + ROW / 2.0 + 2.0))
                // Even nothing is seen as a thin line.
                (rectangle("bar", zero.min(end), top + 2.0, (end - zero).abs().max(0.75), ROW - 6.0,
                    &format!("{}: {}", bar.label, bar.text)))
                (letters("value", at, top + ROW / 2.0 + 2.0, anchor, &bar.text))
            }
        }
        (segment("axis", (scale.at(0.0), 0.0), (scale.at(0.0), bottom)))
        (tick_row(&scale, &ticks, axis.ticks, bottom + 16.0))
        (letters("name", WIDTH, height - 5.0, Anchor::End, &text::fit(&axis.name, LETTER, WIDTH)))
    };
    Plot { title, description, height, drawing: (!bars.is_empty()).then_some(drawing), legend: Vec::new() }
}

/// Room for the names of rows: what the widest needs, no more than two fifths of the plot.
pub fn label_room<'a>(labels: impl Iterator<Item = &'a str>) -> f64 {
    let widest = labels.map(|label| text::width(label, LETTER)).fold(0.0, f64::max);
    (widest + 10.0).min(WIDTH * 0.4)
}

/// A row's name, set against the right end of its room; a pointer on it is told all of it.
pub fn row_name(label: &str, room: f64, baseline: f64) -> maud::Markup {
    let shown = text::fit(label, LETTER, room - 10.0);
    html! {
        text class="row-name" x=(super::canvas::Px(room - 8.0)) y=(super::canvas::Px(baseline)) text-anchor="end" {
            (shown)
            @if shown != label { title { (label) } }
        }
    }
}
