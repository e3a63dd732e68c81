//! The pages, for people: HTML made on the server, which needs no script. They ask the same controllers as programs do.
//!
//! A page is a handler in a module of its noun that ends with [`layout::Viewer::page`]; [`router`] holds their addresses, and
//! [`layout::MENU`] what stands in the menu. What a page may do is for the database to say: it is asked in the viewer's role.

mod account_parts;
mod accounts;
mod assets;
mod audit;
mod drift;
mod feedback;
pub mod gate;
mod jobs;
pub mod layout;
mod login;
mod overview;
mod parts;
mod performance;
mod reviews;
mod rules;
mod score;
mod settings;
mod timeline;
mod versions;

use axum::Router;
use axum::http::{HeaderMap, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::app::App;
use crate::error::ApiError;

/// What is answered where nothing is: a page to browsers.
pub fn not_found(headers: &HeaderMap) -> Response {
    let accepted =
        headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok()).unwrap_or_default();
    let response = ApiError::NotFound.into_response();
    if accepted.contains("text/html") { gate::with_error_page(response, None) } else { response }
}

/// The addresses of all pages.
pub fn router(app: &App) -> Router<App> {
    let in_transaction = Router::new()
        .route("/", get(overview::show))
        .route("/versions", get(versions::list))
        .route("/versions/{detector}/activation", get(versions::ask_activation).post(versions::activate))
        .route("/versions/{detector}/rollback", get(versions::ask_rollback).post(versions::roll_back))
        .route("/reviews", get(reviews::list))
        .route("/reviews/claim", post(reviews::claim))
        .route("/reviews/{review_id}", get(reviews::one))
        .route("/reviews/{review_id}/decision", post(reviews::decide))
        .route("/reviews/{review_id}/skip", post(reviews::skip))
        .route("/reviews/{review_id}/escalation", post(reviews::escalate))
        .route("/accounts", get(accounts::find))
        .route("/accounts/{account_id}", get(accounts::one))
        .route("/score", get(score::form).post(score::answer))
        .route("/performance", get(performance::show))
        .route("/drift", get(drift::show))
        .route("/feedback", get(feedback::show))
        .route("/settings", get(settings::show))
        .route("/settings/{detector}/{section}", post(settings::change))
        .route("/settings/{detector}/rules", get(rules::new).post(rules::add))
        .route("/settings/{detector}/rules/{name}", get(rules::one).post(rules::change))
        .route("/settings/{detector}/rules/{name}/deletion", post(rules::delete))
        .route("/audit", get(audit::show))
        .route("/jobs", get(jobs::list).post(jobs::create))
        .route("/jobs/{job_id}", get(jobs::one))
        .route("/jobs/{job_id}/cancellation", post(jobs::cancel))
        .route_layer(from_fn_with_state(app.clone(), gate::in_transaction));
    let signed_in = Router::new()
        .route("/logout", post(login::log_out))
        .route("/jobs/{job_id}/events", get(jobs::events))
        .route_layer(from_fn_with_state(app.clone(), gate::signed_in));
    Router::new()
        .route("/login", get(login::form).post(login::log_in))
        .route("/assets/style.css", get(assets::style))
        .route("/assets/icon.svg", get(assets::icon))
        .route("/assets/jobs.js", get(assets::jobs))
        .merge(in_transaction)
        .merge(signed_in)
}
