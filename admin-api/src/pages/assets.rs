//! What pages load: all of it is in the program.

use axum::http::header;
use axum::response::IntoResponse;
use botdet_loader::report::plot;

const STYLE: &str = include_str!("style.css");
const ICON: &str = include_str!("icon.svg");
const JOBS: &str = include_str!("jobs.js");

/// The style sheet: that of plots, then that of pages.
pub async fn style() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=300")];
    (headers, [plot::STYLE, STYLE].concat())
}

/// The script of a job's page.
pub async fn jobs() -> impl IntoResponse {
    let headers =
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "max-age=300")];
    (headers, JOBS)
}

/// The picture that browsers show beside a page's title.
pub async fn icon() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "max-age=86400")];
    (headers, ICON)
}
