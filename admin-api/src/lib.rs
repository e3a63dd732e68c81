//! The HTTP service of botdet: a thin client of the SQL functions, with no rules of its own.
//!
//! [`router::router`] holds the whole URL space; what it serves is read from the database through [`database`].

pub mod config;
pub mod controllers;
pub mod database;
pub mod error;
pub mod logging;
pub mod request_id;
pub mod router;
pub mod server;
