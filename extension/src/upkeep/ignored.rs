//! Events that come after what they belong to was archived.

use botdet_models::event::Timestamp;

use super::{Happenings, Pending};

/// Events of one flush that take no part in any state.
#[derive(Default)]
pub struct Ignored {
    events: usize,
    accounts: usize,
    first_account: Option<i64>,
}

impl Ignored {
    /// Counts the events of an account that are older than its archive.
    pub fn note(&mut self, pending: &Pending, account_id: i64, what: &Happenings, until: Option<Timestamp>) {
        let Some(until) = until else {
            return;
        };
        let events = what.events.iter().filter(|event| pending.event(**event).occurred_at < until).count();
        if events > 0 {
            self.events += events;
            self.accounts += 1;
            self.first_account.get_or_insert(account_id);
        }
    }

    /// Says once what was ignored: nothing in the tables will.
    pub fn warn(&self) {
        if let Some(first) = self.first_account {
            pgrx::warning!(
                "{} events of {} accounts are ignored: they are older than what botdet_archive() has archived; \
                 the first of these accounts is {first}",
                self.events,
                self.accounts
            );
        }
    }
}
