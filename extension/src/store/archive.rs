//! Keeping `botdet.archived_state`: what accounts did before a time, for when the rows of then are gone.

use botdet_models::event::Timestamp;
use botdet_models::state::AccountState;
use pgrx::pg_sys::{self, Datum};

use super::accounts::key_of;
use super::rows::fold_rows;
use super::states;
use crate::error::Error;
use crate::postgres::call::check_for_interrupts;
use crate::postgres::catalog::{is_empty, relation};
use crate::postgres::memory::with_scratch;
use crate::postgres::spi::Statement;
use crate::postgres::transaction::{with_fresh_snapshot, with_latest_snapshot};
use crate::postgres::values::{Element, array_datum, bytes_datum, timestamp_datum};
use crate::sources;

thread_local! {
    static FIND: Statement = const {
        Statement::reading(include_str!("../sql/archived_state.sql"), &[pg_sys::INT8OID])
    };
    static LOCK: Statement = const {
        Statement::writing(include_str!("../sql/lock_states.sql"), &[pg_sys::INT8ARRAYOID])
    };
    static MARK: Statement = const {
        Statement::writing(
            include_str!("../sql/mark_archived.sql"),
            &[pg_sys::INT8ARRAYOID, pg_sys::TIMESTAMPTZOID],
        )
    };
    static WRITE: Statement = const {
        Statement::writing(
            include_str!("../sql/write_archive.sql"),
            &[pg_sys::INT8ARRAYOID, pg_sys::TIMESTAMPTZOID, pg_sys::BYTEAARRAYOID],
        )
    };
}

/// All that an account did before a time.
pub struct Archive {
    pub until: Timestamp,
    pub state: AccountState,
}

impl Archive {
    /// The state as of a time before [`Archive::until`], which only the ends can tell: before the first event, and from the
    /// last one on.
    ///
    /// # Errors
    /// [`Error::ArchivedMoment`] for a time in between.
    pub fn before(self, as_of: Timestamp, account_id: i64) -> Result<AccountState, Error> {
        if self.state.first_at().is_none_or(|first| as_of < first) {
            return Ok(AccountState::default());
        }
        if self.state.last_at().is_some_and(|last| last <= as_of) {
            return Ok(self.state);
        }
        Err(Error::ArchivedMoment { account_id, as_of, archived_until: self.until })
    }
}

/// The archive of an account, if it has one: the latest, since what it holds may be in no row any more.
///
/// # Errors
/// [`Error::ArchivedState`].
pub fn find(account_id: i64) -> Result<Option<Archive>, Error> {
    // Most servers archive nothing: then there is not even a page to look into.
    if is_empty(relation(c"botdet", c"archived_state")) {
        return Ok(None);
    }
    let mut found = None;
    with_fresh_snapshot(|| {
        FIND.with(|statement| {
            statement.run(&[Some(account_id.into())], |row| {
                let state = AccountState::from_bytes(row.bytes(2).unwrap_or_default());
                found = row.timestamptz(1).map(|until| state.map(|state| Archive { until, state }));
            });
        });
    });
    found.transpose().map_err(|source| Error::ArchivedState { account_id, source })
}

/// Archives what accounts, which come in ascending order, did before a time; says how many of them had not got that far.
///
/// States stay as they are: the archive is the part of them that later rebuilds begin with.
///
/// # Errors
/// [`Error::ArchivedState`].
pub fn archive(account_ids: &[i64], until: Timestamp) -> Result<usize, Error> {
    let ids = |ids: &[i64]| array_datum(Element::Bigint, ids.iter().map(|id| Some(Datum::from(*id))));
    // New ones first, then the rest: the order in which inserts take them.
    let empty = AccountState::default().to_bytes();
    states::add(account_ids.iter().map(|account_id| (*account_id, empty.clone(), true)));
    LOCK.with(|statement| statement.run(&[Some(ids(account_ids))], |_| {}));
    // Whoever held a lock before has committed: only a snapshot from now on sees all of their rows. Whoever inserts from
    // now on finds the account archived.
    let archived = with_latest_snapshot(|| {
        let folded = account_ids.iter().map(|account_id| {
            check_for_interrupts();
            let state = with_scratch(|| state_before(*account_id, until))?;
            Ok(state.map(|state| (*account_id, state)))
        });
        folded.filter_map(Result::transpose).collect::<Result<Vec<_>, Error>>()
    })?;
    let numbers: Vec<i64> = archived.iter().map(|(account_id, _)| *account_id).collect();
    let states = array_datum(Element::Bytea, archived.iter().map(|(_, state)| Some(bytes_datum(state))));
    let (numbers, until) = (Some(ids(&numbers)), Some(timestamp_datum(until)));
    // States first: the trigger on the archive then finds nothing to mark.
    MARK.with(|statement| statement.run(&[numbers, until], |_| {}));
    WRITE.with(|statement| statement.run(&[numbers, until, Some(states)], |_| {}));
    Ok(archived.len())
}

/// What an account did before a time, as it is stored; `None` when that is archived already.
fn state_before(account_id: i64, until: Timestamp) -> Result<Option<Vec<u8>>, Error> {
    let (mut state, since) = match find(account_id)? {
        Some(archive) if archive.until >= until => return Ok(None),
        Some(archive) => (archive.state, archive.until),
        None => (AccountState::default(), Timestamp::MIN),
    };
    let key = key_of(account_id);
    fold_rows(&mut state, &sources::all(), account_id, key.as_deref(), since..=until.saturating_sub(1));
    Ok(Some(state.to_bytes()))
}
