//! What needs a real server. Each module is about one noun; `cargo test -p botdet-tests versions::` runs one of them.

mod aggregate;
mod cache;
mod concurrency;
mod deep;
mod detectors;
mod faults;
mod features;
mod follow;

mod golden;
mod groups;
mod hostile;
mod install;
mod interleavings;
mod learning;
mod partitions;
mod privileges;
mod queue;
mod readme;
mod refresh;
mod retention;
mod roles;
mod rollups;
mod runtimes;
mod scores;
mod serving;
mod shop;
mod sources;
mod spammer;
mod states;
mod statistics;
mod support;
mod tables;
mod training;
mod versions;
mod worker;
