//! `/score`: features typed by hand, of any detector, and what it makes of them.

use axum::response::Response;
use botdet_loader::report::format;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::gate::FIELD;
use super::layout::Viewer;
use super::parts::{choice, sentence, share, text, typed_number, verdict};
use crate::controllers::deployments;
use crate::controllers::scores::{self, Input, RowToScore, Score};
use crate::error::ApiError;
use crate::extract::{Form, Json, Path, Query};
use crate::session::Session;

/// Field of the form that names the detector. No feature begins with a colon.
const DETECTOR: &str = ":detector";
/// Inputs shown at once; the others unfold. The core features of accounts are as many.
const FIRST: usize = 21;

/// Which detector.
#[derive(Debug, Deserialize)]
pub struct DetectorQuery {
    detector: Option<String>,
}

/// A detector's inputs, and what was typed.
struct Sheet {
    detectors: Vec<String>,
    detector: String,
    inputs: Vec<Input>,
    typed: Vec<(String, String)>,
    /// Message by input.
    problems: Vec<(String, String)>,
}

/// The empty form.
pub async fn form(
    session: Session,
    viewer: Viewer,
    Query(query): Query<DetectorQuery>,
) -> Result<Response, ApiError> {
    let sheet =
        Sheet::of(&session, query.detector.unwrap_or_else(|| "account".to_owned()), Vec::new()).await?;
    Ok(sheet.page(&viewer, None))
}

/// The form again, with the score or with what is wrong.
pub async fn answer(
    session: Session,
    viewer: Viewer,
    Form(mut fields): Form<Vec<(String, String)>>,
) -> Result<Response, ApiError> {
    let detector =
        fields.iter().find(|(name, _)| name == DETECTOR).map_or("account", |(_, value)| value.as_str());
    let detector = detector.to_owned();
    fields.retain(|(name, value)| name != DETECTOR && name != FIELD && !value.trim().is_empty());
    // 1. Everything that is shown, before what is typed may end the transaction.
    let mut sheet = Sheet::of(&session, detector, fields).await?;

    // 2. Texts into values.
    let (features, problems) = values(&sheet.inputs, &sheet.typed);
    if !problems.is_empty() {
        sheet.problems = problems;
        return Ok(sheet.refused(&viewer));
    }
    if features.is_empty() {
        sheet.problems.push((String::new(), "Nothing is typed: at least one value is asked for.".to_owned()));
        return Ok(sheet.refused(&viewer));
    }

    // 3. The score, or what the database finds wrong.
    let row = RowToScore { detector: sheet.detector.clone(), features };
    match scores::of_row(session, Json(row)).await {
        Ok(score) => Ok(sheet.page(&viewer, Some(&score.0))),
        Err(ApiError::Refused { status, message, .. }) if status.as_u16() == 422 => {
            sheet.blame(&message);
            Ok(sheet.refused(&viewer))
        }
        Err(error) => Err(error),
    }
}

/// What is typed as JSON, and a message for each text that stands for no value of its kind.
fn values(inputs: &[Input], typed: &[(String, String)]) -> (Map<String, Value>, Vec<(String, String)>) {
    let mut features = Map::new();
    let mut problems = Vec::new();
    for (name, text) in typed {
        let kind =
            inputs.iter().find(|input| input.feature == *name).map_or("text", |input| input.kind.as_str());
        let text = text.trim();
        let value = match (kind, text) {
            ("boolean", "true") => Ok(Value::Bool(true)),
            ("boolean", "false") => Ok(Value::Bool(false)),
            ("boolean", _) => Err("yes or no"),
            ("number", _) => typed_number(text).map(Value::from).ok_or("a number"),
            _ => Ok(Value::String(text.to_owned())),
        };
        match value {
            Ok(value) => {
                features.insert(name.clone(), value);
            }
            Err(wanted) => problems.push((name.clone(), format!("{name} must be {wanted}, not {text}."))),
        }
    }
    (features, problems)
}

/// What a detector can be told; nothing is known of that of a table without a version.
pub async fn inputs_of(session: &Session, detector: &str) -> Result<Vec<Input>, ApiError> {
    match scores::inputs(session.clone(), Path(detector.to_owned())).await {
        Ok(inputs) => Ok(inputs.0.inputs),
        Err(ApiError::Missing(_)) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

impl Sheet {
    async fn of(session: &Session, detector: String, typed: Vec<(String, String)>) -> Result<Self, ApiError> {
        let detectors = deployments::detectors(session.clone()).await?.0.detectors;
        let inputs = inputs_of(session, &detector).await?;
        let detectors = detectors.into_iter().map(|one| one.detector).collect();
        Ok(Self { detectors, detector, inputs, typed, problems: Vec::new() })
    }

    /// Puts a message beside the input that it names.
    fn blame(&mut self, message: &str) {
        let names = |input: &&Input| {
            message.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == input.feature)
        };
        let blamed = self.inputs.iter().find(names).map(|input| input.feature.clone()).unwrap_or_default();
        self.problems.push((blamed, sentence(message)));
    }

    fn refused(&self, viewer: &Viewer) -> Response {
        let mut response = self.page(viewer, None);
        *response.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
        response
    }

    fn page(&self, viewer: &Viewer, score: Option<&Score>) -> Response {
        let (first, others) = self.inputs.split_at(self.inputs.len().min(FIRST));
        let asks_more = others.iter().any(|input| !self.typed_for(input).is_empty());
        let body = html! {
            h1 { "Score by hand" }
            (choice("/score", &[("detector", "Detector", self.detectors.clone(), &self.detector)]))
            @if !self.problems.is_empty() {
                div.problem role="alert" { @for (_, problem) in &self.problems { p { (problem) } } }
            }
            @if let Some(score) = score { (answered(score)) }
            @if self.inputs.is_empty() {
                p.nothing { "What can be typed is known once a version of it is active." }
            } @else {
                form.sheet method="post" action="/score" {
                    (viewer.csrf())
                    input type="hidden" name=(DETECTOR) value=(self.detector);
                    p.hint { "What is left empty is missing." }
                    div.fields { @for input in first { (self.field(input)) } }
                    @if !others.is_empty() {
                        details open[asks_more] {
                            summary { "The other " (others.len()) }
                            div.fields { @for input in others { (self.field(input)) } }
                        }
                    }
                    button { "Score" }
                }
            }
        };
        viewer.page("Score", "/score", body)
    }

    fn typed_for(&self, input: &Input) -> &str {
        self.typed.iter().find(|(name, _)| *name == input.feature).map_or("", |(_, text)| text.as_str())
    }

    fn field(&self, input: &Input) -> Markup {
        let name = &input.feature;
        let typed = self.typed_for(input);
        let is_wrong = self.problems.iter().any(|(blamed, _)| blamed == name);
        let hint = format!("{name}-hint");
        let options: Option<Vec<(&str, &str)>> = match (input.kind.as_str(), &input.levels) {
            ("boolean", _) => Some(vec![("true", "yes"), ("false", "no")]),
            (_, Some(levels)) => Some(levels.iter().map(|level| (level.as_str(), level.as_str())).collect()),
            _ => None,
        };
        html! {
            div.field.wrong[is_wrong] {
                label for=(name) { (name) @if let Some(unit) = &input.unit { " " small.soft { (unit) } } }
                @match options {
                    Some(options) => select id=(name) name=(name) aria-describedby=(hint) aria-invalid=[is_wrong.then_some("true")] {
                        option value="" {}
                        @for (value, shown) in options { option value=(value) selected[value == typed] { (shown) } }
                    },
                    None => input id=(name) name=(name) value=(typed) inputmode=[(input.kind == "number").then_some("decimal")]
                        autocomplete="off" aria-describedby=(hint) aria-invalid=[is_wrong.then_some("true")];,
                }
                p.hint id=(hint) { (sentence(&range(input))) " " (sentence(input.meaning.as_deref().unwrap_or_default())) }
                @for (_, problem) in self.problems.iter().filter(|(blamed, _)| blamed == name) { p.wrong-text { (problem) } }
            }
        }
    }
}

fn range(input: &Input) -> String {
    // Bounds that bound nothing are not worth reading.
    let known = |value: Option<f64>| value.filter(|value| value.abs() < 1e15);
    match (known(input.low), known(input.high)) {
        (Some(low), Some(high)) => format!("{} to {}", format::number(low), format::number(high)),
        (Some(low), None) => format!("from {}", format::number(low)),
        (None, Some(high)) => format!("up to {}", format::number(high)),
        (None, None) => String::new(),
    }
}

fn answered(score: &Score) -> Markup {
    html! {
        section.judgement aria-labelledby="answer" role="status" {
            h2 id="answer" { "Score" }
            p.figure { (verdict(score.is_bot)) " " (share(score.bot_probability)) }
            p.hint {
                "by " (text(score.model_version.as_deref().or(Some("rules")))) ", stage " (score.stage)
                @if let (Some(low), Some(high)) = (score.probability_low, score.probability_high) {
                    "; between " (format::share(low)) " and " (format::share(high)) " with 95 % confidence"
                }
                @if let Some(unusual) = score.anomaly_score {
                    "; more unusual than " (format::share(unusual)) " of what it learned from"
                    @if score.is_anomaly == Some(true) { ", which is an anomaly" }
                }
                "."
            }
            @if let Some(reasons) = &score.reasons {
                ul.reasons { @for reason in reasons { li { (reason) } } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(feature: &str, kind: &str) -> Input {
        let feature = feature.to_owned();
        Input {
            feature,
            kind: kind.to_owned(),
            unit: None,
            low: None,
            high: None,
            levels: None,
            meaning: None,
        }
    }

    #[test]
    fn what_is_no_value_is_named_with_its_name() {
        let inputs =
            [input("burst_score", "number"), input("is_dofollow", "boolean"), input("hosting", "text")];
        let typed = |pairs: &[(&str, &str)]| {
            values(
                &inputs,
                &pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>(),
            )
        };
        let (features, problems) =
            typed(&[("burst_score", " 0,5 "), ("is_dofollow", "true"), ("hosting", "7")]);
        assert_eq!(
            Value::Object(features).to_string(),
            r#"{"burst_score":0.5,"hosting":"7","is_dofollow":true}"#
        );
        assert!(problems.is_empty());
        let (_, problems) = typed(&[("burst_score", "much"), ("is_dofollow", "maybe")]);
        let messages: Vec<&str> = problems.iter().map(|(_, message)| message.as_str()).collect();
        assert_eq!(
            messages,
            ["burst_score must be a number, not much.", "is_dofollow must be yes or no, not maybe."]
        );
        assert_eq!(typed(&[("burst_score", "NaN")]).1.len(), 1);
    }
}
