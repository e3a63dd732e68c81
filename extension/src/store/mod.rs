//! Reading and writing the tables of schema `botdet`. SQL lies in `src/sql`.

pub mod accounts;
pub mod archive;
pub mod artifacts;
pub mod backlinks;
pub mod models;
pub mod network;
pub mod queue;
pub mod rows;
pub mod rules;
pub mod scores;
pub mod states;
