//! The real service over real sockets, against a database per test.

mod access;
mod document;
mod jobs;
mod operation;
mod reviews;
mod scoring;
mod support;
mod versions;
