//! Figures for people, as tables, and for programs, as JSON; progress for whoever waits.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::error::LoaderError;
use crate::training::evaluation::Evaluation;
use crate::training::fit::Figures;

/// How a command speaks.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// With `json`, figures go to standard output as one JSON object and nothing else does.
    #[must_use]
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints figures.
    ///
    /// # Errors
    /// [`LoaderError::Json`].
    pub fn figures(
        self,
        figures: &impl Serialize,
        table: impl FnOnce() -> String,
    ) -> Result<(), LoaderError> {
        let text = if self.json { serde_json::to_string_pretty(figures)? } else { table() };
        // A reader that has seen enough and closes the pipe is no error.
        let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
        Ok(())
    }

    /// Says something to people.
    pub fn say(self, text: &str) {
        if !self.json {
            let _ = writeln!(std::io::stdout(), "{text}");
        }
    }

    /// A bar that fills up to `length`; without a known length, a running count. Silent where nobody looks on.
    #[must_use]
    pub fn progress(self, length: Option<u64>, label: &'static str) -> ProgressBar {
        let bar = match length {
            Some(length) => {
                ProgressBar::new(length).with_style(style("{prefix:<22} {bar:30} {percent:>3} %  {msg}"))
            }
            None => ProgressBar::new_spinner().with_style(style("{prefix:<22} {spinner} {human_pos}  {msg}")),
        };
        if self.json || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        bar.set_prefix(label);
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}

fn style(template: &'static str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A figure that may be absent.
#[must_use]
pub fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"))
}

/// Figures of filter and pipeline as a table.
#[must_use]
pub fn figures_table(figures: &Figures) -> String {
    let mut table = format!("{:<24}{:>10}{:>12}\n", "", "filter", "pipeline");
    let mut row = |name: &str, value: fn(&Evaluation) -> Option<f64>| {
        let (filter, pipeline) = (figure(value(&figures.filter)), figure(value(&figures.pipeline)));
        table.push_str(&format!("{name:<24}{filter:>10}{pipeline:>12}\n"));
    };
    row("ROC-AUC", |e| e.roc_auc);
    row("PR-AUC", |e| e.pr_auc);
    row("Brier score", |e| e.brier);
    row("precision", |e| e.precision);
    row("recall", |e| e.recall);
    row("recall at 1 % FPR", |e| e.recall_at_1_percent);
    table.push('\n');
    table.push_str(&strategies_table(&figures.pipeline));
    table
}

/// Figures by kind of bot as a table; empty when no kind is known.
#[must_use]
pub fn strategies_table(evaluation: &Evaluation) -> String {
    if evaluation.strategies.is_empty() {
        return String::new();
    }
    let mut table = format!(
        "{:<24}{:>10}{:>12}{:>10}{:>20}\n",
        "strategy", "accounts", "ROC-AUC", "PR-AUC", "recall at 1 % FPR"
    );
    for (name, figures) in &evaluation.strategies {
        table.push_str(&format!(
            "{name:<24}{:>10}{:>12}{:>10}{:>20}\n",
            figures.accounts,
            figure(figures.roc_auc),
            figure(figures.pr_auc),
            figure(figures.recall_at_1_percent)
        ));
    }
    table
}

/// One set of figures as lines.
#[must_use]
pub fn evaluation_table(evaluation: &Evaluation) -> String {
    let mut table = format!(
        "{} accounts, {} of them bots\nROC-AUC {}   PR-AUC {}   Brier {}\nprecision {}   recall {}   recall at 1 % FPR {}\n",
        evaluation.accounts,
        evaluation.bots,
        figure(evaluation.roc_auc),
        figure(evaluation.pr_auc),
        figure(evaluation.brier),
        figure(evaluation.precision),
        figure(evaluation.recall),
        figure(evaluation.recall_at_1_percent),
    );
    let strategies = strategies_table(evaluation);
    if !strategies.is_empty() {
        table.push('\n');
        table.push_str(&strategies);
    }
    table
}
