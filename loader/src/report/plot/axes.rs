//! Axes: grid, ticks, names.

use maud::{Markup, html};

use super::canvas::{Anchor, letters, segment};
use super::labels::beside_one_another;
use super::scale::{Kind, Scale, Ticks, tick_labels};
use super::{LETTER, WIDTH};
use crate::report::text;

/// An axis.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What it measures.
    pub name: String,
    /// How values are spread.
    pub kind: Kind,
    /// From where to where; from the values where none is given.
    pub domain: Option<(f64, f64)>,
    /// How values are written.
    pub ticks: Ticks,
}

impl Axis {
    /// Shares from 0 to 1.
    pub fn share(name: &str) -> Self {
        Self { name: name.to_owned(), kind: Kind::Linear, domain: Some((0.0, 1.0)), ticks: Ticks::Share }
    }

    /// Numbers, from where to where they go.
    pub fn number(name: &str) -> Self {
        Self { name: name.to_owned(), kind: Kind::Linear, domain: None, ticks: Ticks::Number }
    }

    /// The same from there to there.
    pub fn over(mut self, low: f64, high: f64) -> Self {
        self.domain = Some((low, high));
        self
    }

    /// The same, spread otherwise.
    pub fn spread(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }
}

/// The rectangle that values are drawn in.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

/// A drawing area with both its scales, and what surrounds it.
pub struct Axes {
    /// Where values are drawn.
    pub area: Area,
    /// Across.
    pub x: Scale,
    /// Upwards.
    pub y: Scale,
    /// Grid, ticks and names.
    pub drawing: Markup,
}

/// Room above the area for the name of the vertical axis.
pub const HEAD: f64 = 24.0;
/// Room above the area where places of the horizontal axis have names too.
pub const HEAD_WITH_NAMES: f64 = 38.0;
/// Room below it for ticks and the name of the horizontal axis.
pub const FOOT: f64 = 38.0;

impl Axes {
    /// Lays out axes over domains in a plot of that height, with so much room above.
    pub fn new(height: f64, head: f64, x: (&Axis, (f64, f64)), y: (&Axis, (f64, f64))) -> Self {
        let (top, bottom) = (head, height - FOOT);
        let vertical = Scale::new(y.0.kind, y.1, (bottom, top));
        let wanted = (((bottom - top) / 42.0) as usize).clamp(2, 6);
        let ticks = vertical.ticks(wanted);
        let labels = tick_labels(&ticks, y.0.ticks);
        let widest = labels.iter().map(|label| text::width(label, LETTER)).fold(0.0, f64::max);
        let left = (widest + 8.0).clamp(24.0, WIDTH / 3.0);
        let right = WIDTH - 20.0;
        let horizontal = Scale::new(x.0.kind, x.1, (left, right));
        let area = Area { left, right, top, bottom };
        let across = horizontal.ticks(5);
        let drawing = html! {
            @for (tick, label) in ticks.iter().zip(&labels) {
                (segment("grid", (left, vertical.at(*tick)), (right, vertical.at(*tick))))
                (letters("tick", left - 6.0, vertical.at(*tick) + 4.0, Anchor::End, label))
            }
            @for tick in &across {
                (segment("grid", (horizontal.at(*tick), top), (horizontal.at(*tick), bottom)))
            }
            (tick_row(&horizontal, &across, x.0.ticks, bottom + 16.0))
            (segment("axis", (left, bottom), (right, bottom)))
            (letters("name", 0.0, 12.0, Anchor::Start, &text::fit(&y.0.name, LETTER, WIDTH)))
            (letters("name", right, height - 5.0, Anchor::End, &text::fit(&x.0.name, LETTER, right)))
        };
        Self { area, x: horizontal, y: vertical, drawing }
    }
}

/// Lines across an area at places of the horizontal axis, their names above it.
pub fn verticals(scale: &Scale, area: Area, places: &[(f64, String)]) -> Markup {
    let places: Vec<(f64, String)> = places
        .iter()
        .filter(|(value, _)| value.is_finite())
        .map(|(value, name)| (scale.at(*value), text::fit(name, LETTER, WIDTH * 0.4)))
        .collect();
    let wanted: Vec<(f64, f64)> = places.iter().map(|(x, name)| (*x, text::width(name, LETTER))).collect();
    let middles = beside_one_another(&wanted, (0.0, WIDTH));
    html! {
        @for ((x, name), middle) in places.iter().zip(middles) {
            (segment("threshold", (*x, area.top - 3.0), (*x, area.bottom)))
            (letters("mark-name", middle, area.top - 7.0, Anchor::Middle, name))
        }
    }
}

/// The values below an axis; those that would touch the one before are left out.
pub fn tick_row(scale: &Scale, ticks: &[f64], style: Ticks, baseline: f64) -> Markup {
    let labels = tick_labels(ticks, style);
    let mut free_from = 0.0;
    let mut kept = Vec::new();
    for (tick, label) in ticks.iter().zip(labels) {
        let wide = text::width(&label, LETTER);
        let x = scale.at(*tick).clamp(wide / 2.0, (WIDTH - wide / 2.0).max(wide / 2.0));
        if x - wide / 2.0 >= free_from {
            free_from = x + wide / 2.0 + 8.0;
            kept.push((x, label));
        }
    }
    html! { @for (x, label) in &kept { (letters("tick", *x, baseline, Anchor::Middle, label)) } }
}
