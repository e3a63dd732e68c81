//! What needs a real server. Each module is about one noun; `cargo test -p botdet-tests versions::` runs one of them.

mod aggregate;
mod concurrency;
mod faults;
mod features;
mod follow;

mod golden;
mod groups;
mod install;
mod interleavings;
mod learning;
mod queue;
mod readme;
mod refresh;
mod runtimes;
mod scores;
mod sources;
mod states;
mod support;
mod training;
mod versions;
mod worker;
