//! The real service over real sockets, against a database per test.

mod access;
mod accounts;
mod browser;
mod document;
mod forms;
mod jobs;
mod operation;
mod pages;
mod reviews;
mod scoring;
mod support;
mod versions;
