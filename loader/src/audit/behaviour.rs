//! Accounts whose behaviour is changed, event by event: features and sequence are then made anew by the functions that serve.

use std::collections::HashMap;
use std::net::IpAddr;

use botdet_models::event::{Action, Event};
use botdet_models::features::{FeatureVector, account_features};
use botdet_models::hash::mix64;
use botdet_models::network::Network;
use botdet_models::profile::Profile;
use botdet_models::sequence::Sequence;
use botdet_models::state::AccountState;
use postgres::Client;

use super::AuditRow;
use super::robustness::{Changed, normal, uniform};
use crate::error::LoaderError;

/// Accounts whose events are changed, at most.
pub const ACCOUNTS: usize = 300;

/// What accounts did, event by event.
pub struct Histories {
    events: Vec<Vec<OwnedEvent>>,
}

#[derive(Clone, Debug)]
struct OwnedEvent {
    at: i64,
    order: i64,
    action: Action,
    content: Option<String>,
    device: Option<String>,
    ip: Option<IpAddr>,
    target: Option<String>,
    country: Option<String>,
}

impl Histories {
    /// Reads what accounts did.
    ///
    /// # Errors
    /// [`LoaderError::Database`].
    pub fn read(client: &mut Client, account_ids: &[i64]) -> Result<Self, LoaderError> {
        let rows = client.query(include_str!("../sql/events_of_accounts.sql"), &[&account_ids])?;
        let places: HashMap<i64, usize> = account_ids.iter().copied().zip(0..).collect();
        let mut events = vec![Vec::new(); account_ids.len()];
        for row in rows {
            let ip: Option<String> = row.get(6);
            let event = OwnedEvent {
                at: row.get(1),
                order: row.get(2),
                action: Action::from_name(row.get(3)),
                content: row.get(4),
                device: row.get(5),
                ip: ip.and_then(|ip| ip.parse().ok()),
                target: row.get(7),
                country: row.get(8),
            };
            if let Some(place) = places.get(&row.get::<_, i64>(0)) {
                events[*place].push(event);
            }
        }
        Ok(Self { events })
    }

    /// Part of the events is lost.
    #[must_use]
    pub fn dropped(&self, rows: &[AuditRow], seed: u64) -> Changed {
        self.changed(
            rows,
            "lost events",
            "this share of the events was never seen",
            &[0.1, 0.25, 0.5],
            |account, level| {
                let keeps = |(index, _): &(usize, &OwnedEvent)| {
                    uniform(mix64(seed ^ (account as u64) << 24 ^ *index as u64)) >= level
                };
                self.events[account]
                    .iter()
                    .enumerate()
                    .filter(keeps)
                    .map(|(_, event)| event.clone())
                    .collect()
            },
        )
    }

    /// Every gap is stretched or shortened at random.
    #[must_use]
    pub fn jittered(&self, rows: &[AuditRow], seed: u64) -> Changed {
        let detail = "the gaps between events are multiplied by a random factor whose logarithm has this standard deviation";
        self.changed(rows, "jittered gaps", detail, &[0.1, 0.25, 0.5], |account, level| {
            let mut events = self.events[account].clone();
            let mut now = events.first().map_or(0, |event| event.at);
            let mut before = now;
            for (index, event) in events.iter_mut().enumerate() {
                let factor = (level * normal(mix64(seed ^ (account as u64) << 24 ^ index as u64))).exp();
                now += ((event.at - before) as f64 * factor) as i64;
                before = event.at;
                event.at = now;
            }
            events
        })
    }

    /// Bots do part of what they do when a human would: an event takes the moment of the human's event of the same rank.
    #[must_use]
    pub fn mimicked(&self, rows: &[AuditRow], seed: u64) -> Changed {
        let humans: Vec<usize> =
            (0..rows.len()).filter(|row| !rows[*row].is_bot && self.events[*row].len() >= 20).collect();
        let detail = "of what every bot does, this share happens at the moments of a human";
        self.changed(rows, "mimicry of timing", detail, &[0.25, 0.5, 1.0], |account, level| {
            let mut events = self.events[account].clone();
            if !rows[account].is_bot || humans.is_empty() {
                return events;
            }
            let human = &self.events[humans[(mix64(seed ^ account as u64) % humans.len() as u64) as usize]];
            let count = events.len().max(1);
            for (index, event) in events.iter_mut().enumerate() {
                if uniform(mix64(seed ^ (account as u64) << 24 ^ index as u64)) < level {
                    event.at = human[index * human.len() / count].at;
                }
            }
            events.sort_by_key(|event| (event.at, event.order));
            events
        })
    }

    fn changed(
        &self,
        rows: &[AuditRow],
        name: &'static str,
        detail: &'static str,
        levels: &[f64],
        change: impl Fn(usize, f64) -> Vec<OwnedEvent>,
    ) -> Changed {
        let at = |level: &f64| {
            let changed = rows
                .iter()
                .enumerate()
                .map(|(account, row)| as_if(row, &self.events[account], &change(account, *level)));
            (*level, changed.collect())
        };
        Changed { name, detail, levels: levels.iter().map(at).collect() }
    }
}

/// The account as if it had done this instead. What features know from profile and comparisons stays.
fn as_if(row: &AuditRow, before: &[OwnedEvent], events: &[OwnedEvent]) -> AuditRow {
    let (before, state) = (alone(&state_of(before)), state_of(events));
    let changed = alone(&state);
    let values = (0..row.values.len()).map(|column| match before.values()[column] {
        Some(_) => changed.values()[column],
        None => row.values[column],
    });
    AuditRow { values: values.collect(), sequence: Sequence::of(&state), ..row.clone() }
}

/// Features of events alone.
fn alone(state: &AccountState) -> FeatureVector {
    account_features(state, &Profile::default(), &Network::default())
}

fn state_of(events: &[OwnedEvent]) -> AccountState {
    let mut state = AccountState::default();
    for event in events {
        state.observe(&Event {
            order: event.order,
            content: event.content.as_deref(),
            device: event.device.as_deref(),
            target: event.target.as_deref(),
            ip: event.ip,
            country: event.country.as_deref(),
            ..Event::new(event.at, event.action)
        });
    }
    state
}
