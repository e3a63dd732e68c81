//! `botdet.score_queue`: who is to be scored later.

use std::collections::BTreeSet;

use pgrx::pg_sys;

use crate::postgres::catalog::relation;
use crate::postgres::spi::Statement;
use crate::postgres::state_table::with_rights;
use crate::postgres::values::{Element, array_datum};

thread_local! {
    static APPEND: Statement = const {
        Statement::writing(include_str!("../sql/append_queue.sql"), &[pg_sys::INT8ARRAYOID]).planned_once()
    };
    static CLAIM: Statement = const {
        Statement::writing(include_str!("../sql/claim_queue.sql"), &[pg_sys::INT8OID]).planned_anew()
    };
    static ENGAGEMENT_WAITS: Statement = const {
        Statement::reading(
            "SELECT FROM botdet.score_queue q WHERE q.detector OPERATOR(pg_catalog.=) 'engagement' LIMIT 1",
            &[],
        )
    };
    static ENGAGEMENT: Statement = const {
        Statement::writing("SELECT botdet.score_pending_engagement($1)", &[pg_sys::INT4OID]).planned_once()
    };
}

/// Whether there is a queue: a worker may be connected to a database without the extension.
pub fn exists() -> bool {
    relation(c"botdet", c"score_queue") != pg_sys::Oid::INVALID
}

/// Queues accounts. Waits for nobody, whatever others queue at the same time.
pub fn append(account_ids: &[i64]) {
    let ids = array_datum(Element::Bigint, account_ids.iter().map(|id| Some((*id).into())));
    APPEND.with(|statement| statement.run(&[Some(ids)], |_| {}));
}

/// Takes the accounts of the oldest `limit` rows out of the queue. A rollback puts them back.
pub fn claim(limit: i32) -> BTreeSet<i64> {
    let mut account_ids = BTreeSet::new();
    with_rights(|| {
        CLAIM.with(|statement| {
            statement.run(&[Some(i64::from(limit).into())], |row| account_ids.extend(row.bigint(1)));
        });
    });
    account_ids
}

/// Takes the oldest `limit` rows of engagement out of the queue and judges their accounts; returns how many. None before the
/// extension knows of engagement: its library may be newer.
pub fn score_engagement(limit: i32) -> i64 {
    let mut scored = 0;
    // Who scores accounts alone needs no right to engagement.
    if relation(c"botdet", c"engagement_hourly") != pg_sys::Oid::INVALID
        && ENGAGEMENT_WAITS.with(|statement| statement.run(&[], |_| {})) > 0
    {
        ENGAGEMENT.with(|statement| {
            statement.run(&[Some(limit.into())], |row| scored = row.bigint(1).unwrap_or_default());
        });
    }
    scored
}
