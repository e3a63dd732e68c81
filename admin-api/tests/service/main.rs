//! The real service over real sockets, against a database per test.

mod access;
mod dashboards;
mod document;
mod jobs;
mod load;
mod logins;
mod manifests;
mod operation;
mod prometheus;
mod reviews;
mod scoring;
mod support;
mod telemetry;
mod tls;
mod versions;
