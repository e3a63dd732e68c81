//! What needs a real server. Each module is about one noun; `cargo test -p botdet-tests versions::` runs one of them.

mod aggregate;
mod concurrency;
mod deep;
mod detectors;
mod faults;
mod features;
mod follow;

mod golden;
mod groups;
mod install;
mod interleavings;
mod learning;
mod partitions;
mod queue;
mod readme;
mod refresh;
mod retention;
mod runtimes;
mod scores;
mod shop;
mod sources;
mod spammer;
mod states;
mod support;
mod tables;
mod training;
mod versions;
mod worker;
