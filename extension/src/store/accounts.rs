//! What is known of accounts: their features and sequences, from state and profile, or from rows where need be.

use botdet_models::event::{Action, Event, Timestamp};
use botdet_models::features::{FeatureVector, account_features};
use botdet_models::profile::Profile;
use botdet_models::sequence::Sequence;
use botdet_models::state::{AccountState, Observation};
use pgrx::pg_sys;
use pgrx::warning;

use crate::postgres::spi::{Row, Statement};
use crate::postgres::values::{Element, array_datum, timestamp_datum};

/// Rows that are fetched at a time: each may hold a long text.
const FETCHED_ROWS: i64 = 256;

thread_local! {
    static ACCOUNTS: Statement = const {
        Statement::reading(include_str!("../sql/accounts.sql"), &[pg_sys::INT8ARRAYOID]).planned_once()
    };
    static EVENTS: Statement = const {
        Statement::reading(include_str!("../sql/events.sql"), &[pg_sys::INT8OID, pg_sys::TIMESTAMPTZOID])
    };
}

/// One account as scoring sees it.
pub struct Account {
    pub account_id: i64,
    /// Whether there is a profile or any activity.
    pub is_known: bool,
    pub state: AccountState,
    pub profile: Profile,
}

impl Account {
    pub fn features(&self) -> FeatureVector {
        account_features(&self.state, &self.profile)
    }

    pub fn sequence(&self) -> Option<Sequence> {
        Sequence::of(&self.state)
    }
}

/// What is known of accounts up to `as_of`, in their order. `fresh` includes what the current command did.
pub fn load(account_ids: &[i64], as_of: Timestamp, fresh: bool) -> Vec<Account> {
    let mut loaded = Vec::with_capacity(account_ids.len());
    let ids = array_datum(Element::Bigint, account_ids.iter().map(|id| Some((*id).into())));
    ACCOUNTS.with(|statement| {
        statement.run(&[Some(ids)], fresh, |row| loaded.push((usable_state(row, as_of), profile(row))));
    });
    let accounts = account_ids.iter().zip(loaded);
    accounts
        .map(|(account_id, (state, profile))| {
            let state = state.unwrap_or_else(|| state_from_rows(*account_id, as_of, fresh));
            Account {
                account_id: *account_id,
                is_known: profile.is_some() || state.events() > 0,
                state,
                profile: profile.unwrap_or_default(),
            }
        })
        .collect()
}

/// The state of an account, folded from its rows up to `as_of`.
pub fn state_from_rows(account_id: i64, as_of: Timestamp, fresh: bool) -> AccountState {
    let mut state = AccountState::default();
    let arguments = [Some(account_id.into()), Some(timestamp_datum(as_of))];
    EVENTS.with(|statement| {
        statement.stream(&arguments, fresh, FETCHED_ROWS, |row| {
            let (action, content, device, target) = (row.text(2), row.text(3), row.text(4), row.text(5));
            let Some(occurred_at) = row.timestamptz(1) else {
                return;
            };
            let observation = state.observe(&Event {
                occurred_at,
                order: row.bigint(6).unwrap_or(0),
                action: action.map_or(Action::Other, |name| Action::from_name(&name)),
                content: content.as_deref(),
                device: device.as_deref(),
                target: target.as_deref(),
                ip: None,
                country: None,
            });
            debug_assert_ne!(observation, Observation::Late, "rows come in time order");
        });
    });
    state
}

/// The stored state, if there is one that is current and holds nothing after `as_of`.
fn usable_state(row: &Row<'_>, as_of: Timestamp) -> Option<AccountState> {
    if row.boolean(3)? {
        return None;
    }
    match AccountState::from_bytes(row.bytes(2)?) {
        Ok(state) => Some(state).filter(|state| state.last_at().is_none_or(|last| last <= as_of)),
        Err(error) => {
            let account_id = row.bigint(1).unwrap_or_default();
            warning!("the rows of account {account_id} are used instead of its state: {error}");
            None
        }
    }
}

fn profile(row: &Row<'_>) -> Option<Profile> {
    let filled = |column| row.text(column).map(|text| Profile::is_filled(&text));
    row.boolean(4)?.then(|| Profile {
        created_at: row.timestamptz(5),
        is_verified: row.boolean(6),
        followers: row.bigint(7),
        following: row.bigint(8),
        parts: [filled(9), filled(10), filled(11), filled(12), row.boolean(13)],
    })
}
