//! What sections are built of: tables, figures with intervals, what is absent.

use maud::{Markup, Render, html};

use super::data::Estimate;
use super::format::{self, Style};
use super::text;

/// A part of the page.
pub struct Section {
    /// Its anchor.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it shows and what to conclude, in plain words.
    pub lead: String,
    /// What somebody should look at before trusting the version.
    pub warnings: Vec<String>,
    /// Plots and tables.
    pub body: Markup,
}

/// A value that is not there, with the reason where it is known.
pub fn absent(reason: Option<&str>) -> Markup {
    html! { span.absent { "n/a" @if let Some(reason) = reason { " " small { (text::clean(reason)) } } } }
}

/// A figure with its interval.
pub fn estimate(estimate: &Estimate, style: Style) -> Markup {
    let interval = estimate.interval.filter(|i| i.low.is_finite() && i.high.is_finite());
    match estimate.value.filter(|value| value.is_finite()) {
        Some(value) => html! {
            (style.of(value))
            @if let Some(i) = interval { " " small.interval { (style.interval(i.low, i.high)) } }
        },
        None => absent(estimate.absent_because.as_deref()),
    }
}

/// A figure with its interval, in a sentence.
pub fn estimate_text(estimate: &Estimate, style: Style) -> Option<String> {
    let value = estimate.value.filter(|value| value.is_finite())?;
    let interval = estimate.interval.filter(|i| i.low.is_finite() && i.high.is_finite());
    let interval = interval.map(|i| format!(" ({})", style.interval(i.low, i.high)));
    Some(format!("{}{}", style.of(value), interval.unwrap_or_default()))
}

/// What goes beside one another where there is room.
pub fn side_by_side(plots: &[impl Render]) -> Markup {
    html! { div.plots { @for plot in plots { (plot) } } }
}

/// A column's head.
pub struct Head {
    /// Its name.
    name: String,
    /// Whether it holds numbers, which are set against the right.
    is_number: bool,
}

/// A head over names.
pub fn names(name: &str) -> Head {
    Head { name: name.to_owned(), is_number: false }
}

/// A head over numbers.
pub fn numbers(name: &str) -> Head {
    Head { name: name.to_owned(), is_number: true }
}

/// A cell of a table.
pub struct Cell {
    body: Markup,
    /// What sorting goes by, where it is not the text.
    key: Option<f64>,
    is_best: bool,
    heat: Option<f64>,
}

impl Cell {
    /// What has been drawn or written already.
    pub fn of(body: Markup) -> Self {
        Self { body, key: None, is_best: false, heat: None }
    }

    /// A name out of a user's table; a very long one is cut, and told to a pointer.
    pub fn name(name: &str) -> Self {
        const LONGEST: usize = 80;
        let name = text::clean(name);
        Self::of(match name.char_indices().nth(LONGEST) {
            Some((end, _)) => html! { bdi title=(name) { (&name[..end]) "…" } },
            None => html! { bdi { (name) } },
        })
    }

    /// Words.
    pub fn words(words: &str) -> Self {
        Self::of(html! { (words) })
    }

    /// A number of things.
    pub fn count(value: u64) -> Self {
        Self::of(html! { (format::count(value)) }).sorted_by(value as f64)
    }

    /// A figure that may be absent.
    pub fn figure(value: Option<f64>, style: Style) -> Self {
        Self::written(value, |value| style.of(value))
    }

    /// A figure that may be absent, written in a way of its own.
    pub fn written(value: Option<f64>, write: impl Fn(f64) -> String) -> Self {
        match value.filter(|value| value.is_finite()) {
            Some(value) => Self::of(html! { (write(value)) }).sorted_by(value),
            None => Self::of(absent(None)),
        }
    }

    /// A figure with its interval.
    pub fn estimate(value: &Estimate, style: Style) -> Self {
        let cell = Self::of(estimate(value, style));
        match value.value.filter(|value| value.is_finite()) {
            Some(key) => cell.sorted_by(key),
            None => cell,
        }
    }

    /// Shown in bold.
    pub fn best_if(mut self, is_best: bool) -> Self {
        self.is_best = is_best;
        self
    }

    /// Coloured the deeper, 0 to 1.
    pub fn heated(mut self, heat: f64) -> Self {
        self.heat = heat.is_finite().then(|| heat.clamp(0.0, 1.0));
        self
    }

    /// Sorted by a number.
    pub fn sorted_by(mut self, key: f64) -> Self {
        self.key = Some(key);
        self
    }
}

/// A table; the first cell of a row is its name.
pub struct Table {
    heads: Vec<Head>,
    rows: Vec<(bool, Vec<Cell>)>,
}

/// Tables longer than this scroll in themselves.
const LONG: usize = 24;

impl Table {
    /// A table without rows.
    pub fn new(heads: Vec<Head>) -> Self {
        Self { heads, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push((false, cells));
    }

    /// Adds a row that stands out.
    pub fn marked_row(&mut self, cells: Vec<Cell>) {
        self.rows.push((true, cells));
    }

    fn cell(&self, index: usize, cell: &Cell) -> Markup {
        let is_number = self.heads.get(index).is_some_and(|head| head.is_number);
        let classes = [(is_number, "number"), (cell.is_best, "best"), (cell.heat.is_some(), "heat")];
        let class: Vec<&str> = classes.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
        let class = (!class.is_empty()).then(|| class.join(" "));
        let heat = cell.heat.map(|heat| format!("--heat:{}%", (heat * 45.0).round()));
        let key = cell.key.map(|key| key.to_string());
        html! {
            @if index == 0 {
                th scope="row" class=[class] data-key=[key] { (cell.body) }
            } @else {
                td class=[class] style=[heat] data-key=[key] { (cell.body) }
            }
        }
    }
}

impl Render for Table {
    fn render(&self) -> Markup {
        let class = if self.rows.len() > LONG { "scroll long" } else { "scroll" };
        html! {
            div class=(class) tabindex="0" {
                table {
                    thead {
                        tr {
                            @for head in &self.heads {
                                th scope="col" class=[head.is_number.then_some("number")] { (head.name) }
                            }
                        }
                    }
                    tbody {
                        @for (is_marked, row) in &self.rows {
                            tr class=[is_marked.then_some("marked")] {
                                @for (index, cell) in row.iter().enumerate() { (self.cell(index, cell)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
