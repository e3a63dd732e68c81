//! `/settings`: from where on a score counts, the rules, and how a detector learns on, is reviewed and is watched. Everybody sees them;
//! administrators change them, and are refused when somebody else has done so meanwhile.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::gate::FIELD;
use super::layout::{Viewer, see};
use super::parts::{choice, number, seen, segment, sentence, table, typed_number};
use super::rules;
use crate::controllers::deployments;
use crate::controllers::rules::{self as all_rules, Rule};
use crate::controllers::settings::{self, AlertRule, Settings, Watch};
use crate::error::ApiError;
use crate::extract::{Form, Json, Path, Query};
use crate::session::Session;

/// Field of the forms that says what was seen.
const TAG: &str = "tag";

/// What is typed for a setting.
enum Kind {
    Number,
    Whole,
    Truth,
    Choice(&'static [&'static str]),
    /// As PostgreSQL reads it.
    Interval,
    Object,
}

/// A setting: its name, what it is, what is typed.
type Setting = (&'static str, &'static str, Kind);

/// Settings that are changed together.
struct Section {
    name: &'static str,
    title: &'static str,
    settings: &'static [Setting],
}

const SECTIONS: [Section; 4] = [
    Section {
        name: "scoring",
        title: "Scoring",
        settings: &[
            (
                "threshold",
                "probability from which it is a bot; the version's own where none is set",
                Kind::Number,
            ),
            (
                "automatic_threshold",
                "probability from which a bot may be acted upon without review; the version's own where none is set",
                Kind::Number,
            ),
            (
                "base_rate",
                "share of bots among what is scored, where it is another than in the training",
                Kind::Number,
            ),
            (
                "insert_mode",
                "what an insert does: inline, all stages before it commits; filter, stage 1, and the unsure are queued; queue, all are; off, nothing",
                Kind::Choice(&["inline", "filter", "queue", "off"]),
            ),
        ],
    },
    Section {
        name: "learning",
        title: "Learning on",
        settings: &[
            ("retrains", "whether trainings that are due begin by themselves", Kind::Truth),
            (
                "promotes",
                "whether a candidate that has proved itself becomes the champion by itself",
                Kind::Truth,
            ),
            (
                "update_labels",
                "new labels after which the filter goes on learning between two trainings",
                Kind::Whole,
            ),
            (
                "margin",
                "by how much a candidate's balanced Brier score may be worse where it need not be better",
                Kind::Number,
            ),
            ("shadow_accounts", "accounts that a candidate must have scored in shadow", Kind::Whole),
            ("shadow_interval", "how long it must have been in shadow", Kind::Interval),
            (
                "most_flagged_ratio",
                "how many times as many accounts as the champion it may call bots, and how few",
                Kind::Number,
            ),
            (
                "probation_interval",
                "how long the champion before is compared with it once it answers",
                Kind::Interval,
            ),
            ("parameters", "settings of trainings that begin by themselves, as JSON", Kind::Object),
        ],
    },
    Section {
        name: "feedback",
        title: "Review and retraining",
        settings: &[
            (
                "exploration_share",
                "share of the scored accounts that are drawn for review at random",
                Kind::Number,
            ),
            ("uncertain_share", "share of the queue for the most uncertain accounts", Kind::Number),
            ("golden_share", "golden items that are mixed in, for each other account", Kind::Number),
            (
                "second_review_share",
                "share of the decisions that somebody else has to agree with",
                Kind::Number,
            ),
            (
                "least_trust",
                "trust below which every decision of a reviewer takes somebody else to agree",
                Kind::Number,
            ),
            ("retrain_labels", "new labels after which retraining is due", Kind::Whole),
            ("retrain_interval", "time since the last training after which it is due", Kind::Interval),
            ("least_retrain_labels", "new labels without which time alone does not make it due", Kind::Whole),
        ],
    },
    Section {
        name: "drift",
        title: "Drift",
        settings: &[
            ("sample", "accounts or rows that are counted a day, about", Kind::Whole),
            ("least_rows", "rows below which nothing is concluded", Kind::Whole),
        ],
    },
];

/// Which detector, and what was done last.
#[derive(Debug, Deserialize)]
pub struct DetectorQuery {
    detector: Option<String>,
    done: Option<String>,
}

/// What the page shows.
struct Sheet {
    detectors: Vec<String>,
    detector: String,
    settings: Settings,
    tag: String,
    rules: Vec<Rule>,
}

/// What was typed into a section, and why it was refused.
struct Refused<'a> {
    section: &'a str,
    typed: &'a [(String, String)],
    problem: String,
}

/// The settings of a detector.
pub async fn show(
    session: Session,
    viewer: Viewer,
    Query(query): Query<DetectorQuery>,
) -> Result<Response, ApiError> {
    let sheet = Sheet::read(&session, query.detector.unwrap_or_else(|| "account".to_owned())).await?;
    sheet.page(&viewer, query.done.is_some(), None)
}

/// Changes one section; shows the form again with what is wrong.
pub async fn change(
    session: Session,
    viewer: Viewer,
    Path((detector, section)): Path<(String, String)>,
    Form(mut typed): Form<Vec<(String, String)>>,
) -> Result<Response, ApiError> {
    let section = SECTIONS.iter().find(|one| one.name == section).ok_or(ApiError::NotFound)?;
    // Before what is typed may end the transaction.
    let sheet = Sheet::read(&session, detector.clone()).await?;
    let tag = typed.iter().find(|(name, _)| name == TAG).map_or("", |(_, tag)| tag.as_str()).to_owned();
    typed.retain(|(name, _)| name != TAG && name != FIELD);
    match section.write(session, &detector, &tag, &typed).await {
        Ok(()) => Ok(see(&format!("/settings?detector={}&done=1", segment(&detector)))),
        Err(error) => match error.mendable() {
            Some((status, problem)) => {
                // Who has to look at what is there now must see it.
                let typed = if status == StatusCode::PRECONDITION_FAILED { &[] } else { typed.as_slice() };
                let refused = Refused { section: section.name, typed, problem };
                Ok((status, sheet.page(&viewer, false, Some(&refused))?).into_response())
            }
            None => Err(error),
        },
    }
}

impl Section {
    async fn write(
        &self,
        session: Session,
        detector: &str,
        tag: &str,
        typed: &[(String, String)],
    ) -> Result<(), ApiError> {
        let (detector, headers) = (Path(detector.to_owned()), seen(tag)?);
        let values = self.values(typed)?;
        match self.name {
            "scoring" => settings::scoring(session, detector, headers, parsed(values)?).await,
            "learning" => settings::learning(session, detector, headers, parsed(values)?).await,
            "feedback" => settings::feedback(session, detector, headers, parsed(values)?).await,
            _ => settings::drift(session, detector, headers, parsed(values)?).await,
        }
        .map(drop)
    }

    /// What is typed as JSON. What is left empty is not set.
    fn values(&self, typed: &[(String, String)]) -> Result<Map<String, Value>, ApiError> {
        let mut values = Map::new();
        for (name, text) in typed {
            let Some((_, _, kind)) = self.settings.iter().find(|(known, ..)| known == name) else { continue };
            let text = text.trim();
            if !text.is_empty() {
                let value = kind.value(text).map_err(|wanted| {
                    ApiError::Unprocessable(format!("{name} must be {wanted}, not {text}"))
                })?;
                values.insert(name.clone(), value);
            }
        }
        Ok(values)
    }
}

fn parsed<T: DeserializeOwned>(values: Map<String, Value>) -> Result<Json<T>, ApiError> {
    serde_json::from_value(Value::Object(values))
        .map(Json)
        .map_err(|error| ApiError::Unprocessable(error.to_string()))
}

impl Kind {
    fn value(&self, text: &str) -> Result<Value, &'static str> {
        match self {
            Self::Number => typed_number(text).map(Value::from).ok_or("a number"),
            Self::Whole => text.parse::<i32>().map(Value::from).map_err(|_| "a whole number"),
            Self::Truth => text.parse::<bool>().map(Value::from).map_err(|_| "true or false"),
            Self::Object => serde_json::from_str::<Map<String, Value>>(text)
                .map(Value::from)
                .map_err(|_| "an object of JSON"),
            Self::Choice(_) | Self::Interval => Ok(text.into()),
        }
    }

    /// What there is to choose from.
    fn options(&self) -> Option<&'static [&'static str]> {
        match self {
            Self::Choice(options) => Some(options),
            Self::Truth => Some(&["true", "false"]),
            _ => None,
        }
    }
}

/// A value as it is read.
fn named(value: &str) -> &str {
    match value {
        "true" => "yes",
        "false" => "no",
        other => other,
    }
}

impl Sheet {
    async fn read(session: &Session, detector: String) -> Result<Self, ApiError> {
        let (settings, tag) = settings::find(session, &detector).await?;
        let detectors = deployments::names(session).await?;
        let rules = all_rules::list(session.clone(), Path(detector.clone())).await?.0.rules;
        Ok(Self { detectors, detector, settings, tag, rules })
    }

    fn page(
        &self,
        viewer: &Viewer,
        is_done: bool,
        refused: Option<&Refused<'_>>,
    ) -> Result<Response, ApiError> {
        let current =
            serde_json::to_value(&self.settings).map_err(|_| ApiError::Internal("settings are no JSON"))?;
        let [scoring, others @ ..] = &SECTIONS;
        let body = html! {
            h1 { "Settings" }
            (choice("/settings", &[("detector", "Detector", self.detectors.clone(), &self.detector)]))
            @if is_done { p.done role="status" { "The settings are kept. Stored scores stay as they are until they are made again." } }
            (self.section(viewer, scoring, &current, refused))
            h2 { "Rules" }
            (rules::listed(&self.rules))
            @if viewer.administers() { p { a.button.quiet href=(rules::address(&self.detector, None)) { "Write a rule…" } } }
            @for section in others { (self.section(viewer, section, &current, refused)) }
            h2 { "Watch" }
            (watched(self.settings.watch.as_ref()))
            (alerts(&self.settings.alert_rules))
            p.hint { "Watches and alerts are set by " a href="/docs" { "the API" } ", or by " code { "botdet_watch()" } " and "
                code { "botdet_watch_drift()" } "." }
        };
        Ok(viewer.page("Settings", "/settings", body))
    }

    fn section(
        &self,
        viewer: &Viewer,
        section: &Section,
        current: &Value,
        refused: Option<&Refused<'_>>,
    ) -> Markup {
        let refused = refused.filter(|refused| refused.section == section.name);
        let value = |name: &str| {
            let typed = refused.and_then(|refused| refused.typed.iter().find(|(typed, _)| typed == name));
            typed.map_or_else(|| shown(&current[section.name][name]), |(_, text)| text.clone())
        };
        html! {
            h2 id=(section.name) { (section.title) }
            @if let Some(refused) = refused { div.problem role="alert" { p { (sentence(&refused.problem)) } } }
            @if viewer.administers() {
                form.sheet method="post" action={ "/settings/" (segment(&self.detector)) "/" (section.name) } {
                    (viewer.csrf())
                    input type="hidden" name=(TAG) value=(self.tag);
                    div.fields { @for setting in section.settings { (field(section, setting, &value(setting.0))) } }
                    button aria-label={ "Keep the settings of " (section.title) } { "Keep" }
                }
            } @else {
                @let rows = html! {
                    @for (name, meaning, _) in section.settings {
                        tr {
                            th scope="row" { (name) }
                            td { (super::parts::text(Some(named(&value(name))))) }
                            td { (meaning) }
                        }
                    }
                };
                (table(section.title, &[("setting", false), ("value", false), ("meaning", false)], rows))
            }
        }
    }
}

fn field(section: &Section, (name, meaning, kind): &Setting, value: &str) -> Markup {
    let id = format!("{}-{name}", section.name);
    let hint = format!("{id}-hint");
    let inputmode = match kind {
        Kind::Number => Some("decimal"),
        Kind::Whole => Some("numeric"),
        _ => None,
    };
    html! {
        div.field {
            label for=(id) { (name) }
            @match kind.options() {
                Some(options) => select id=(id) name=(name) aria-describedby=(hint) {
                    @for option in options { option value=(option) selected[*option == value] { (named(option)) } }
                },
                None => input id=(id) name=(name) value=(value) inputmode=[inputmode] autocomplete="off" aria-describedby=(hint);,
            }
            p.hint id=(hint) { (meaning) }
        }
    }
}

/// A value as it is typed.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn watched(watch: Option<&Watch>) -> Markup {
    html! {
        p {
            @match watch {
                Some(watch) => {
                    "The champion is rolled back when its " (watch.metric) " is under " (number(Some(watch.lowest)))
                    " on at least " (watch.labels) " labels told since it answers."
                }
                None => "The champion is not watched: nothing rolls it back when labels go against it.",
            }
        }
    }
}

fn alerts(rules: &[AlertRule]) -> Markup {
    if rules.is_empty() {
        return html! { p { "No drift raises an alert." } };
    }
    let heads = [
        ("measure", false),
        ("groups", false),
        ("raised from", true),
        ("cleared below", true),
        ("days", true),
    ];
    let rows = html! {
        @for rule in rules {
            tr {
                th scope="row" { (rule.measure) }
                td { (rule.slice_by) }
                td.number { (number(Some(rule.raise_from))) }
                td.number { (number(Some(rule.clear_below))) }
                td.number { (rule.days) }
            }
        }
    };
    table("Alerts", &heads, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(section: usize, typed: &[(&str, &str)]) -> Result<String, String> {
        let typed: Vec<(String, String)> =
            typed.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        SECTIONS[section]
            .values(&typed)
            .map(|values| Value::Object(values).to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_typed_is_read_by_its_kind() {
        let typed = [
            ("margin", "0,01"),
            ("retrains", "false"),
            ("update_labels", " 7 "),
            ("shadow_interval", "2 days"),
        ];
        assert_eq!(
            values(1, &typed),
            Ok(r#"{"margin":0.01,"retrains":false,"shadow_interval":"2 days","update_labels":7}"#.to_owned())
        );
        assert_eq!(values(1, &[("margin", ""), ("charm", "7")]), Ok("{}".to_owned()));
        assert_eq!(
            values(1, &[("parameters", r#"{"trees": "forest"}"#)]),
            Ok(r#"{"parameters":{"trees":"forest"}}"#.to_owned())
        );
    }

    #[test]
    fn what_is_no_value_is_named_with_its_name() {
        let refused = |name: &str, text: &str| values(1, &[(name, text)]).err().unwrap_or_default();
        assert_eq!(refused("margin", "little"), "margin must be a number, not little");
        assert_eq!(refused("margin", "inf"), "margin must be a number, not inf");
        assert_eq!(refused("update_labels", "1.5"), "update_labels must be a whole number, not 1.5");
        assert_eq!(refused("parameters", "[]"), "parameters must be an object of JSON, not []");
    }
}
