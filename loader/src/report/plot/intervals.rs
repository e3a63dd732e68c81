//! Dots with intervals, one or more a name.

use maud::{Markup, html};

use super::WIDTH;
use super::axes::{Axis, FOOT, tick_row};
use super::bars::{ROW, label_room, row_name};
use super::canvas::{Anchor, Plot, Tone, dot, letters, segment};
use super::scale::{Scale, domain};
use crate::report::data::Interval;

/// What is shown of one name.
pub struct DotRow {
    /// The name.
    pub label: String,
    /// The values.
    pub dots: Vec<Dots>,
    /// What is written in the place of values that are not there.
    pub absent: Option<String>,
    /// Whether the values are joined by a line.
    pub joined: bool,
}

/// A value.
pub struct Dots {
    /// Its colour.
    pub tone: Tone,
    /// The value; nothing is drawn where it is not finite.
    pub value: f64,
    /// Its interval.
    pub interval: Option<Interval>,
    /// What a pointer on it is told.
    pub told: String,
}

/// Draws rows of dots, with a line at `reference` to compare them with.
pub fn dots(
    title: String,
    description: String,
    axis: &Axis,
    rows: &[DotRow],
    reference: Option<(f64, String)>,
    legend: Vec<(Tone, String)>,
) -> Plot {
    let head = if reference.is_some() { 18.0 } else { 2.0 };
    let bottom = head + rows.len() as f64 * ROW + 4.0;
    let height = bottom + FOOT;
    let left = label_room(rows.iter().map(|row| row.label.as_str()));
    let ends = rows.iter().flat_map(|row| &row.dots).flat_map(|dot| {
        let (low, high) = dot.interval.map_or((dot.value, dot.value), |i| (i.low, i.high));
        [low, dot.value, high]
    });
    let mut across = axis.domain.unwrap_or_else(|| domain(ends.chain(reference.iter().map(|r| r.0))));
    // Rates never leave their bounds, whatever room is wanted.
    if axis.ticks == super::Ticks::Share && across.1 > 1.0 {
        across.1 = 1.0;
    }
    let scale = Scale::new(axis.kind, across, (left + 8.0, WIDTH - 18.0));
    let ticks = scale.ticks(5);
    let has_dots = rows.iter().any(|row| row.dots.iter().any(|dot| dot.value.is_finite()));
    let drawing = has_dots.then(|| {
        html! {
            @for tick in &ticks { (segment("grid", (scale.at(*tick), head), (scale.at(*tick), bottom))) }
            @if let Some((value, name)) = &reference { (reference_line(&scale, *value, name, head, bottom)) }
            @for (index, row) in rows.iter().enumerate() {
                (draw_row(row, &scale, left, head + (index as f64 + 0.5) * ROW + 2.0))
            }
            (segment("axis", (left + 8.0, bottom), (WIDTH - 18.0, bottom)))
            (tick_row(&scale, &ticks, axis.ticks, bottom + 16.0))
            (letters("name", WIDTH - 18.0, height - 5.0, Anchor::End, &axis.name))
        }
    });
    Plot { title, description, height, drawing, legend }
}

fn reference_line(scale: &Scale, value: f64, name: &str, head: f64, bottom: f64) -> Markup {
    let x = scale.at(value);
    let wide = crate::report::text::width(name, super::LETTER) / 2.0;
    html! {
        (segment("reference", (x, head), (x, bottom)))
        (letters("mark-name", x.clamp(wide, WIDTH - wide), 12.0, Anchor::Middle, name))
    }
}

fn draw_row(row: &DotRow, scale: &Scale, left: f64, middle: f64) -> Markup {
    let shown: Vec<&Dots> = row.dots.iter().filter(|dot| dot.value.is_finite()).collect();
    let xs: Vec<f64> = shown.iter().map(|dot| scale.at(dot.value)).collect();
    // Intervals of one row lie beside one another.
    let apart = if shown.iter().filter(|dot| dot.interval.is_some()).count() > 1 { 5.0 } else { 0.0 };
    let y = |index: usize| middle + (index as f64 - (shown.len() as f64 - 1.0) / 2.0) * apart;
    html! {
        (row_name(&row.label, left, middle + 4.0))
        @if let (true, Some(first), Some(last)) = (row.joined && xs.len() > 1, xs.first(), xs.last()) {
            (segment("joint", (*first, y(0)), (*last, y(xs.len() - 1))))
        }
        @for (index, (value, x)) in shown.iter().zip(&xs).enumerate() {
            g class=(value.tone.class()) {
                @if let Some(interval) = value.interval {
                    (segment("whisker", (scale.at(interval.low), y(index)), (scale.at(interval.high), y(index))))
                }
                (dot("dot", (*x, y(index)), 4.0, &value.told))
            }
        }
        @if let (true, Some(absent)) = (shown.is_empty(), &row.absent) {
            (letters("absent", left + 12.0, middle + 4.0, Anchor::Start, absent))
        }
    }
}
