//! `/settings/{detector}/rules`: one rule, what it said before, and the form that writes it.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::layout::{Viewer, see};
use super::parts::{count, number, seen, segment, sentence, share, table, text, time, typed_number};
use super::score::inputs_of;
use crate::controllers::rules::{self, Caught, ConditionTrial, Rule, RuleText, VersionQuery};
use crate::controllers::scores::Input;
use crate::error::ApiError;
use crate::extract::{Form, Json, Path, Query};
use crate::session::Session;

/// What rules do.
const EFFECTS: [&str; 3] = ["evidence", "allow", "block"];

/// What the button says that keeps nothing.
const TRY: &str = "try";
/// Accounts that a condition is tried on, of each group.
const TRIED: i32 = 1000;

/// Where a rule is written, or a new one.
pub fn address(detector: &str, name: Option<&str>) -> String {
    let rules = format!("/settings/{}/rules", segment(detector));
    name.map_or_else(|| rules.clone(), |name| format!("{rules}/{}", segment(name)))
}

/// A table of the rules of a detector.
pub fn listed(rules: &[Rule]) -> Markup {
    if rules.is_empty() {
        return html! { p.nothing { "There are no rules." } };
    }
    let rows = html! {
        @for rule in rules {
            tr {
                th scope="row" { a href=(address(&rule.detector, Some(&rule.name))) { (rule.name) } }
                (said(rule))
                td { (time(rule.changed_at)) }
                td { (rule.changed_by) }
            }
        }
    };
    let heads = [
        ("rule", false),
        ("fires when", false),
        ("effect", false),
        ("weight", true),
        ("meaning", false),
        ("since", false),
        ("by", false),
    ];
    table("Rules", &heads, rows)
}

/// What all tables of rules tell.
fn said(rule: &Rule) -> Markup {
    html! {
        td.said { code { (rule.condition) } }
        td { @if rule.enabled { (rule.effect) } @else { span.absent { "off" } } }
        td.number { @if rule.effect == "evidence" { (number(Some(rule.weight))) } @else { (super::parts::absent()) } }
        td { (sentence(&rule.reason)) }
    }
}

/// What a condition would catch.
fn caught(groups: &[Caught]) -> Markup {
    let of = |part: i64, all: i64| (all > 0).then(|| part as f64 / all as f64);
    let rows = html! {
        @for group in groups {
            tr {
                th scope="row" { (group.among) }
                td.number { (count(group.accounts)) }
                td.number { (count(group.fires)) }
                td.number { (share(of(group.fires, group.accounts))) }
                td.number { (count(group.unknown)) }
                td {
                    @for (place, account) in group.examples.iter().enumerate() {
                        @if place > 0 { ", " }
                        a href={ "/accounts/" (account) } { (account) }
                    }
                }
            }
        }
    };
    let heads = [
        ("among", false),
        ("accounts", true),
        ("it fires for", true),
        ("share", true),
        ("values missing", true),
        ("such as", false),
    ];
    html! {
        h2 role="status" { "What it would catch" }
        p { "Nothing is kept yet. Of labels those told last are looked at, of scored accounts some drawn at random." }
        (table("What it would catch", &heads, rows))
    }
}

/// What the page of a rule shows beside the form.
struct Sheet {
    detector: String,
    /// The rule, and what it has said so far; none of a new one.
    rule: Option<(Rule, Vec<Rule>)>,
    inputs: Vec<Input>,
}

/// What is typed.
#[derive(Debug, Default, Deserialize)]
pub struct RuleForm {
    #[serde(default)]
    name: String,
    condition: String,
    effect: String,
    #[serde(default)]
    weight: String,
    reason: String,
    enabled: bool,
    /// ETag of what the page has shown.
    #[serde(default)]
    tag: String,
    /// try, where it is not to be kept yet.
    #[serde(default)]
    then: String,
}

impl RuleForm {
    fn of(rule: &Rule) -> Self {
        Self {
            name: rule.name.clone(),
            condition: rule.condition.clone(),
            effect: rule.effect.clone(),
            weight: rule.weight.to_string(),
            reason: rule.reason.clone(),
            enabled: rule.enabled,
            tag: rule.tag(),
            then: String::new(),
        }
    }

    fn text(&self) -> Result<RuleText, ApiError> {
        let weight = match self.weight.trim() {
            "" => rules::usual_weight(),
            text => typed_number(text)
                .ok_or_else(|| ApiError::Unprocessable(format!("weight must be a number, not {text}")))?,
        };
        Ok(RuleText {
            condition: self.condition.trim().to_owned(),
            effect: self.effect.clone(),
            weight,
            reason: self.reason.trim().to_owned(),
            enabled: self.enabled,
        })
    }
}

/// The form for a new rule.
pub async fn new(
    session: Session,
    viewer: Viewer,
    Path(detector): Path<String>,
) -> Result<Response, ApiError> {
    let sheet = Sheet::read(&session, detector, None).await?;
    let form = RuleForm {
        effect: "evidence".to_owned(),
        weight: rules::usual_weight().to_string(),
        enabled: true,
        ..RuleForm::default()
    };
    Ok(sheet.page(&viewer, &form, None, None))
}

/// One rule.
pub async fn one(
    session: Session,
    viewer: Viewer,
    Path((detector, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let rule = rules::find(&session, &detector, &name).await?;
    let sheet = Sheet::read(&session, detector, Some(rule)).await?;
    let form = sheet.rule.as_ref().map(|(rule, _)| RuleForm::of(rule)).unwrap_or_default();
    Ok(sheet.page(&viewer, &form, None, None))
}

/// Writes a new rule.
pub async fn add(
    session: Session,
    viewer: Viewer,
    Path(detector): Path<String>,
    Form(form): Form<RuleForm>,
) -> Result<Response, ApiError> {
    let sheet = Sheet::read(&session, detector, None).await?;
    if form.then != TRY && form.name.trim().is_empty() {
        return sheet.refused(&viewer, &form, ApiError::Unprocessable("the rule needs a name".to_owned()));
    }
    sheet.write(session, &viewer, form).await
}

/// Changes a rule.
pub async fn change(
    session: Session,
    viewer: Viewer,
    Path((detector, name)): Path<(String, String)>,
    Form(form): Form<RuleForm>,
) -> Result<Response, ApiError> {
    let rule = rules::find(&session, &detector, &name).await?;
    let sheet = Sheet::read(&session, detector, Some(rule)).await?;
    sheet.write(session, &viewer, RuleForm { name, ..form }).await
}

/// What was confirmed.
#[derive(Debug, Deserialize)]
pub struct DeletionForm {
    tag: String,
}

/// Deletes a rule.
pub async fn delete(
    session: Session,
    viewer: Viewer,
    Path((detector, name)): Path<(String, String)>,
    Form(form): Form<DeletionForm>,
) -> Result<Response, ApiError> {
    let rule = rules::find(&session, &detector, &name).await?;
    let sheet = Sheet::read(&session, detector.clone(), Some(rule)).await?;
    match rules::delete(session, Path((detector, name)), seen(&form.tag)?).await {
        Ok(_) => Ok(see(&sheet.settings_address())),
        Err(error) => {
            let shown = sheet.rule.as_ref().map(|(rule, _)| RuleForm::of(rule)).unwrap_or_default();
            sheet.refused(&viewer, &shown, error)
        }
    }
}

impl Sheet {
    async fn read(session: &Session, detector: String, rule: Option<Rule>) -> Result<Self, ApiError> {
        let inputs = inputs_of(session, &detector).await?;
        let rule = match rule {
            Some(rule) => {
                let of = Path((detector.clone(), rule.name.clone()));
                let query = VersionQuery { limit: Some(50), before: None };
                let versions = rules::versions(session.clone(), of, Query(query)).await?.0.versions;
                Some((rule, versions))
            }
            None => None,
        };
        Ok(Self { detector, rule, inputs })
    }

    fn settings_address(&self) -> String {
        format!("/settings?detector={}&done=1", segment(&self.detector))
    }

    async fn write(&self, session: Session, viewer: &Viewer, form: RuleForm) -> Result<Response, ApiError> {
        if form.then == TRY {
            let trial = ConditionTrial { condition: form.condition.trim().to_owned(), sample: TRIED };
            return match rules::try_condition(session, Path(self.detector.clone()), Json(trial)).await {
                Ok(tried) => Ok(self.page(viewer, &form, None, Some(&tried.0.groups))),
                Err(error) => self.refused(viewer, &form, error),
            };
        }
        let headers = match form.tag.as_str() {
            "" => Default::default(),
            tag => seen(tag)?,
        };
        let written = match form.text() {
            Ok(text) => {
                let of = Path((self.detector.clone(), form.name.trim().to_owned()));
                rules::write(session, of, headers, Json(text)).await
            }
            Err(error) => Err(error),
        };
        match written {
            Ok(_) => Ok(see(&self.settings_address())),
            // Without a tag it was to be new.
            Err(ApiError::PreconditionRequired) => {
                let problem = format!("there is a rule {} already", form.name.trim());
                self.refused(viewer, &form, ApiError::Unprocessable(problem))
            }
            Err(error) => self.refused(viewer, &form, error),
        }
    }

    /// The form again, with what is wrong. Who has to look at what is there now sees that.
    fn refused(&self, viewer: &Viewer, form: &RuleForm, error: ApiError) -> Result<Response, ApiError> {
        let Some((status, problem)) = error.mendable() else { return Err(error) };
        let page = match &self.rule {
            Some((rule, _)) if status == StatusCode::PRECONDITION_FAILED => {
                self.page(viewer, &RuleForm::of(rule), Some(&problem), None)
            }
            _ => self.page(viewer, form, Some(&problem), None),
        };
        Ok((status, page).into_response())
    }

    fn page(
        &self,
        viewer: &Viewer,
        form: &RuleForm,
        problem: Option<&str>,
        tried: Option<&[Caught]>,
    ) -> Response {
        let is_mine = self.rule.as_ref().is_some_and(|(rule, _)| rule.shipped == Some(false));
        let body = html! {
            h1 { @match &self.rule { Some((rule, _)) => { "Rule " (rule.name) } None => "A new rule" } }
            p.lead { "Of detector " strong { (self.detector) } "." @if let Some((rule, _)) = &self.rule { " " (sentence(&rule.reason)) } }
            @if let Some(problem) = problem { p.problem role="alert" { (sentence(problem)) } }
            @if let Some(groups) = tried { (caught(groups)) }
            @if viewer.administers() {
                (self.form(viewer, form))
                @if let (true, Some((rule, _))) = (is_mine, &self.rule) {
                    form method="post" action={ (address(&self.detector, Some(&rule.name))) "/deletion" } {
                        (viewer.csrf())
                        input type="hidden" name="tag" value=(rule.tag());
                        button.quiet { "Delete it" }
                    }
                }
                (self.names())
            }
            @if let Some((_, versions)) = &self.rule {
                h2 { "What it has said" }
                @let heads = [("version", true), ("fires when", false), ("effect", false), ("weight", true), ("meaning", false), ("since", false), ("by", false)];
                @let rows = html! {
                    @for version in versions {
                        tr { td.number { (version.version) } (said(version)) td { (time(version.changed_at)) } td { (version.changed_by) } }
                    }
                };
                (table("What it has said", &heads, rows))
            }
            p { a href={ "/settings?detector=" (segment(&self.detector)) } { "All settings" } }
        };
        viewer.page("Rule", "/settings", body)
    }

    fn form(&self, viewer: &Viewer, form: &RuleForm) -> Markup {
        // What is there now is what a second try is about.
        let there = self.rule.as_ref().map(|(rule, _)| (rule.name.as_str(), rule.tag()));
        html! {
            form.sheet.rule method="post" action=(address(&self.detector, there.as_ref().map(|(name, _)| *name))) {
                (viewer.csrf())
                @match &there {
                    Some((_, tag)) => input type="hidden" name="tag" value=(tag);,
                    None => div.field {
                        label for="name" { "Name" }
                        input id="name" name="name" required maxlength="63" pattern="[a-z][a-z0-9_]*" value=(form.name) aria-describedby="name-hint" autocomplete="off";
                        p.hint id="name-hint" { "a to z, 0 to 9 and _; it stands among the reasons of scores" }
                    },
                }
                div.field {
                    label for="condition" { "Fires when" }
                    textarea id="condition" name="condition" rows="3" required aria-describedby="condition-hint" { (form.condition) }
                    p.hint id="condition-hint" { "such as " code { "duplicate_rate >= 0.5 and not (followers > 1000 or account_age_days is missing)" } }
                }
                div.fields {
                    div.field {
                        label for="effect" { "Effect" }
                        select id="effect" name="effect" aria-describedby="effect-hint" {
                            @for effect in EFFECTS { option value=(effect) selected[effect == form.effect] { (effect) } }
                        }
                        p.hint id="effect-hint" { "evidence counts where no model answers; allow and block decide whatever a model says" }
                    }
                    div.field {
                        label for="weight" { "Weight of evidence" }
                        input id="weight" name="weight" inputmode="decimal" value=(form.weight) aria-describedby="weight-hint" autocomplete="off";
                        p.hint id="weight-hint" { "above -1 and below 1; below 0 it speaks for a human" }
                    }
                    div.field {
                        label for="enabled" { "Asked" }
                        select id="enabled" name="enabled" {
                            @for (value, shown) in [("true", "yes"), ("false", "no")] { option value=(value) selected[form.enabled.to_string() == value] { (shown) } }
                        }
                    }
                }
                div.field {
                    label for="reason" { "What it means when it fires" }
                    input id="reason" name="reason" required maxlength="300" value=(form.reason);
                }
                div.choice {
                    button { "Keep" }
                    // Rows of tables are tried where they are.
                    @if self.detector == "account" { button.quiet name="then" value=(TRY) formnovalidate { "Try it on accounts" } }
                }
            }
        }
    }

    /// What a condition may name.
    fn names(&self) -> Markup {
        let rows = html! {
            @for input in &self.inputs {
                tr {
                    th scope="row" { code { (input.feature) } }
                    td { (input.kind) }
                    td { (text(input.meaning.as_deref())) @if let Some(unit) = &input.unit { " " small.soft { (unit) } } }
                }
            }
        };
        html! {
            @if !self.inputs.is_empty() {
                details {
                    summary { "What a condition may name" }
                    (table("What a condition may name", &[("name", false), ("kind", false), ("meaning", false)], rows))
                }
            }
        }
    }
}
