//! Cells in rows and columns, the deeper coloured the more they hold.

use maud::{Markup, html};

use super::axes::HEAD;
use super::bars::{label_room, row_name};
use super::canvas::{Anchor, Plot, Px, Tone, letters};
use super::{LETTER, WIDTH};
use crate::report::text;

/// A matrix.
pub struct Matrix {
    /// Its title.
    pub title: String,
    /// What it shows, for those who cannot see it.
    pub description: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Names of the rows, each with its cells, one a column.
    pub rows: Vec<(String, Vec<Option<MatrixCell>>)>,
    /// Height of a row.
    pub row_height: f64,
}

/// A cell.
pub struct MatrixCell {
    /// What is written in it.
    pub text: String,
    /// What is written below, smaller; may be empty.
    pub below: String,
    /// Its colour.
    pub tone: Tone,
    /// How deep the colour is, 0 to 1.
    pub strength: f64,
    /// What a pointer on it is told.
    pub told: String,
}

/// Draws it.
pub fn matrix(matrix: Matrix) -> Plot {
    let height = HEAD + matrix.rows.len() as f64 * matrix.row_height + 2.0;
    let left = label_room(matrix.rows.iter().map(|(name, _)| name.as_str()));
    let wide = (WIDTH - left) / matrix.columns.len().max(1) as f64;
    let drawing = html! {
        @for (index, name) in matrix.columns.iter().enumerate() {
            @let middle = left + (index as f64 + 0.5) * wide;
            (letters("row-name", middle, 14.0, Anchor::Middle, &text::fit(name, LETTER, wide)))
        }
        @for (index, (name, cells)) in matrix.rows.iter().enumerate() {
            @let top = HEAD + index as f64 * matrix.row_height;
            (row_name(name, left, top + matrix.row_height / 2.0 + 4.0))
            @for (column, entry) in cells.iter().enumerate().take(matrix.columns.len()) {
                @if let Some(entry) = entry {
                    (cell(entry, left + column as f64 * wide, top, wide - 2.0, matrix.row_height - 2.0))
                }
            }
        }
    };
    let is_empty = matrix.rows.is_empty() || matrix.columns.is_empty();
    let (title, description) = (matrix.title, matrix.description);
    Plot { title, description, height, drawing: (!is_empty).then_some(drawing), legend: Vec::new() }
}

fn cell(cell: &MatrixCell, x: f64, y: f64, wide: f64, tall: f64) -> Markup {
    // Letters in the text's colour stay readable on half of any colour.
    let depth = 0.06 + 0.44 * if cell.strength.is_finite() { cell.strength.clamp(0.0, 1.0) } else { 0.0 };
    let (centre, middle) = (x + wide / 2.0, y + tall / 2.0);
    html! {
        g class=(cell.tone.class()) {
            rect.cell x=(Px(x)) y=(Px(y)) width=(Px(wide)) height=(Px(tall)) rx="3" fill-opacity=(Px(depth)) {
                title { (cell.told) }
            }
            @if cell.below.is_empty() {
                (letters("cell-text", centre, middle + 4.0, Anchor::Middle, &text::fit(&cell.text, LETTER, wide)))
            } @else {
                (letters("cell-figure", centre, middle, Anchor::Middle, &cell.text))
                (letters("cell-below", centre, middle + 18.0, Anchor::Middle, &text::fit(&cell.below, LETTER, wide)))
            }
        }
    }
}
