//! The page: head, contents, sections, and the data once more for programs.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::ReportError;
use super::data::{Header, Report};
use super::parts::Section;
use super::{plot, sections, text};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("sort.js");

/// Writes the page. It needs nothing but itself: no network, no fonts, and no script to be read.
///
/// The data stand in it as JSON, in `<script type="application/json" id="report-data">`.
///
/// # Errors
/// [`ReportError::Json`].
pub fn page(report: &Report) -> Result<String, ReportError> {
    let data = embedded(&serde_json::to_string(report)?);
    let sections = sections::all(report);
    let name = format!("{} {}", text::clean(&report.header.detector), text::clean(&report.header.version));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content="botdet report";
                title { (name) " · botdet report" }
                style { (PreEscaped(plot::STYLE)) (PreEscaped(STYLE)) }
            }
            body {
                nav aria-label="Contents" { (contents(&sections)) }
                main {
                    (header(&report.header))
                    (warnings(&sections))
                    @for part in &sections { (section(part)) }
                    footer { "Written by botdet " (text::clean(&report.header.code_version)) "." }
                }
                script type="application/json" id="report-data" { (PreEscaped(data)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(page.into_string())
}

/// JSON that cannot end the element it stands in, nor open a comment there.
fn embedded(json: &str) -> String {
    json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}

fn contents(sections: &[Section]) -> Markup {
    html! {
        a.home href="#top" { "botdet" }
        ol {
            @for part in sections {
                li {
                    a href=(format!("#{}", part.id)) {
                        (part.title)
                        @if !part.warnings.is_empty() { span.flag title="something to look at" { "!" } }
                    }
                }
            }
        }
    }
}

fn header(header: &Header) -> Markup {
    let facts = [
        ("Measured", header.created_at.format("%-d %B %Y, %H:%M UTC").to_string()),
        ("Data", text::clean(&header.data)),
        ("Seed", header.seed.to_string()),
        ("Program", text::clean(&header.code_version)),
        ("Feature schema", text::clean(&header.schema_fingerprint)),
    ];
    html! {
        header id="top" {
            p.kind { "Detector" }
            h1 { bdi { (text::clean(&header.detector)) } " " span.version { (text::clean(&header.version)) } }
            dl.facts {
                @for (name, fact) in facts { div { dt { (name) } dd { (fact) } } }
            }
            @if !header.stages.is_empty() {
                ol.stages aria-label="Stages" {
                    @for stage in &header.stages {
                        li { strong { (text::clean(&stage.name)) } span { (text::clean(&stage.detail)) } }
                    }
                }
            }
        }
    }
}

fn warnings(sections: &[Section]) -> Markup {
    html! {
        @if sections.iter().any(|part| !part.warnings.is_empty()) {
            aside.warnings aria-label="What to look at first" {
                p { "Look at this first" }
                ul {
                    @for part in sections {
                        @for warning in &part.warnings {
                            li { a href=(format!("#{}", part.id)) { (part.title) } ": " (warning) }
                        }
                    }
                }
            }
        }
    }
}

fn section(part: &Section) -> Markup {
    html! {
        section id=(part.id) aria-labelledby=(format!("{}-title", part.id)) {
            h2 id=(format!("{}-title", part.id)) { (part.title) }
            p.lead { (part.lead) }
            (part.body)
        }
    }
}
