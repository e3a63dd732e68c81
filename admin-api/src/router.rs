//! The whole URL space, and what every request passes through.

use std::future::ready;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state, map_request, map_response};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::{Level, Span};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::controllers::service::{self, Description};
use crate::controllers::{
    accounts, audit, deployments, drift, events, feedback, flagged, health, jobs, model_versions,
    performance, predictions, reviews, rules, scores, settings, webhooks,
};
use crate::error;
use crate::request_id::{self, REQUEST_ID};
use crate::{figures, openapi, pages, telemetry, tls, work};

/// Every address that the service answers.
///
/// Each layer wraps those above it, so a request meets the last one first: id, log, count, problem documents, time limit.
pub fn router(app: App) -> Router {
    let (timeout, by_tls) = (app.request_timeout, app.by_tls);
    let (routes, document) = routes(&app).split_for_parts();
    let description = Description::new(&openapi::completed(document));
    routes
        .merge(pages::router(&app))
        .route("/openapi.json", get(service::openapi))
        .route("/docs", get(service::docs))
        .fallback(async |headers: HeaderMap| pages::not_found(&headers))
        .with_state(app)
        .layer(Extension(description))
        // Bodies have their limits where they are read.
        .layer(DefaultBodyLimit::disable())
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, timeout))
        .layer(from_fn(error::problem_documents))
        .layer(map_response(move |response: Response| {
            ready(if by_tls { tls::insist(response) } else { response })
        }))
        .layer(from_fn(figures::count_requests))
        .layer(from_fn(telemetry::describe_request))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(request_span)
                .on_response(DefaultOnResponse::new().level(Level::INFO))
                // The cause is logged where it is known, see `ApiError`.
                .on_failure(()),
        )
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
        .layer(map_request(async |request: Request| request_id::drop_unfit(request)))
}

/// The OpenAPI document of all routes.
pub fn document(app: &App) -> OpenApi {
    openapi::completed(routes(app).split_for_parts().1)
}

/// What takes no token, what does, and what also takes a large body.
fn routes(app: &App) -> OpenApiRouter<App> {
    let open = OpenApiRouter::with_openapi(openapi::preamble())
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
        .routes(routes!(health::health))
        .routes(routes!(service::metrics));
    let registration = OpenApiRouter::new()
        .routes(routes!(model_versions::register))
        .route_layer(from_fn_with_state((app.clone(), app.artifact_limit), work::in_transaction));
    let resources = OpenApiRouter::new()
        // Judging by features, as clients of the usual Python service ask for it.
        .routes(routes!(predictions::predict))
        .routes(routes!(predictions::predict_batch))
        // Scores, and what they are made of.
        .routes(routes!(scores::of_key, scores::of_row))
        .routes(routes!(scores::of_account))
        .routes(routes!(scores::batch))
        .routes(routes!(scores::inputs))
        .routes(routes!(flagged::list))
        // Accounts.
        .routes(routes!(accounts::find))
        .routes(routes!(accounts::one))
        .routes(routes!(accounts::timeline))
        .routes(routes!(events::latest))
        .routes(routes!(accounts::engagement))
        .routes(routes!(accounts::labels))
        .routes(routes!(accounts::group))
        .routes(routes!(accounts::features))
        .routes(routes!(accounts::explanation))
        .routes(routes!(accounts::explain_row))
        // Versions, and which of them answers.
        .routes(routes!(model_versions::list))
        .routes(routes!(model_versions::one))
        .routes(routes!(model_versions::validate))
        .routes(routes!(model_versions::approve))
        .routes(routes!(deployments::detectors))
        .routes(routes!(deployments::deployment))
        .routes(routes!(deployments::activate, deployments::deactivate))
        .routes(routes!(deployments::challenge, deployments::withdraw))
        .routes(routes!(deployments::roll_back))
        .routes(routes!(performance::performance))
        .routes(routes!(performance::estimated))
        .routes(routes!(performance::explored))
        .routes(routes!(performance::fairness))
        .routes(routes!(performance::comparison))
        .routes(routes!(performance::daily))
        .routes(routes!(audit::list))
        // Reviews, and what follows from them.
        .routes(routes!(reviews::list))
        .routes(routes!(reviews::mine, reviews::claim))
        .routes(routes!(reviews::one))
        .routes(routes!(feedback::status))
        .routes(routes!(feedback::statistics))
        .routes(routes!(reviews::skip))
        .routes(routes!(reviews::escalate))
        .routes(routes!(reviews::decide))
        .routes(routes!(reviews::appeal))
        .routes(routes!(feedback::reviewers))
        .routes(routes!(feedback::label))
        .routes(routes!(feedback::retraining))
        .routes(routes!(feedback::request_retraining))
        // Learning on.
        .routes(routes!(jobs::list, jobs::create))
        .routes(routes!(jobs::one))
        .routes(routes!(jobs::cancel))
        .routes(routes!(jobs::events))
        .routes(routes!(jobs::trials))
        .routes(routes!(settings::read))
        .routes(routes!(settings::scoring))
        .routes(routes!(settings::learning))
        .routes(routes!(settings::feedback))
        .routes(routes!(settings::drift))
        .routes(routes!(settings::watch, settings::unwatch))
        .routes(routes!(settings::watch_drift, settings::unwatch_drift))
        .routes(routes!(rules::list))
        .routes(routes!(rules::one, rules::write, rules::delete))
        .routes(routes!(rules::versions))
        .routes(routes!(rules::test_condition))
        .routes(routes!(rules::try_condition))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::delete))
        .routes(routes!(webhooks::deliveries))
        // Drift.
        .routes(routes!(drift::features))
        .routes(routes!(drift::predictions))
        .routes(routes!(drift::alerts))
        .route_layer(from_fn_with_state((app.clone(), app.body_limit), work::in_transaction));
    open.merge(registration).merge(resources)
}

/// The path without its query, which may hold keys of people.
fn request_span(request: &Request) -> Span {
    let span = tracing::info_span!(
        "request",
        method = %request.method(),
        path = request.uri().path(),
        request_id = request_id::of(request),
    );
    telemetry::continue_trace(&span, request.headers());
    span
}
