//! Plots as inline SVG: no script, no font, no image from elsewhere. Colours are CSS variables of the page.
//!
//! All plots are [`WIDTH`] units wide, so that their letters are equally large whatever they show; the page sets them
//! side by side where there is room.

mod axes;
mod bars;
mod canvas;
mod histogram;
mod intervals;
mod labels;
mod line;
mod matrix;
mod scale;
mod spark;
mod waterfall;

pub use axes::Axis;
pub use bars::{Bar, bars};
pub use canvas::{Anchor, Plot, Px, Tone, letters, rectangle, segment};
pub use histogram::{MirrorHistogram, mirror_histogram};
pub use intervals::{DotRow, Dots, dots};
pub use line::{LinePlot, Mark, Series, Shape, Side, lines};
pub use matrix::{Matrix, MatrixCell, matrix};
pub use scale::{Kind, Scale, Ticks};
pub use spark::{spark_bars, spark_box};
pub use waterfall::{Step, Waterfall, waterfall};

/// Width of every plot, in units of its view box; about one CSS pixel where the page is wide.
pub const WIDTH: f64 = 460.0;

/// Size of letters.
pub const LETTER: f64 = 12.0;

/// The style sheet of all plots: their colours, light and dark, which pages around them use, too.
pub const STYLE: &str = include_str!("plot.css");
