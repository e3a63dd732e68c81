//! `botdet.score_queue`: who is to be scored later.

use std::collections::BTreeSet;

use pgrx::pg_sys;

use crate::postgres::catalog::relation;
use crate::postgres::spi::Statement;
use crate::postgres::values::{Element, array_datum};

thread_local! {
    static APPEND: Statement = const {
        Statement::writing(include_str!("../sql/append_queue.sql"), &[pg_sys::INT8ARRAYOID]).planned_once()
    };
    static CLAIM: Statement = const {
        Statement::writing(include_str!("../sql/claim_queue.sql"), &[pg_sys::INT8OID]).planned_anew()
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
    CLAIM.with(|statement| {
        statement.run(&[Some(i64::from(limit).into())], |row| account_ids.extend(row.bigint(1)));
    });
    account_ids
}
