//! The page that shows the OpenAPI document to people: plain HTML, which runs nothing and loads nothing.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;
use utoipa::openapi::OpenApi;

const STYLE: &str = include_str!("docs.css");

/// The page.
pub fn page(document: &OpenApi) -> Markup {
    // Through JSON, in which the document is one tree of maps.
    let document = serde_json::to_value(document).unwrap_or_default();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "botdet API" }
                link rel="icon" href="/assets/icon.svg";
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (text(&document["info"]["title"])) " " (text(&document["info"]["version"])) }
                p { (text(&document["info"]["description"])) " Machines read " a href="/openapi.json" { "openapi.json" } "." }
                h2 { "Addresses" }
                @for (path, item) in entries(&document["paths"]) {
                    @for (method, operation) in entries(item) { (operation_of(path, method, operation)) }
                }
                h2 { "Schemas" }
                @for (name, schema) in entries(&document["components"]["schemas"]) {
                    details id=(name) { summary { code { (name) } } p { (text(&schema["description"])) } (fields(schema)) }
                }
            }
        }
    }
}

fn operation_of(path: &str, method: &str, operation: &Value) -> Markup {
    html! {
        details {
            summary { span.method { (method.to_uppercase()) } " " code { (path) } " " (text(&operation["summary"])) }
            @let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
            @if !parameters.is_empty() {
                table {
                    tr { th { "parameter" } th { "in" } th { "type" } th { "meaning" } }
                    @for parameter in parameters {
                        tr {
                            td { code { (text(&parameter["name"])) } @if parameter["required"] == true { " *" } }
                            td { (text(&parameter["in"])) }
                            td { (kind(&parameter["schema"])) }
                            td { (text(&parameter["description"])) }
                        }
                    }
                }
            }
            @for (media, content) in entries(&operation["requestBody"]["content"]) {
                p { "Body: " code { (media) } ", " (kind(&content["schema"])) }
            }
            table {
                tr { th { "status" } th { "body" } th { "meaning" } }
                @for (status, response) in entries(&operation["responses"]) {
                    tr {
                        td { (status) }
                        td { @for (media, content) in entries(&response["content"]) { code { (media) } " " (kind(&content["schema"])) } }
                        td { (text(&response["description"])) }
                    }
                }
            }
        }
    }
}

fn fields(schema: &Value) -> Markup {
    html! {
        table {
            tr { th { "field" } th { "type" } th { "meaning" } }
            @for (name, field) in entries(&schema["properties"]) {
                tr { td { code { (name) } } td { (kind(field)) } td { (text(&field["description"])) } }
            }
        }
    }
}

/// The type of a schema: a link to a named one, or the words of a plain one.
fn kind(schema: &Value) -> Markup {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return html! { a href={ "#" (name) } { (name) } };
    }
    if !schema["items"].is_null() {
        return html! { "list of " (kind(&schema["items"])) };
    }
    let choices = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
    if let Some(choices) = choices {
        return html! { @for (place, choice) in choices.iter().enumerate() { @if place > 0 { " or " } (kind(choice)) } };
    }
    let words = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        kind => text(kind).to_owned(),
    };
    html! { (words) @if let Some(format) = schema["format"].as_str() { " (" (format) ")" } }
}

fn entries(map: &Value) -> impl Iterator<Item = (&str, &Value)> {
    map.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
