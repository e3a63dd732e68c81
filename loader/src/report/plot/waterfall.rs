//! From the average to one row's score, step by step.

use maud::html;

use super::axes::{FOOT, tick_row};
use super::bars::{ROW, label_room, row_name};
use super::canvas::{Anchor, Plot, Tone, letters, rectangle, segment};
use super::scale::{Kind, Scale, Ticks, domain};
use super::{LETTER, WIDTH};
use crate::report::{format, text};

/// A score taken apart.
pub struct Waterfall {
    /// Its title.
    pub title: String,
    /// What it shows, for those who cannot see it.
    pub description: String,
    /// Name and value of where it begins.
    pub base: (String, f64),
    /// The steps in order.
    pub steps: Vec<Step>,
    /// Name of where it ends.
    pub end: String,
    /// What is measured.
    pub unit: String,
}

/// A step.
pub struct Step {
    /// Its name.
    pub label: String,
    /// What it adds.
    pub amount: f64,
}

/// Draws it. Steps that are not finite are left out.
pub fn waterfall(plot: Waterfall) -> Plot {
    let steps: Vec<&Step> = plot.steps.iter().filter(|step| step.amount.is_finite()).collect();
    let base = if plot.base.1.is_finite() { plot.base.1 } else { 0.0 };
    let mut levels = vec![base];
    for step in &steps {
        levels.push(levels.last().copied().unwrap_or(base) + step.amount);
    }
    let end = levels.last().copied().unwrap_or(base);
    let rows = steps.len() + 2;
    let bottom = rows as f64 * ROW + 4.0;
    let height = bottom + FOOT;
    let names = steps.iter().map(|step| step.label.as_str()).chain([plot.base.0.as_str(), plot.end.as_str()]);
    let left = label_room(names);
    let written = text::width("−00.00", LETTER) + 8.0;
    let (low, high) = domain(levels.iter().copied());
    let scale = Scale::new(Kind::Linear, (low.min(0.0), high.max(0.0)), (left + written, WIDTH - written));
    let ticks = scale.ticks(4);
    let middle = |row: usize| row as f64 * ROW + ROW / 2.0 + 2.0;
    let ends = [(0, base, &plot.base.0), (rows - 1, end, &plot.end)];
    let drawing = html! {
        @for tick in &ticks { (segment("grid", (scale.at(*tick), 0.0), (scale.at(*tick), bottom))) }
        (segment("axis", (scale.at(0.0), 0.0), (scale.at(0.0), bottom)))
        @for (row, value, name) in ends {
            (row_name(name, left, middle(row) + 4.0))
            (segment("level", (scale.at(value), middle(row) - 8.0), (scale.at(value), middle(row) + 8.0)))
            (letters("value", scale.at(value) + 6.0, middle(row) + 4.0, Anchor::Start, &format::decimal(value, 2)))
        }
        @for (index, step) in steps.iter().enumerate() {
            @let (from, to) = (scale.at(levels[index]), scale.at(levels[index + 1]));
            @let (y, rises) = (middle(index + 1), step.amount >= 0.0);
            @let (at, anchor) = if rises { (from.max(to) + 5.0, Anchor::Start) } else { (from.min(to) - 5.0, Anchor::End) };
            (segment("joint", (from, y - ROW + 7.0), (from, y + 7.0)))
            g class=(if rises { Tone::Positive } else { Tone::Negative }.class()) {
                (row_name(&step.label, left, y + 4.0))
                (rectangle("bar", from.min(to), y - 7.0, (to - from).abs().max(0.75), 14.0,
                    &format!("{}: {}", step.label, format::signed(step.amount, 4))))
                (letters("value", at, y + 4.0, anchor, &format::signed(step.amount, 2)))
            }
        }
        (segment("joint", (scale.at(end), middle(rows - 2) - 7.0), (scale.at(end), middle(rows - 1) + 8.0)))
        (tick_row(&scale, &ticks, Ticks::Number, bottom + 16.0))
        (letters("name", WIDTH, height - 5.0, Anchor::End, &text::fit(&plot.unit, LETTER, WIDTH)))
    };
    let legend = Vec::new();
    Plot { title: plot.title, description: plot.description, height, drawing: Some(drawing), legend }
}
