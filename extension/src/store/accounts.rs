//! What is known of accounts: their features and sequences, from state and profile, or from rows where need be.

use std::collections::HashMap;

use botdet_models::event::Timestamp;
use botdet_models::features::{FeatureVector, account_features};
use botdet_models::network::Network;
use botdet_models::profile::Profile;
use botdet_models::sequence::Sequence;
use botdet_models::state::AccountState;
use pgrx::pg_sys::{self, Datum};
use pgrx::warning;

use super::rows::state_from_rows;
use crate::error::Error;
use crate::postgres::event_columns::AccountKey;
use crate::postgres::spi::{Row, Statement};
use crate::postgres::transaction;
use crate::postgres::values::{Element, array_datum, text_datum, timestamp_datum};
use crate::sources;
use crate::upkeep::{self, Happenings};

/// Attempts to give numbers to names that other transactions are giving numbers to.
const ATTEMPTS: usize = 10;

thread_local! {
    static ACCOUNTS: Statement = const {
        Statement::reading(
            concat!(include_str!("../sql/account_columns.sql"), include_str!("../sql/accounts.sql")),
            &[pg_sys::INT8ARRAYOID, pg_sys::TIMESTAMPTZOID],
        )
        .planned_once()
    };
    static ACCOUNT: Statement = const {
        Statement::reading(
            concat!(include_str!("../sql/account_columns.sql"), include_str!("../sql/account.sql")),
            &[pg_sys::INT8OID, pg_sys::TIMESTAMPTZOID],
        )
        .planned_once()
    };
    static KEYS: Statement = const {
        Statement::reading(include_str!("../sql/account_keys.sql"), &[pg_sys::INT8ARRAYOID])
    };
    static NUMBER_OF_NAME: Statement = const {
        Statement::reading(include_str!("../sql/number_of_name.sql"), &[pg_sys::TEXTOID])
    };
    static NUMBERS_OF_NAMES: Statement = const {
        Statement::reading(include_str!("../sql/numbers_of_names.sql"), &[])
    };
    static NUMBER_NAMES: Statement = const {
        Statement::writing(include_str!("../sql/number_names.sql"), &[pg_sys::TEXTARRAYOID])
    };
}

/// One account as scoring sees it.
pub struct Account {
    pub account_id: i64,
    /// Whether there is a profile or any activity.
    pub is_known: bool,
    pub state: AccountState,
    pub profile: Profile,
    pub network: Network,
}

impl Account {
    /// An account of which nothing but its activity is known.
    pub fn from_state(state: AccountState) -> Self {
        Self {
            account_id: 0,
            is_known: state.events() > 0,
            state,
            profile: Profile::default(),
            network: Network::default(),
        }
    }

    pub fn features(&self) -> FeatureVector {
        account_features(&self.state, &self.profile, &self.network)
    }

    pub fn sequence(&self) -> Option<Sequence> {
        Sequence::of(&self.state)
    }
}

/// What the tables say of one account.
struct Stored {
    key: Option<String>,
    state: Option<AccountState>,
    archived_until: Option<Timestamp>,
    profile: Option<Profile>,
    network: Network,
}

impl Stored {
    fn of(row: &Row<'_>) -> Self {
        Self {
            key: row.text(14).map(std::borrow::Cow::into_owned),
            state: usable_state(row),
            archived_until: row.timestamptz(21),
            profile: profile(row),
            network: network(row),
        }
    }
}

/// What is known of accounts up to `as_of`, in their order, as the active snapshot sees them.
///
/// # Errors
/// As [`state_from_rows`].
pub fn load(account_ids: &[i64], as_of: Timestamp) -> Result<Vec<Account>, Error> {
    let mut loaded = Vec::with_capacity(account_ids.len());
    let mut load = |row: &Row<'_>| loaded.push(Stored::of(row));
    let as_of_datum = Some(timestamp_datum(as_of));
    if let [account_id] = account_ids {
        ACCOUNT.with(|statement| statement.run(&[Some(Datum::from(*account_id)), as_of_datum], &mut load));
    } else {
        let ids = array_datum(Element::Bigint, account_ids.iter().map(|id| Some((*id).into())));
        ACCOUNTS.with(|statement| statement.run(&[Some(ids), as_of_datum], &mut load));
    }
    let accounts = account_ids.iter().zip(loaded);
    accounts
        .map(|(account_id, stored)| {
            let Stored { key, state, archived_until, profile, network } = stored;
            let state = current_state(*account_id, key.as_deref(), state, archived_until, as_of)?;
            Ok(Account {
                account_id: *account_id,
                is_known: profile.is_some() || state.events() > 0,
                state,
                profile: profile.unwrap_or_default(),
                network,
            })
        })
        .collect()
}

/// What is known of one account; `None` when nothing is.
///
/// # Errors
/// As [`state_from_rows`].
pub fn load_one(account_id: i64, as_of: Timestamp) -> Result<Option<Account>, Error> {
    Ok(load(&[account_id], as_of)?.into_iter().next().filter(|account| account.is_known))
}

/// What is known of an account that goes by a name; `None` when nothing is.
///
/// # Errors
/// As [`state_from_rows`].
pub fn load_named(name: &str, as_of: Timestamp) -> Result<Option<Account>, Error> {
    let mut number = None;
    NUMBER_OF_NAME.with(|statement| {
        statement.run(&[Some(text_datum(name))], |row| number = row.bigint(1));
    });
    if let Some(account_id) = number.or_else(|| name.parse().ok()) {
        return load_one(account_id, as_of);
    }
    // Only this transaction knows of it so far.
    let state = current_state(0, Some(name), None, None, as_of)?;
    Ok(Some(Account::from_state(state)).filter(|account| account.is_known))
}

/// The state as of a time: what is stored and what is pending, where these can tell, else from the rows.
fn current_state(
    account_id: i64,
    key: Option<&str>,
    stored: Option<AccountState>,
    archived_until: Option<Timestamp>,
    as_of: Timestamp,
) -> Result<AccountState, Error> {
    let from_rows = || state_from_rows(account_id, key, as_of);
    let holds_later = |state: &AccountState| state.last_at().is_some_and(|last| last > as_of);
    // What its leader has pending, a worker cannot see; without having written, it has nothing pending.
    if transaction::is_parallel_worker() && transaction::has_written() {
        return from_rows();
    }
    let added = upkeep::with_pending(|pending| {
        let command = transaction::reading_command().unwrap_or(u32::MAX);
        let by_number = pending.seen_by(&AccountKey::Number(account_id), command);
        let by_name = key.map(|key| pending.seen_by(&AccountKey::Name(key.into()), command));
        let what = match by_name {
            None => by_number,
            Some(by_name) if is_nothing(&by_number) => by_name,
            Some(by_name) if is_nothing(&by_name) => by_number,
            // Rows of one account under its number and its name: their order is known to the rows only.
            Some(_) => return None,
        };
        if is_nothing(&what) {
            return stored;
        }
        let mut state = stored.filter(|_| !what.changed)?;
        let since = archived_until.unwrap_or(Timestamp::MIN);
        upkeep::observe(pending, &what, since, &mut state).then_some(state)
    });
    added.filter(|state| !holds_later(state)).map_or_else(from_rows, Ok)
}

fn is_nothing(what: &Happenings) -> bool {
    what.events.is_empty() && !what.changed
}

/// The keys of accounts, in their order.
pub fn keys_of(account_ids: &[i64]) -> Vec<Option<String>> {
    let mut keys = Vec::with_capacity(account_ids.len());
    let ids = array_datum(Element::Bigint, account_ids.iter().map(|id| Some((*id).into())));
    KEYS.with(|statement| {
        statement.run(&[Some(ids)], |row| keys.push(row.text(1).map(std::borrow::Cow::into_owned)));
    });
    keys
}

/// The key of an account, where any source knows accounts by other than their numbers.
pub fn key_of(account_id: i64) -> Option<String> {
    let needed = sources::all().iter().any(|source| !source.columns.has_numbers());
    needed.then(|| keys_of(&[account_id]).into_iter().next().flatten()).flatten()
}

/// The numbers of all accounts that go by names.
pub fn numbers_of_names() -> HashMap<String, i64> {
    let mut numbers = HashMap::new();
    NUMBERS_OF_NAMES.with(|statement| {
        statement.stream(&[], |row| {
            let name = row.text(1).map(std::borrow::Cow::into_owned);
            numbers.extend(name.zip(row.bigint(2)));
        });
    });
    numbers
}

/// Numbers of names, which come in ascending order and once each. New names get one.
///
/// # Errors
/// [`Error::NamesVanish`] when others remove them as fast as they are added.
pub fn number_names(names: &[&str]) -> Result<Vec<i64>, Error> {
    let argument = array_datum(Element::Text, names.iter().map(|name| Some(text_datum(name))));
    for _ in 0..ATTEMPTS {
        let mut numbers: Vec<Option<i64>> = Vec::with_capacity(names.len());
        NUMBER_NAMES.with(|statement| {
            statement.run(&[Some(argument)], |row| numbers.push(row.bigint(1)));
        });
        // A name that another transaction added while this one waited for it is found the next time.
        if let Some(numbers) = numbers.into_iter().collect() {
            return Ok(numbers);
        }
    }
    Err(Error::NamesVanish)
}

/// The stored state, if there is one that is current.
fn usable_state(row: &Row<'_>) -> Option<AccountState> {
    if row.boolean(3)? {
        return None;
    }
    match AccountState::from_bytes(row.bytes(2)?) {
        Ok(state) => Some(state),
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

fn network(row: &Row<'_>) -> Network {
    Network {
        copied_rate: row.float8(15),
        copy_accounts: row.float8(16),
        shared_device_degree: row.float8(17),
        shared_ip_degree: row.float8(18),
        lockstep_score: row.float8(19),
        lockstep_accounts: row.float8(20),
    }
}
