//! The real service over real sockets, against a database per test.

mod access;
mod accounts;
mod browser;
mod dashboards;
mod document;
mod forms;
mod jobs;
mod load;
mod logins;
mod manifests;
mod operation;
mod pages;
mod prometheus;
mod reviews;
mod rules;
mod scoring;
mod support;
mod telemetry;
mod tls;
mod versions;
mod visit;
