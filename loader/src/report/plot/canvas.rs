//! What all plots are drawn on.

use std::fmt::Write;

use maud::{Markup, Render, html};

use super::{LETTER, WIDTH};
use crate::report::text;

/// A finished plot: what it shows in words, its height, its drawing and its legend.
pub struct Plot {
    /// The title above it.
    pub title: String,
    /// What it shows, for those who cannot see it.
    pub description: String,
    /// Height of the view box.
    pub height: f64,
    /// What is drawn; none where there is nothing to draw.
    pub drawing: Option<Markup>,
    /// Keys: colour and meaning.
    pub legend: Vec<(Tone, String)>,
}

impl Render for Plot {
    fn render(&self) -> Markup {
        html! {
            figure {
                figcaption { (self.title) }
                @if !self.legend.is_empty() && self.drawing.is_some() {
                    ul.legend {
                        @for (tone, meaning) in &self.legend { li class=(tone.class()) { (meaning) } }
                    }
                }
                @match &self.drawing {
                    Some(drawing) => {
                        svg role="img" aria-label=(format!("{}. {}", self.title, self.description))
                            viewBox=(format!("0 0 {} {}", WIDTH, self.height))
                            width=(Px(WIDTH)) height=(Px(self.height)) { (drawing) }
                    }
                    None => p.nothing { "Nothing to draw: there are no values." },
                }
            }
        }
    }
}

/// What a colour stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The version itself.
    Main,
    /// The positive class.
    Positive,
    /// The negative class.
    Negative,
    /// What the version is compared with, and other series: told apart by colour and by dashes.
    Other(usize),
    /// What stands for comparison alone: the diagonal, the average.
    Reference,
    /// What should not be so.
    Alarm,
}

impl Tone {
    /// The class of the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Main => "t-main",
            Self::Positive => "t-pos",
            Self::Negative => "t-neg",
            Self::Reference => "t-ref",
            Self::Alarm => "t-alarm",
            Self::Other(index) => ["t-1", "t-2", "t-3", "t-4", "t-5"][index % 5],
        }
    }
}

/// A coordinate: at most two decimals, and a number always.
#[derive(Clone, Copy, Debug)]
pub struct Px(pub f64);

impl Render for Px {
    fn render_to(&self, buffer: &mut String) {
        let value = if self.0.is_finite() { (self.0 * 100.0).round() / 100.0 } else { 0.0 };
        // Adding zero makes a negative zero positive. Writing to a string cannot fail.
        let _ = write!(buffer, "{}", value + 0.0);
    }
}

/// The data of a path through points.
pub fn path(points: &[(f64, f64)]) -> String {
    let mut data = String::with_capacity(points.len() * 12);
    for (index, (x, y)) in points.iter().enumerate() {
        data.push(if index == 0 { 'M' } else { 'L' });
        Px(*x).render_to(&mut data);
        data.push(' ');
        Px(*y).render_to(&mut data);
    }
    data
}

/// Points without those that would be drawn on the one before; the last one stays.
pub fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    const NEAR: f64 = 0.4;
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for (index, point) in points.iter().enumerate() {
        let is_new = kept.last().is_none_or(|last| {
            (point.0 - last.0).abs() > NEAR || (point.1 - last.1).abs() > NEAR || index + 1 == points.len()
        });
        if is_new {
            kept.push(*point);
        }
    }
    kept
}

/// How letters are set against their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// They begin there.
    Start,
    /// They are centred there.
    Middle,
    /// They end there.
    End,
}

impl Anchor {
    /// The attribute's value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// Letters at a place; their baseline is there. They are cut where they would leave the plot.
pub fn letters(class: &str, x: f64, y: f64, anchor: Anchor, text: &str) -> Markup {
    let (before, after) = (x, WIDTH - x);
    let room = match anchor {
        Anchor::Start => after,
        Anchor::Middle => 2.0 * before.min(after),
        Anchor::End => before,
    };
    let text = text::fit(text, LETTER, room);
    html! { text class=(class) x=(Px(x)) y=(Px(y)) text-anchor=(anchor.name()) { (text) } }
}

/// A straight line.
pub fn segment(class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> Markup {
    html! { line class=(class) x1=(Px(x1)) y1=(Px(y1)) x2=(Px(x2)) y2=(Px(y2)) {} }
}

/// A rectangle, with what a pointer on it is told.
pub fn rectangle(class: &str, x: f64, y: f64, width: f64, height: f64, told: &str) -> Markup {
    html! {
        rect class=(class) x=(Px(x)) y=(Px(y)) width=(Px(width.max(0.0))) height=(Px(height.max(0.0))) {
            @if !told.is_empty() { title { (told) } }
        }
    }
}

/// A dot, with what a pointer on it is told.
pub fn dot(class: &str, (x, y): (f64, f64), radius: f64, told: &str) -> Markup {
    html! {
        circle class=(class) cx=(Px(x)) cy=(Px(y)) r=(Px(radius)) {
            @if !told.is_empty() { title { (told) } }
        }
    }
}
