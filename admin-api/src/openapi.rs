//! The OpenAPI document: what the controllers declare, and what holds for all of them.

use utoipa::PartialSchema;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, RefOr, Required,
};

use crate::error::ProblemDocument;

const TOKEN: &str = "token";

/// What stands above all paths.
pub fn preamble() -> OpenApi {
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("made by botdet-admin-api token create, or botdet_create_token()"))
        .build();
    let components = ComponentsBuilder::new()
        .schema("Problem", ProblemDocument::schema())
        .security_scheme(TOKEN, SecurityScheme::Http(token))
        .build();
    let info = InfoBuilder::new()
        .title("botdet")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Scores, versions, reviews and drift of botdet. Rules and privileges are those of the database: a token lets its \
             holder do what its role may. Errors are problem documents (RFC 9457).",
        ))
        .build();
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

/// Adds what every operation shares: errors, and what takes a token says so.
pub fn completed(mut document: OpenApi) -> OpenApi {
    for (path, item) in &mut document.paths.paths {
        let is_open = matches!(path.as_str(), "/livez" | "/readyz" | "/health" | "/metrics");
        for (method, operation) in operations(item) {
            if is_open {
                add_problems(
                    operation,
                    if path == "/livez" || path == "/metrics" { &[504] } else { &[500, 503, 504] },
                );
                continue;
            }
            operation.security = Some(vec![SecurityRequirement::new::<_, _, String>(TOKEN, [])]);
            add_problems(operation, &[400, 401, 403, 404, 409, 422, 429, 500, 503, 504]);
            match method {
                "post" => {
                    add_problems(operation, &[413, 415]);
                    add_key(operation);
                }
                "put" => add_problems(operation, &[412, 413, 415, 428]),
                "delete" => add_problems(operation, &[412, 413, 428]),
                _ => {}
            }
            if path.ends_with("/rollback") {
                add_problems(operation, &[412, 428]);
            }
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [("get", &mut item.get), ("post", &mut item.post), ("put", &mut item.put), ("delete", &mut item.delete)]
        .into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn add_problems(operation: &mut Operation, statuses: &[u16]) {
    for status in statuses {
        let phrase =
            axum::http::StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let mut problem = ResponseBuilder::new()
            .description(phrase.unwrap_or_default())
            .content("application/problem+json", content);
        if matches!(status, 429 | 503) {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer);
            let header = HeaderBuilder::new().schema(seconds).description(Some("seconds to wait")).build();
            problem = problem.header("retry-after", header);
        }
        operation.responses.responses.entry(status.to_string()).or_insert_with(|| RefOr::T(problem.build()));
    }
}

fn add_key(operation: &mut Operation) {
    let key = ParameterBuilder::new()
        .name("idempotency-key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "under which the request may be sent again, for a day: it is done once, and answered as it was",
        ))
        .schema(Some(
            ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255)),
        ))
        .build();
    operation.parameters.get_or_insert_default().push(key);
}
