//! The HTTP service of botdet: a thin client of the SQL functions, with no rules of its own.
//!
//! [`router::router`] holds the whole URL space. A request is a transaction of the database in the role of whoever shows a token,
//! see [`work`]; controllers say what is asked of the database, whose text lies in `sql/`.

pub mod access;
pub mod app;
pub mod config;
pub mod controllers;
pub mod database;
pub mod docs;
pub mod error;
pub mod extract;
pub mod figures;
pub mod idempotency;
pub mod learning;
pub mod limits;
pub mod logging;
pub mod openapi;
pub mod page;
pub mod pages;
pub mod progress;
pub mod request_id;
pub mod router;
pub mod server;
pub mod session;
pub mod sqlstate;
pub mod telemetry;
pub mod tls;
pub mod tokens;
pub mod webhooks;
pub mod work;
