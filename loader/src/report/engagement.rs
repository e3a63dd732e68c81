//! One HTML file on the engagement of accounts: what was counted, what is usual, and the hours that stand out.

use std::collections::HashSet;

use botdet_models::engagement::{Analysis, Attack, HOUR, Metric, Series, Window};
use chrono::{DateTime, Timelike, Utc};
use maud::{Markup, html};

use super::format::{self, Style};
use super::html::document;
use super::parts::{Cell, Table, names, numbers, side_by_side};
use super::plot::{HourPlot, Span, hours};
use super::text;
use crate::simulate::engagement::TrueWindow;

/// An account that is shown.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// Its number.
    pub account_id: i64,
    /// What was counted.
    pub series: Series,
    /// The probability that its engagement is faked; absent where nothing can be said.
    pub probability: Option<f64>,
    /// Which stage said so.
    pub stage: String,
    /// The version that said so; absent for rules.
    pub version: Option<String>,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// What is known to be true; absent where nothing is.
    pub truth: Option<Truth>,
}

/// What is known to be true of an account.
#[derive(Clone, Debug)]
pub struct Truth {
    /// How it was attacked, where that is known.
    pub attack: Option<String>,
    /// The hours of each metric; none: it was not attacked.
    pub windows: Vec<TrueWindow>,
}

/// How far the hours found are the true ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Hours of a metric that were found.
    pub found: usize,
    /// Those that are true.
    pub truth: usize,
    /// Those that are both.
    pub both: usize,
}

impl Agreement {
    /// Compares windows of one account, hour by hour and metric by metric.
    pub fn of(found: &[Window], truth: &[TrueWindow]) -> Self {
        let found = found.iter().filter(|window| window.attack.is_some());
        let found = every_hour(found.map(|window| (window.metric, window.from, window.to)));
        let truth = every_hour(truth.iter().map(|window| (window.metric, window.from, window.to)));
        Self { found: found.len(), truth: truth.len(), both: found.intersection(&truth).count() }
    }

    /// The harmonic mean of precision and recall; absent where nothing was found and nothing is true.
    #[must_use]
    pub fn f1(self) -> Option<f64> {
        let sum = self.found + self.truth;
        (sum > 0).then(|| 2.0 * self.both as f64 / sum as f64)
    }
}

impl std::iter::Sum for Agreement {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            found: sum.found + one.found,
            truth: sum.truth + one.truth,
            both: sum.both + one.both,
        })
    }
}

fn every_hour(windows: impl Iterator<Item = (Metric, i64, i64)>) -> HashSet<(usize, i64)> {
    windows.flat_map(|(metric, from, to)| (from..to).map(move |hour| (metric as usize, hour))).collect()
}

/// Writes the page, the accounts in the order given.
#[must_use]
pub fn engagement_page(accounts: &[Diagnosis]) -> String {
    let analysed: Vec<(&Diagnosis, Option<Analysis>)> =
        accounts.iter().map(|account| (account, Analysis::of(&account.series).ok())).collect();
    let agreement: Option<Agreement> =
        analysed.iter().filter_map(agreement).reduce(|a, b| [a, b].into_iter().sum());
    let body = html! {
        nav aria-label="Contents" {
            a.home href="#top" { "botdet" }
            ol { @for account in accounts { li { a href=(format!("#account-{}", account.account_id)) { (account.account_id) } } } }
        }
        main {
            header id="top" {
                p.kind { "Detector" }
                h1 { bdi { "engagement" } " " span.version { (format::count(accounts.len() as u64)) @if accounts.len() == 1 { " account" } @else { " accounts" } } }
                p.lead {
                    "Hours in red lie above what is usual for the account and do not look like people; those that do stand in the tables \
                     alone. The strip above a plot marks the hours that are known to have been attacked."
                    @if let Some(sentence) = agreement.and_then(agrees) { " " (sentence) }
                }
            }
            @for (account, analysis) in &analysed { (section(account, analysis.as_ref())) }
            footer { "Written by botdet " (env!("CARGO_PKG_VERSION")) "." }
        }
    };
    document("engagement", &body)
}

fn agreement((account, analysis): &(&Diagnosis, Option<Analysis>)) -> Option<Agreement> {
    let truth = account.truth.as_ref()?;
    let windows = analysis.as_ref().map(Analysis::windows).unwrap_or_default();
    Some(Agreement::of(&windows, &truth.windows))
}

fn agrees(agreement: Agreement) -> Option<String> {
    let f1 = agreement.f1()?;
    Some(format!(
        "Of {} hours found and {} true ones, {} are both: F1 {}.",
        format::count(agreement.found as u64),
        format::count(agreement.truth as u64),
        format::count(agreement.both as u64),
        format::decimal(f1, 2)
    ))
}

fn section(account: &Diagnosis, analysis: Option<&Analysis>) -> Markup {
    let id = format!("account-{}", account.account_id);
    let windows = analysis.map(Analysis::windows).unwrap_or_default();
    html! {
        section id=(id) aria-labelledby=(format!("{id}-title")) {
            h2 id=(format!("{id}-title")) { "Account " (account.account_id) }
            p.lead { (verdict(account)) @if let Some(truth) = &account.truth { " " (known(truth, &windows)) } }
            @if !account.reasons.is_empty() { ul { @for reason in &account.reasons { li { (text::clean(reason)) } } } }
            @if analysis.is_none() { p.nothing { "Too few hours to say what is usual." } }
            (side_by_side(&Metric::ALL.map(|metric| hours(&plot(account, analysis, &windows, metric)))))
            @if !windows.is_empty() { (table(&windows)) }
        }
    }
}

fn verdict(account: &Diagnosis) -> String {
    let by = account
        .version
        .as_deref()
        .map_or_else(String::new, |version| format!(" by {}", text::clean(version)));
    match account.probability {
        Some(probability) => {
            format!(
                "Faked with probability {}, said stage {}{by}.",
                format::score(probability),
                text::clean(&account.stage)
            )
        }
        None => format!("Not judged: stage {}{by}.", text::clean(&account.stage)),
    }
}

fn known(truth: &Truth, windows: &[Window]) -> String {
    if truth.windows.is_empty() {
        return "It is known not to have been attacked.".to_owned();
    }
    let attack =
        truth.attack.as_deref().map_or_else(String::new, |attack| format!(" ({})", text::clean(attack)));
    let agrees = agrees(Agreement::of(windows, &truth.windows)).unwrap_or_default();
    format!("It is known to have been attacked{attack}. {agrees}")
}

fn plot(account: &Diagnosis, analysis: Option<&Analysis>, windows: &[Window], metric: Metric) -> HourPlot {
    let series = &account.series;
    let first = series.first().unwrap_or_default();
    let begins = time(first);
    let mut observed = vec![None; series.span()];
    for (hour, counts) in series.iter() {
        observed[(hour - first) as usize] = counts[metric as usize].map(|count| count as f64);
    }
    let place = |hour: i64| usize::try_from(hour - first).unwrap_or_default().min(series.span());
    let span = |from: i64, to: i64, told: String| Span { hours: place(from)..place(to), told };
    let found = windows.iter().filter(|window| window.metric == metric && window.attack.is_some());
    let truth =
        account.truth.iter().flat_map(|truth| &truth.windows).filter(|window| window.metric == metric);
    HourPlot {
        metric: metric.name().to_owned(),
        since: begins.format("%-d %B %Y").to_string(),
        first: f64::from(begins.hour()),
        observed,
        expected: analysis.map_or_else(Vec::new, |analysis| analysis.expected(metric).to_vec()),
        found: found
            .map(|w| span(w.from, w.to, format!("{} to {}: {}", written(w.from), written(w.to), w.evidence)))
            .collect(),
        truth: truth
            .map(|w| span(w.from, w.to, format!("attacked from {} to {}", written(w.from), written(w.to))))
            .filter(|span| !span.hours.is_empty())
            .collect(),
    }
}

fn table(windows: &[Window]) -> Table {
    let mut table = Table::new(vec![
        names("Metric"),
        names("From (UTC)"),
        numbers("Hours"),
        numbers("Strength, sd"),
        numbers("Times usual"),
        names("Likely"),
        numbers("Like people"),
        names("Evidence"),
    ]);
    for window in windows {
        table.row(vec![
            Cell::name(window.metric.name()),
            Cell::words(&written(window.from)).sorted_by(window.from as f64),
            Cell::count((window.to - window.from) as u64),
            Cell::written(Some(window.strength), |value| format::decimal(value, 1)),
            Cell::written(Some(window.ratio), |value| format::decimal(value, 1)),
            Cell::words(window.attack.map_or("people", Attack::name)),
            Cell::figure(Some(window.organic), Style::Share),
            Cell::words(&window.evidence),
        ]);
    }
    table
}

/// The beginning of an hour since 1970.
fn time(hour: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(hour * HOUR).unwrap_or_default()
}

fn written(hour: i64) -> String {
    time(hour).format("%Y-%m-%d %H:%M").to_string()
}
