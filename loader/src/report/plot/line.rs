//! Lines, steps and bands over two axes.

use maud::{Markup, html};

use super::LETTER;
use super::axes::{Axes, Axis, HEAD, HEAD_WITH_NAMES, verticals};
use super::canvas::{Plot, Tone, dot, letters, path, segment, thinned};
use super::labels::Labels;
pub use super::labels::Side;
use super::scale::{Scale, domain};

/// How points are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// By straight lines.
    Line,
    /// By steps: a value holds back to the point before it.
    Step,
    /// By straight lines, with a dot at each.
    Dotted,
    /// Not at all.
    Dots,
}

/// A set of points.
pub struct Series {
    /// What it is, for the legend and pointers.
    pub name: String,
    /// Its colour.
    pub tone: Tone,
    /// How it is joined.
    pub shape: Shape,
    /// Its points, by rising x. Those that are not finite are left out.
    pub points: Vec<(f64, f64)>,
    /// What a pointer on each point is told; empty, or one a point. Drawn with dots alone.
    pub told: Vec<String>,
    /// An interval of y at each x.
    pub intervals: Vec<(f64, f64, f64)>,
}

impl Series {
    /// Points joined in a way.
    pub fn new(name: &str, tone: Tone, shape: Shape, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.to_owned(), tone, shape, points, told: Vec::new(), intervals: Vec::new() }
    }

    fn finite(&self) -> impl Iterator<Item = (usize, (f64, f64))> {
        self.points.iter().copied().enumerate().filter(|(_, (x, y))| x.is_finite() && y.is_finite())
    }

    fn finite_intervals(&self) -> impl Iterator<Item = &(f64, f64, f64)> {
        self.intervals.iter().filter(|(x, low, high)| x.is_finite() && low.is_finite() && high.is_finite())
    }
}

/// A point with a name.
pub struct Mark {
    /// Where it is.
    pub at: (f64, f64),
    /// Its name.
    pub label: String,
    /// What a pointer on it is told.
    pub told: String,
    /// Whether it is set off from other marks.
    pub stands_out: bool,
}

/// A plot of series.
pub struct LinePlot {
    /// Its title.
    pub title: String,
    /// What it shows, for those who cannot see it.
    pub description: String,
    /// Across.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
    /// Height of the view box.
    pub height: f64,
    /// What is drawn, the first one on top.
    pub series: Vec<Series>,
    /// Named points.
    pub marks: Vec<Mark>,
    /// On which side of the marks their names go.
    pub mark_side: Side,
    /// Named places of x.
    pub verticals: Vec<(f64, String)>,
}

/// Draws it.
pub fn lines(plot: LinePlot) -> Plot {
    let drawing = plot.series.iter().any(|series| series.finite().next().is_some()).then(|| draw(&plot));
    let named = plot.series.len() > 1;
    let legend = plot.series.iter().filter(|s| named && !s.points.is_empty() && !s.name.is_empty());
    let legend = legend.map(|series| (series.tone, series.name.clone())).collect();
    Plot { title: plot.title, description: plot.description, height: plot.height, drawing, legend }
}

fn draw(plot: &LinePlot) -> Markup {
    let xs = || plot.series.iter().flat_map(|s| s.finite().map(|(_, point)| point.0));
    let ys = || {
        let bands =
            plot.series.iter().flat_map(|s| s.finite_intervals().flat_map(|(_, low, high)| [*low, *high]));
        plot.series.iter().flat_map(|s| s.finite().map(|(_, point)| point.1)).chain(bands)
    };
    let across = plot.x.domain.unwrap_or_else(|| {
        let span = |(low, high): (f64, f64), x: f64| (low.min(x), high.max(x));
        xs().fold((f64::INFINITY, f64::NEG_INFINITY), span)
    });
    let up = plot.y.domain.unwrap_or_else(|| domain(ys()));
    let head = if plot.verticals.is_empty() { HEAD } else { HEAD_WITH_NAMES };
    let axes = Axes::new(plot.height, head, (&plot.x, across), (&plot.y, up));
    let mut labels = Labels::default();
    if !plot.marks.is_empty() {
        plot.series.iter().for_each(|series| labels.keep_off_curve(&thinned(&joined(series, &axes))));
    }
    html! {
        (axes.drawing)
        (verticals(&axes.x, axes.area, &plot.verticals))
        @for series in plot.series.iter().rev() { (one(series, &axes)) }
        (marks(plot, &axes, &mut labels))
    }
}

fn one(series: &Series, axes: &Axes) -> Markup {
    let points = placed(series, axes);
    let joined = joined(series, axes);
    // A curve of one point has no line; it is shown as a dot.
    let with_dots = matches!(series.shape, Shape::Dots | Shape::Dotted) || points.len() == 1;
    let intervals: Vec<(f64, f64, f64)> = series
        .finite_intervals()
        .map(|(x, low, high)| (axes.x.at(*x), axes.y.at(*low), axes.y.at(*high)))
        .collect();
    html! {
        g class=(series.tone.class()) {
            @if with_dots {
                @for (x, low, high) in &intervals { (segment("whisker", (*x, *low), (*x, *high))) }
            } @else if intervals.len() > 1 {
                path class="band" d=(format!("{}Z", path(&around(&intervals)))) {}
            }
            @if joined.len() > 1 { path class="line" d=(path(&thinned(&joined))) {} }
            @if with_dots {
                @for ((index, _), at) in series.finite().zip(&points) {
                    (dot("dot", *at, 3.5, series.told.get(index).map_or(series.name.as_str(), String::as_str)))
                }
            }
        }
    }
}

fn placed(series: &Series, axes: &Axes) -> Vec<(f64, f64)> {
    series.finite().map(|(_, (x, y))| (axes.x.at(x), axes.y.at(y))).collect()
}

fn joined(series: &Series, axes: &Axes) -> Vec<(f64, f64)> {
    match series.shape {
        Shape::Step => steps(&placed(series, axes)),
        Shape::Line | Shape::Dotted => placed(series, axes),
        Shape::Dots => Vec::new(),
    }
}

/// The outline of a band: its upper ends to the right, its lower ends back.
fn around(intervals: &[(f64, f64, f64)]) -> Vec<(f64, f64)> {
    let upper = intervals.iter().map(|(x, _, high)| (*x, *high));
    upper.chain(intervals.iter().rev().map(|(x, low, _)| (*x, *low))).collect()
}

fn steps(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let corners = points.windows(2).flat_map(|pair| [(pair[0].0, pair[1].1), pair[1]]);
    points.first().copied().into_iter().chain(corners).collect()
}

fn marks(plot: &LinePlot, axes: &Axes, labels: &mut Labels) -> Markup {
    let place = |scale: &Scale, value: f64| scale.at(value);
    let marks: Vec<(&Mark, (f64, f64))> = plot
        .marks
        .iter()
        .filter(|mark| mark.at.0.is_finite() && mark.at.1.is_finite())
        .map(|mark| (mark, (place(&axes.x, mark.at.0), place(&axes.y, mark.at.1))))
        .collect();
    for (_, at) in &marks {
        labels.keep_off(*at, LETTER / 2.0);
    }
    html! {
        @for (mark, at) in &marks {
            @if let Some(place) = labels.place(*at, plot.mark_side, &mark.label, axes.area) {
                @if place.is_far { (segment("leader", *at, (place.x, place.y - 4.0))) }
                (letters("mark-name", place.x, place.y, place.anchor, &mark.label))
            }
            (dot(if mark.stands_out { "mark chosen" } else { "mark" }, *at, 4.5, &mark.told))
        }
    }
}
