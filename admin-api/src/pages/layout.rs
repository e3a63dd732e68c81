//! What all pages have in common: head, menu, who has logged in, and what browsers may do with them.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use super::gate::FIELD;
use crate::access::Caller;

/// The menu: address, name, and whether it is for people who review alone.
pub const MENU: &[(&str, &str, bool)] = &[
    ("/", "Overview", false),
    ("/reviews", "Reviews", true),
    ("/accounts", "Accounts", true),
    ("/score", "Score", false),
    ("/versions", "Versions", false),
    ("/performance", "Performance", false),
    ("/drift", "Drift", false),
    ("/feedback", "Feedback", false),
    ("/jobs", "Jobs", false),
    ("/settings", "Settings", false),
    ("/audit", "Audit", false),
];

/// Pages run and load nothing but what the service itself holds, and nobody puts them into a frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Who looks at a page.
#[derive(Clone)]
pub struct Viewer {
    /// For whom the service acts.
    pub caller: Caller,
    /// SHA-256 of the session's secret.
    pub session: [u8; 32],
    /// What forms of this session say.
    pub word: String,
}

impl Viewer {
    /// A page of this title. `here` is the address in the menu that it belongs to.
    pub fn page(&self, title: &str, here: &str, body: Markup) -> Response {
        document(title, Some((self, here)), body)
    }

    /// The hidden field that every form has.
    pub fn csrf(&self) -> Markup {
        html! { input type="hidden" name=(FIELD) value=(self.word); }
    }

    /// Whether it is any use to offer what reviewers do. The database decides.
    pub fn reviews(&self) -> bool {
        matches!(self.caller.role.as_str(), "botdet_reviewer" | "botdet_admin")
    }

    /// Whether it is any use to offer what administrators do.
    pub fn administers(&self) -> bool {
        self.caller.role == "botdet_admin"
    }
}

/// Where a form leads once it is done with: loading that page again sends nothing again.
pub fn see(address: &str) -> Response {
    axum::response::Redirect::to(address).into_response()
}

/// A page, for somebody or for nobody yet.
pub fn document(title: &str, viewer: Option<(&Viewer, &str)>, body: Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · botdet" }
                link rel="icon" href="/assets/icon.svg";
                link rel="stylesheet" href="/assets/style.css";
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                @if let Some((viewer, here)) = viewer { (head(viewer, here)) }
                main id="main" { (body) }
            }
        }
    };
    let headers: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    ];
    (headers, Html(page.into_string())).into_response()
}

fn head(viewer: &Viewer, here: &str) -> Markup {
    html! {
        header.top {
            a.home href="/" { "botdet" }
            nav aria-label="Pages" {
                @for (address, name, _) in MENU.iter().filter(|(_, _, for_reviewers)| !for_reviewers || viewer.reviews()) {
                    a href=(address) aria-current=[(*address == here).then_some("page")] { (name) }
                }
            }
            form.leave method="post" action="/logout" {
                (viewer.csrf())
                span.who title=(viewer.caller.role) { (viewer.caller.holder) }
                button.quiet { "Log out" }
            }
        }
    }
}

/// What went wrong, as a page.
pub fn error_page(status: StatusCode, detail: &str, viewer: Option<&Viewer>) -> Response {
    let title = status.canonical_reason().unwrap_or("Error");
    let body = html! {
        h1 { (title) }
        p.problem role="alert" { (super::parts::sentence(detail)) }
        p { "Go back and try again, or " a href="/" { "start from the overview" } "." }
    };
    let mut response = document(title, viewer.map(|viewer| (viewer, "")), body);
    *response.status_mut() = status;
    response
}
