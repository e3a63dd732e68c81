//! What is shown of an account, wherever it is shown: who it is, its score and what that rests on, when it did what, with whom, and
//! what has been said of it.

use botdet_loader::report::format;
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::parts::{absent, count, number, share, table, text, time, verdict};
use super::timeline;
use crate::controllers::accounts::{
    self, Account, Engagement, EngagementHour, Group, LabelHistory, Part, StoredScore, Timeline,
};
use crate::controllers::events::{self, Event, EventQuery};
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::session::Session;

/// Features shown at once; the others unfold.
const FIRST: usize = 12;
/// Parts told in words.
const IN_WORDS: usize = 5;

/// Latest events asked for, and those shown at once.
const EVENTS: i32 = 40;
const EVENTS_AT_ONCE: usize = 8;
/// Letters of a text that are shown.
const LETTERS: usize = 280;

/// All that is shown.
pub struct View {
    pub account: Account,
    parts: Vec<Part>,
    timeline: Timeline,
    events: Vec<Event>,
    engagement: Option<Engagement>,
    labels: LabelHistory,
    group: Option<Group>,
}

impl View {
    /// Asks for it.
    pub async fn of(session: &Session, account_id: i64) -> Result<Self, ApiError> {
        let id = || Path(account_id);
        let account = accounts::one(session.clone(), id()).await?.0;
        let parts = match accounts::explanation(session.clone(), id()).await {
            // The baseline is no more of this account than of any other.
            Ok(explanation) => {
                explanation.0.parts.into_iter().filter(|part| part.feature != "baseline").collect()
            }
            // Not everything that is judged does something.
            Err(ApiError::Missing(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        let timeline = accounts::timeline(session.clone(), id()).await?.0;
        let events =
            events::latest(session.clone(), id(), Query(EventQuery { limit: Some(EVENTS) })).await?.0.events;
        let engagement = match accounts::engagement(session.clone(), id()).await {
            Ok(engagement) => Some(engagement.0),
            Err(ApiError::Missing(_)) => None,
            Err(error) => return Err(error),
        };
        let labels = accounts::labels(session.clone(), id()).await?.0;
        let in_step = account.network.as_ref().and_then(|found| found.get("lockstep_accounts")?.as_f64());
        let group = match in_step {
            Some(others) if others > 0.0 => Some(accounts::group(session.clone(), id()).await?.0),
            _ => None,
        };
        Ok(Self { account, parts, timeline, events, engagement, labels, group })
    }

    /// Score, reasons and timeline: what most decisions rest on.
    pub fn essentials(&self, detector: &str) -> Markup {
        let score = self.account.scores.iter().find(|score| score.detector == detector);
        html! {
            @if let Some(profile) = &self.account.profile { (who(profile)) }
            @match score {
                Some(score) => (judgement(score)),
                None => p.nothing { "No score is stored of it for detector " (detector) "." },
            }
            (self.reasons(score, detector))
            section aria-labelledby="timeline" {
                h2 id="timeline" { "When" }
                @if self.engagement.is_none() || !self.timeline.hours.is_empty() { (self.activity()) }
                @if let Some(engagement) = &self.engagement { (drawn(engagement)) }
            }
            @if !self.events.is_empty() {
                section aria-labelledby="events" {
                    h2 id="events" { "What it did last" }
                    (latest(&self.events[..self.events.len().min(EVENTS_AT_ONCE)]))
                    @if self.events.len() > EVENTS_AT_ONCE {
                        details { summary { (self.events.len() - EVENTS_AT_ONCE) " before these" } (latest(&self.events[EVENTS_AT_ONCE..])) }
                    }
                }
            }
        }
    }

    fn activity(&self) -> Markup {
        html! {
            div.wide { (timeline::activity(&self.timeline)) }
            (stretches(&self.timeline))
            @if !self.timeline.actions.is_empty() {
                p.hint {
                    @for (place, done) in self.timeline.actions.iter().enumerate() {
                        @if place > 0 { " · " } (done.action) " " (count(done.events))
                    }
                }
            }
        }
    }

    /// The rest.
    pub fn details(&self) -> Markup {
        html! {
            @if !self.parts.is_empty() {
                section aria-labelledby="features" {
                    h2 id="features" { "Against its peers" }
                    p.hint { "Place: how many of the accounts that the version learned from have a lower value, or the same." }
                    (features(&self.parts[..self.parts.len().min(FIRST)]))
                    @if self.parts.len() > FIRST {
                        details { summary { "The other " (self.parts.len() - FIRST) } (features(&self.parts[FIRST..])) }
                    }
                }
            }
            section aria-labelledby="group" { h2 id="group" { "With whom" } (self.network()) }
            section aria-labelledby="labels" { h2 id="labels" { "What has been said of it" } (history(&self.labels)) }
        }
    }

    fn reasons(&self, score: Option<&StoredScore>, detector: &str) -> Markup {
        // Where a rule has decided, the model's parts explain nothing.
        let by_rules = score.is_some_and(|score| score.score.stage == "rules");
        let told: Vec<&Part> = self.parts.iter().filter(|_| !by_rules).take(IN_WORDS).collect();
        html! {
            section aria-labelledby="reasons" {
                h2 id="reasons" { "Why" }
                @if detector == "account" && !told.is_empty() {
                    ul.reasons { @for part in told { (in_words(part)) } }
                } @else if let Some(reasons) = score.and_then(|score| score.score.reasons.as_ref()).filter(|all| !all.is_empty()) {
                    ul.reasons { @for reason in reasons { li { (reason) } } }
                } @else {
                    p.nothing { "No reasons are stored." }
                }
            }
        }
    }

    fn network(&self) -> Markup {
        let found = |name: &str| self.account.network.as_ref().and_then(|found| found.get(name)?.as_f64());
        html! {
            @match &self.account.network {
                None => p.nothing { "It has not been compared with others: " code { "botdet_compare_accounts()" } " does that." },
                Some(_) => dl.facts {
                    (fact("acts in step with", found("lockstep_accounts").map(others)))
                    (fact("how much", found("lockstep_score").map(format::share)))
                    (fact("same texts as", found("copy_accounts").map(others)))
                    (fact("copied texts", found("copied_rate").map(format::share)))
                    (fact("share a device", found("shared_device_degree").map(others)))
                    (fact("share an address", found("shared_ip_degree").map(others)))
                },
            }
            @match self.group.as_ref().map(|group| &group.members) {
                None => {},
                Some(None) => p.hint { "There is too much activity to look up the members here; " code { "botdet_lockstep()" } " lists them." },
                Some(Some(members)) if members.is_empty() => p.hint { "In the week up to its last event it was in no group." },
                Some(Some(members)) => {
                    p.hint { "In step with it in the week up to its last event; the figures above are of the whole time that was compared." }
                    (group(members))
                },
            }
        }
    }
}

fn others(number: f64) -> String {
    format!("{} {}", format::number(number), if number == 1.0 { "other" } else { "others" })
}

fn fact(name: &str, value: Option<String>) -> Markup {
    html! { div { dt { (name) } dd { @match value { Some(value) => (value), None => (absent()) } } } }
}

fn who(profile: &Map<String, Value>) -> Markup {
    let written = |name: &str| match profile.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.is_empty() => Some("(empty)".to_owned()),
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Bool(value)) => Some(if *value { "yes" } else { "no" }.to_owned()),
        Some(value) => Some(value.as_f64().map_or_else(|| value.to_string(), format::number)),
    };
    let day = |name: &str| written(name).map(|text| text.chars().take(10).collect::<String>());
    html! {
        dl.facts {
            (fact("key", written("account_key")))
            (fact("name", written("username").or_else(|| written("display_name"))))
            (fact("says of itself", written("description")))
            (fact("created", day("created_at")))
            (fact("followers", written("followers")))
            (fact("following", written("following")))
            (fact("verified", written("is_verified")))
            (fact("region", written("region")))
            (fact("language", written("language")))
        }
    }
}

fn judgement(stored: &StoredScore) -> Markup {
    let score = &stored.score;
    html! {
        div.judgement {
            p.figure { (verdict(score.is_bot)) " " (share(score.bot_probability)) }
            @if let (Some(probability), Some(low), Some(high)) = (score.bot_probability, score.probability_low, score.probability_high) {
                (interval(probability, low, high))
            }
            p.hint {
                "by detector " (stored.detector) ", " (text(score.model_version.as_deref().or(Some("rules")))) ", stage " (score.stage) ", "
                (time(score.scored_at))
                @if let (Some(low), Some(high)) = (score.probability_low, score.probability_high) {
                    "; between " (format::share(low)) " and " (format::share(high)) " with 95 % confidence"
                }
                @if let Some(unusual) = score.anomaly_score { "; more unusual than " (format::share(unusual)) " of accounts" }
                "."
            }
        }
    }
}

/// A probability and its interval on a line from 0 to 1.
fn interval(probability: f64, low: f64, high: f64) -> Markup {
    let at = |value: f64| format!("{:.2}", value.clamp(0.0, 1.0) * 200.0);
    html! {
        svg.interval-line viewBox="0 0 200 12" aria-hidden="true" {
            line.axis x1="0" y1="6" x2="200" y2="6" {}
            line.whisker x1=(at(low)) y1="6" x2=(at(high)) y2="6" {}
            circle.mark cx=(at(probability)) cy="6" r="4" {}
        }
    }
}

/// A feature as people say it.
fn name(feature: &str) -> String {
    match feature {
        "anomaly" => "how unusual it is as a whole".to_owned(),
        "sequence of events" => "the order of its events".to_owned(),
        feature => feature.replace('_', " "),
    }
}

fn with_unit(value: f64, unit: Option<&str>) -> String {
    match unit {
        Some("s") if value >= 1.0 => format::seconds(value),
        Some(unit) if !unit.is_empty() => format!("{} {unit}", format::number(value)),
        _ => format::number(value),
    }
}

fn in_words(part: &Part) -> Markup {
    let contribution = part.contribution.unwrap_or_default();
    let strength = match contribution.abs() {
        size if size >= 1.0 => "strongly ",
        size if size >= 0.3 => "",
        _ => "weakly ",
    };
    let side = if contribution > 0.0 { "for a bot" } else { "for a human" };
    html! {
        li.for-bot[contribution > 0.0].for-human[contribution <= 0.0] {
            strong { (name(&part.feature)) }
            @match part.value {
                Some(value) => { " is " (with_unit(value, part.unit.as_deref())) }
                None if part.typical.is_some() => " is not known",
                None => {},
            }
            @if let Some(typical) = part.typical { ", typically " (with_unit(typical, part.unit.as_deref())) }
            @match part.percentile {
                Some(place) if place >= 0.5 => { ", as high as that of " (format::share(place)) " of accounts or higher" },
                Some(place) => { ", lower than that of " (format::share(1.0 - place)) " of accounts" },
                None => {},
            }
            ": speaks " (strength) (side) "."
        }
    }
}

fn features(parts: &[Part]) -> Markup {
    let heads = [
        ("feature", false),
        ("value", true),
        ("typical", true),
        ("place among peers", false),
        ("log-odds", true),
    ];
    let rows = html! {
        @for part in parts {
            tr {
                th scope="row" { (name(&part.feature)) }
                td.number { @match part.value { Some(value) => (with_unit(value, part.unit.as_deref())), None => (absent()) } }
                td.number { @match part.typical { Some(value) => (with_unit(value, part.unit.as_deref())), None => (absent()) } }
                td { @match part.percentile { Some(place) => (place_bar(place)), None => (absent()) } }
                td.number { @match part.contribution { Some(value) => (format::signed(value, 2)), None => (absent()) } }
            }
        }
    };
    table("Features against peers", &heads, rows)
}

fn place_bar(place: f64) -> Markup {
    let x = format!("{:.2}", place.clamp(0.0, 1.0) * 90.0 + 3.0);
    html! {
        span.place {
            svg.spark viewBox="0 0 96 18" aria-hidden="true" {
                line.axis x1="3" y1="9" x2="93" y2="9" {}
                circle.mark cx=(x) cy="9" r="4" {}
            }
            (format::share(place))
        }
    }
}

fn stretches(timeline: &Timeline) -> Markup {
    html! {
        @if timeline.hours.is_empty() {
            p.nothing { "It has no events." }
        } @else if timeline.unusual.is_empty() {
            p.hint { "No stretch of hours is unusual for it." }
        } @else {
            ul.reasons {
                @for stretch in timeline.unusual.iter().take(6) {
                    li.for-bot { (time(stretch.from_hour)) " to " (time(timeline::end_of(stretch))) ": " (timeline::in_words(stretch)) }
                }
            }
        }
    }
}

fn latest(events: &[Event]) -> Markup {
    let heads = [("when", false), ("what", false), ("text", false), ("to", false), ("device", false)];
    let rows = html! {
        @for event in events {
            tr {
                td { (time(event.occurred_at)) }
                td { (event.action) }
                td.said { (text(event.content.as_deref().map(shortened).as_deref())) }
                td { (text(event.target.as_deref())) }
                td { (text(event.device.as_deref())) @if let Some(country) = &event.country { " " small.soft { (country) } } }
            }
        }
    };
    table("What it did last", &heads, rows)
}

fn shortened(text: &str) -> String {
    let mut letters = text.chars();
    let beginning: String = letters.by_ref().take(LETTERS).collect();
    if letters.next().is_some() { beginning + "…" } else { beginning }
}

/// What it drew, metric by metric.
fn drawn(engagement: &Engagement) -> Markup {
    type Metric = (&'static str, fn(&EngagementHour) -> Option<i64>);
    let metrics: [Metric; 4] = [
        ("views", |hour| hour.views),
        ("likes", |hour| hour.likes),
        ("comments", |hour| hour.comments),
        ("shares", |hour| hour.shares),
    ];
    html! {
        div.plots { @for (metric, value) in metrics { (timeline::engagement(metric, value, engagement)) } }
        @if engagement.windows.is_empty() {
            p.hint { "No hours of its engagement stand out." }
        } @else {
            ul.reasons {
                @for window in &engagement.windows {
                    li.for-bot[window.likely_attack.is_some()] {
                        strong { (window.metric) } " " (time(window.from_hour)) " to " (time(window.to_hour)) ", "
                        (timeline::window_in_words(window))
                    }
                }
            }
        }
    }
}

fn group(members: &[accounts::Member]) -> Markup {
    let heads = [("member", false), ("likeness", true), ("occasions", true), ("judged", false)];
    let rows = html! {
        @for member in members {
            tr {
                th scope="row" { a href={ "/accounts/" (member.account_id) } { (text(member.account_key.as_deref().or(Some(&member.account_id.to_string())))) } }
                td.number { (share(Some(member.similarity))) }
                td.number { (count(member.occasions)) }
                td { (verdict(member.is_bot)) " " (share(member.bot_probability)) }
            }
        }
    };
    table("Members of its group", &heads, rows)
}

fn history(labels: &LabelHistory) -> Markup {
    if labels.labels.is_empty() {
        return html! { p.nothing { "Nothing, or nothing that should sway whoever reviews it now." } };
    }
    let heads = [("when", false), ("detector", false), ("label", false), ("reason", false), ("by", false)];
    let rows = html! {
        @for label in &labels.labels {
            tr {
                td { (time(label.labelled_at)) }
                td { (label.detector) }
                td { (verdict(Some(label.is_bot))) @if let Some(strategy) = &label.strategy { " " (strategy) } @if !label.holds { " " small.soft { "no longer" } } }
                td { (text(label.reason.as_deref())) @if let Some(note) = &label.note { br; small { (note) } } }
                td { (label.labelled_by) }
            }
        }
    };
    table("Labels", &heads, rows)
}

/// The other scores of an account.
pub fn other_scores(scores: &[StoredScore], shown: &str) -> Markup {
    let others: Vec<&StoredScore> = scores.iter().filter(|score| score.detector != shown).collect();
    html! {
        @if !others.is_empty() {
            section aria-labelledby="others" {
                h2 id="others" { "The same number at other detectors" }
                p.hint { "Of this account where they judge accounts; posts, links and rows of other tables have numbers of their own." }
                @for score in others {
                    p { strong { (score.detector) } ": " (verdict(score.score.is_bot)) " " (share(score.score.bot_probability))
                        @if let Some(unusual) = score.score.anomaly_score { ", anomaly " (number(Some(unusual))) } }
                }
            }
        }
    }
}
