//! States as rows make them.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use botdet_models::digest::{Digests, GroupedDigests};
use botdet_models::event::Timestamp;
use botdet_models::state::AccountState;
use pgrx::pg_sys::Datum;

use super::accounts::{key_of, keys_of};
use super::archive;
use crate::error::Error;
use crate::postgres::call::check_for_interrupts;
use crate::postgres::event_columns::AccountKey;
use crate::postgres::spi::Row;
use crate::postgres::transaction;
use crate::postgres::values::{Element, array_datum, text_datum, timestamp_datum};
use crate::settings;
use crate::sources::{self, Source};

/// The state of an account up to `as_of`, folded from its archive and its rows in all sources.
///
/// # Errors
/// [`Error::ArchivedMoment`] when the archive has no answer for this time, [`Error::ArchivedState`] when it cannot be read.
pub fn state_from_rows(account_id: i64, key: Option<&str>, as_of: Timestamp) -> Result<AccountState, Error> {
    let sources = sources::all();
    // From here on no partition goes, so that what the archive does not hold is still in the rows.
    sources.iter().for_each(|source| transaction::keep_relation(source.relation));
    let (mut state, since) = match archive::find(account_id)? {
        Some(archive) if as_of < archive.until => return archive.before(as_of, account_id),
        Some(archive) => (archive.state, archive.until),
        None => (AccountState::default(), Timestamp::MIN),
    };
    fold_rows(&mut state, &sources, account_id, key, since..=as_of);
    Ok(state)
}

/// Folds an account's rows of a span of time into a state that holds nothing later.
pub fn fold_rows(
    state: &mut AccountState,
    sources: &[Source],
    account_id: i64,
    key: Option<&str>,
    span: RangeInclusive<Timestamp>,
) {
    let mut digests = Digests::default();
    let holding: Vec<&Source> = sources.iter().filter(|source| source.may_hold(key)).collect();
    for source in &holding {
        let arguments = [
            Some(account_id.into()),
            key.map(text_datum),
            Some(timestamp_datum(*span.end())),
            Some(timestamp_datum(*span.start())),
        ];
        let mut fold = |row: &Row<'_>| {
            let value = |number: i16| row.datum(i32::from(number));
            let action_of = |name: Option<&str>| source.action(name);
            source.event_columns.with_event(&value, action_of, |event| {
                // Rows come in the order of time: a later one closes what came before. Only among those of one instant
                // does their order have to be found. Of several tables, all rows must be there first.
                let closes = digests.events().last().is_some_and(|last| last.occurred_at < event.occurred_at);
                if closes && holding.len() == 1 {
                    state.observe_sorted(&mut digests);
                }
                digests.push(event);
            });
        };
        source.reading(|| source.events.stream(&arguments, &mut fold));
    }
    state.observe_sorted(&mut digests);
}

/// The states of many accounts, as [`state_from_rows`] makes each of them, in their order. Rows are read in the order they lie in,
/// each page once: where there are many accounts, that is less than looking for those of each.
///
/// # Errors
/// As [`state_from_rows`].
pub fn states_from_rows(account_ids: &[i64]) -> Result<Vec<AccountState>, Error> {
    let sources = sources::all();
    sources.iter().for_each(|source| transaction::keep_relation(source.relation));
    let (mut states, mut since) = (Vec::new(), Vec::new());
    for account_id in account_ids {
        let archive = archive::find(*account_id)?;
        since.push(archive.as_ref().map_or(Timestamp::MIN, |archive| archive.until));
        states.push(archive.map_or_else(AccountState::default, |archive| archive.state));
    }
    let accounts = Accounts::new(account_ids, &sources);
    // Twice what was reckoned with: one account may have as many rows as thousands of others.
    let room = 2 * settings::maintenance_bytes();
    let mut events = GroupedDigests::default();
    for source in sources.iter() {
        accounts.for_each_row(source, |account, value| {
            let action_of = |name: Option<&str>| source.action(name);
            source.event_columns.with_event(value, action_of, |event| {
                if event.occurred_at >= since[account as usize] && events.size() <= room {
                    events.push(account, event);
                }
            });
        });
    }
    if events.size() > room {
        return account_ids.iter().map(|id| state_from_rows(*id, key_of(*id).as_deref(), i64::MAX)).collect();
    }
    AccountState::observe_groups(&mut states, &events, &mut check_for_interrupts);
    Ok(states)
}

/// Accounts by all that rows may know them by.
struct Accounts<'a> {
    account_ids: &'a [i64],
    keys: Vec<Option<String>>,
    by_key: HashMap<AccountKey, u32>,
}

impl<'a> Accounts<'a> {
    fn new(account_ids: &'a [i64], sources: &[Source]) -> Self {
        let numbers = account_ids.iter().map(|account_id| AccountKey::Number(*account_id));
        let mut by_key: HashMap<AccountKey, u32> = numbers.zip(0..).collect();
        let are_numbers = sources.iter().all(|source| source.columns.has_numbers());
        let keys = if are_numbers { vec![None; account_ids.len()] } else { keys_of(account_ids) };
        for (key, account) in keys.iter().zip(0..) {
            if let Some(key) = key {
                by_key.insert(AccountKey::Name(key.as_str().into()), account);
            }
        }
        Self { account_ids, keys, by_key }
    }

    /// Hands over the accounts' rows in a source, each with the account's place among them.
    fn for_each_row(&self, source: &Source, mut each: impl FnMut(u32, &dyn Fn(i16) -> Option<Datum>)) {
        let asked: Vec<(&i64, Option<&str>)> = (self.account_ids.iter())
            .zip(self.keys.iter().map(Option::as_deref))
            .filter(|(_, key)| source.may_hold(*key))
            .collect();
        let ids = array_datum(Element::Bigint, asked.iter().map(|(id, _)| Some(Datum::from(**id))));
        let keys = array_datum(Element::Text, asked.iter().map(|(_, key)| key.map(text_datum)));
        let each_row = |row: &Row<'_>| {
            let value = |number: i16| row.datum(i32::from(number));
            let account = source.event_columns.key(&value).and_then(|key| self.by_key.get(&key).copied());
            if let Some(account) = account {
                each(account, &value);
            }
        };
        source.reading(|| source.events_of_many.stream(&[Some(ids), Some(keys)], each_row));
    }
}
