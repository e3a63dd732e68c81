//! Two histograms over one axis, one upwards and one downwards.

use maud::{Markup, html};

use super::axes::{Area, FOOT, HEAD, HEAD_WITH_NAMES, tick_row, verticals};
use super::canvas::{Anchor, Plot, Tone, letters, rectangle, segment};

use super::scale::{Kind, Scale, Ticks, tick_labels};
use super::{LETTER, WIDTH};
use crate::report::format;

/// Two histograms with the same bins.
pub struct MirrorHistogram<'a> {
    /// Its title.
    pub title: String,
    /// What it shows, for those who cannot see it.
    pub description: String,
    /// Name of the horizontal axis.
    pub axis: &'a str,
    /// Edges of the bins, rising, one more than bins.
    pub edges: &'a [f64],
    /// Name and counts of what goes upwards.
    pub up: (String, &'a [u64]),
    /// Name and counts of what goes downwards.
    pub down: (String, &'a [u64]),
    /// Named places.
    pub verticals: Vec<(f64, String)>,
}

const HEIGHT: f64 = 300.0;

/// Draws bins as shares of each side, by their square root: most bins of a good detector are small.
pub fn mirror_histogram(plot: MirrorHistogram<'_>) -> Plot {
    let is_sound = plot.edges.len() > 1 && plot.edges.iter().all(|edge| edge.is_finite());
    let has_rows = plot.up.1.iter().chain(plot.down.1).any(|count| *count > 0);
    let drawing = (is_sound && has_rows).then(|| draw(&plot));
    let legend = vec![(Tone::Positive, plot.up.0), (Tone::Negative, plot.down.0)];
    Plot { title: plot.title, description: plot.description, height: HEIGHT, drawing, legend }
}

fn draw(plot: &MirrorHistogram<'_>) -> Markup {
    let head = if plot.verticals.is_empty() { HEAD } else { HEAD_WITH_NAMES };
    let (top, bottom) = (head, HEIGHT - FOOT);
    let middle = (top + bottom) / 2.0;
    let largest = [plot.up.1, plot.down.1].into_iter().flat_map(shares).fold(0.0, f64::max);
    let upward = Scale::new(Kind::SquareRoot, (0.0, largest), (middle, top));
    let mut ticks: Vec<f64> = Vec::new();
    for tick in upward.ticks(5) {
        let below = ticks.last().map_or(middle, |below| upward.at(*below));
        if below - upward.at(tick) >= 1.2 * LETTER {
            ticks.push(tick);
        }
    }
    let labels = tick_labels(&ticks, Ticks::Share);
    let left =
        labels.iter().map(|label| crate::report::text::width(label, LETTER)).fold(24.0, f64::max) + 8.0;
    let (first, last) = (plot.edges[0], plot.edges[plot.edges.len() - 1]);
    let x = Scale::new(Kind::Linear, (first, last), (left, WIDTH - 20.0));
    let across = x.ticks(5);

    let area = Area { left, right: WIDTH - 20.0, top, bottom };
    let sides = [(Tone::Positive, &plot.up, 1.0), (Tone::Negative, &plot.down, -1.0)];
    html! {
        @for (tick, label) in ticks.iter().zip(&labels) {
            @for y in [upward.at(*tick), 2.0 * middle - upward.at(*tick)] {
                (segment("grid", (left, y), (WIDTH - 20.0, y)))
                (letters("tick", left - 6.0, y + 4.0, Anchor::End, label))
            }
        }
        @for (tone, (name, counts), direction) in sides {
            g class=(tone.class()) {
                @for ((edges, count), share) in plot.edges.windows(2).zip(*counts).zip(shares(counts)) {
                    @if *count > 0 {
                        @let (from, to) = (x.at(edges[0]), x.at(edges[1]));
                        @let tall = (middle - upward.at(share)).max(0.75);
                        (rectangle("bar", from + 0.5, if direction > 0.0 { middle - tall } else { middle },
                            (to - from - 1.0).max(0.5), tall, &told(edges, name, *count, share)))
                    }
                }
            }
        }
        (segment("axis", (left, middle), (WIDTH - 20.0, middle)))
        (verticals(&x, area, &plot.verticals))
        (tick_row(&x, &across, Ticks::Number, bottom + 16.0))
        (letters("name", 0.0, 12.0, Anchor::Start, "share of the class, square-root scale"))
        (letters("name", WIDTH - 20.0, HEIGHT - 5.0, Anchor::End, plot.axis))
    }
}

fn told(edges: &[f64], name: &str, count: u64, share: f64) -> String {
    let [low, high] = [edges[0], edges[1]].map(format::threshold);
    format!("{low} to {high}: {} {name}, {} of them", format::count(count), format::share(share))
}

fn shares(counts: &[u64]) -> Vec<f64> {
    let whole: u64 = counts.iter().sum();
    counts.iter().map(|count| format::ratio(*count, whole).unwrap_or(0.0)).collect()
}
