//! The OpenAPI document, in outline, as it was last agreed on.

use botdet_admin_api::router;
use serde_json::Value;

use crate::support::{Served, unreachable_app};

const AGREED: &str = include_str!("openapi.txt");

#[test]
fn the_document_is_as_agreed() {
    let document = serde_json::to_value(router::document(&unreachable_app())).expect("it is JSON");
    let found = outline(&document);
    if found != AGREED {
        let path = std::env::temp_dir().join("botdet-openapi.txt");
        std::fs::write(&path, &found).expect("the outline can be written");
        let line = found.lines().zip(AGREED.lines()).find(|(found, agreed)| found != agreed);
        unreachable!(
            "differs first in {line:?}; copy {} to tests/service/openapi.txt if that is right",
            path.display()
        );
    }
}

/// One line an operation with its parameters, bodies and statuses, then one line a schema with its fields.
fn outline(document: &Value) -> String {
    let mut text = String::new();
    for (path, item) in entries(&document["paths"]) {
        for (method, operation) in entries(item) {
            let parameters: Vec<&str> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|one| one["name"].as_str())
                .collect();
            let body = entries(&operation["requestBody"]["content"])
                .map(|(media, content)| format!("{media} {}", name(content)));
            let answers = entries(&operation["responses"]).map(|(status, response)| {
                let content = entries(&response["content"])
                    .map(|(_, content)| name(content))
                    .find(|name| name != "Problem");
                content.map_or(status.to_owned(), |name| format!("{status} {name}"))
            });
            text.push_str(&format!(
                "{} {path} ({}) {} -> {}\n",
                method.to_uppercase(),
                parameters.join(", "),
                body.collect::<String>(),
                answers.collect::<Vec<_>>().join(", ")
            ));
        }
    }
    for (schema, value) in entries(&document["components"]["schemas"]) {
        let fields: Vec<&str> = entries(&value["properties"]).map(|(field, _)| field).collect();
        text.push_str(&format!("{schema}: {}\n", fields.join(", ")));
    }
    text
}

fn name(content: &Value) -> String {
    content["schema"]["$ref"].as_str().and_then(|text| text.rsplit('/').next()).unwrap_or("plain").to_owned()
}

fn entries(map: &Value) -> impl Iterator<Item = (&str, &Value)> {
    map.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

#[test]
fn the_document_is_served_and_shown_without_foreign_assets() {
    let served = Served::empty("document");
    let document = served.service.stranger().get("/openapi.json").with(200);
    assert_eq!(document["openapi"], "3.1.0");
    let page = served.service.stranger().get("/docs");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(
        page.header("content-security-policy").is_some_and(|policy| policy.contains("default-src 'none'"))
    );
    assert!(
        page.body.contains("/v1/model-versions/{model_version_id}/validation")
            && !page.body.contains("<script")
    );
    // Every link within the page leads somewhere.
    for target in page.body.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(page.body.contains(&format!("id=\"{target}\"")), "{target}");
    }
}
