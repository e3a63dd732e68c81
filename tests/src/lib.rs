//! What tests and benchmarks share: databases of their own on a real server, simulated accounts, a trained model.
//!
//! `DATABASE_URL` names the server; `make up` prints one. A test takes a [`TestDatabase`], which is dropped with it, and
//! talks SQL through [`Sql`]. [`model`] is a small but real model, trained once a test program.

pub mod activity;
pub mod database;
pub mod load;
pub mod model;
pub mod own_server;
pub mod population;
pub mod programs;
pub mod server;
pub mod sql;

pub use database::TestDatabase;
pub use model::{filter_model, model};
pub use own_server::OwnServer;
pub use sql::{Refusal, Sql};
