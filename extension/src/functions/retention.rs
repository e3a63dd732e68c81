//! Archiving, and the guard of what is not archived.

use pgrx::pg_sys::{self, Datum};

use crate::error::Error;
use crate::postgres::call::Call;
use crate::postgres::ddl::Command;
use crate::postgres::spi::Statement;
use crate::postgres::{state_table, transaction};
use crate::settings;
use crate::store::archive;

thread_local! {
    static GUARD: Statement = const {
        Statement::writing(
            include_str!("../sql/guard_partition.sql"),
            &[pg_sys::OIDOID, pg_sys::BOOLOID],
        )
    };
}

pub fn archive_accounts(call: &Call) -> Result<Datum, Error> {
    let mut account_ids = call.bigints(0);
    account_ids.sort_unstable();
    account_ids.dedup();
    Ok(Datum::from(archive::archive(&account_ids, call.timestamptz(1))? as i64))
}

pub fn in_transaction_block(_call: &Call) -> Result<Datum, Error> {
    Ok(Datum::from(transaction::is_in_block()))
}

/// Before a command that drops or detaches tables.
pub fn guard_partitions(call: &Call) -> Result<Datum, Error> {
    let command = Command::of(call).ok_or(Error::NotAnEventTrigger)?;
    let removed = command.removed_partitions();
    // The extension's own tables may be gone before its event trigger is.
    if settings::guards_partitions() && !removed.is_empty() && state_table::StateTable::exists() {
        transaction::as_owner(state_table::owner(), || {
            for (partition, concurrently) in removed {
                let arguments = [Some(Datum::from(partition)), Some(Datum::from(concurrently))];
                GUARD.with(|statement| statement.run(&arguments, |_| {}));
            }
        });
    }
    Ok(call.null())
}
