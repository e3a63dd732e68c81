//! Simulated accounts and their activity: humans, and bots of seven strategies.
//!
//! A configuration gives a [`Simulation`]; that gives accounts with labels, and the events of one account after another.
//! Humans differ in waking hours, time zone, pace, language, devices and subjects, and some look odd. Bots are built on
//! the same personas: their sums and means lean a little to one side, the order of their events gives them away.
//!
//! An account is made in four steps: a role (`role`), a persona with habits (`persona`, `human`, `bots`), drafts
//! of events in sessions (`session`, `rhythm`), and texts, targets and devices for them (`dress`, `text`).

mod account;
mod action;
pub mod backlinks;
mod bots;
mod config;
mod dress;
pub mod engagement;
mod human;
mod lean;
mod persona;
mod profile;
mod random;
mod region;
mod rhythm;
mod role;
mod session;
mod simulation;
pub mod spammer;
#[cfg(test)]
mod tests;
mod text;
// A list of words a line reads better than a word a line.
#[rustfmt::skip]
mod vocabulary;

use std::net::IpAddr;

pub use config::{SimulationConfig, SimulationError, SimulationParams, Window};
pub use profile::Profile;
pub use role::{Kind, Strategy};
pub use simulation::{Simulation, simulate_account};

/// An account with its true label.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedAccount {
    /// Number of the account, from 1.
    pub account_id: i64,
    /// What the account shows.
    pub profile: Profile,
    /// Whether it is a bot.
    pub label: bool,
    /// The strategy of a bot.
    pub strategy: Option<Strategy>,
    /// Part of the world, for example `europe`.
    pub region: &'static str,
    /// Two-letter code of its main language.
    pub language: &'static str,
}

/// Something an account did.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedEvent {
    /// Who.
    pub account_id: i64,
    /// When, microseconds since 1970 (UTC).
    pub occurred_at: i64,
    /// What: a name from `botdet.activity.action`.
    pub action: &'static str,
    /// The text, for actions that have one.
    pub content: Option<String>,
    /// The device, if the platform tells.
    pub device: Option<String>,
    /// The network address, if known.
    pub ip: Option<IpAddr>,
    /// A post or an account, as `post:<number>` or `account:<number>`.
    pub target: Option<String>,
    /// Two-letter code of the country the event came from, if known.
    pub country: Option<&'static str>,
}
