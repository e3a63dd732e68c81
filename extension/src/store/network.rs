//! Writing `botdet.account_network`.

use botdet_models::event::Timestamp;
pub use botdet_models::network::Network as Facts;
use pgrx::pg_sys;

use crate::postgres::memory::with_scratch;
use crate::postgres::spi::Statement;
use crate::postgres::state_table::with_rights;
use crate::postgres::values::{Element, array_datum, float8_datum, timestamp_datum};

/// Accounts that are written at a time.
const BATCH: usize = 10_000;

thread_local! {
    static WRITE: Statement = const {
        Statement::writing(
            include_str!("../sql/write_network.sql"),
            &[
                pg_sys::TIMESTAMPTZOID,
                pg_sys::INT8ARRAYOID,
                pg_sys::FLOAT8ARRAYOID,
                pg_sys::FLOAT8ARRAYOID,
                pg_sys::FLOAT8ARRAYOID,
                pg_sys::FLOAT8ARRAYOID,
                pg_sys::FLOAT8ARRAYOID,
                pg_sys::FLOAT8ARRAYOID,
            ],
        )
    };
}

/// Writes what was found of accounts, which come in ascending order, over what an earlier comparison of the same moment found.
pub fn write(facts: &[(i64, Facts)], compared_at: Timestamp) {
    for batch in facts.chunks(BATCH) {
        with_scratch(|| {
            let column = |value: fn(&Facts) -> Option<f64>| {
                let values = batch.iter().map(|(_, facts)| value(facts).map(float8_datum));
                Some(array_datum(Element::Float8, values))
            };
            let ids = batch.iter().map(|(account_id, _)| Some((*account_id).into()));
            let arguments = [
                Some(timestamp_datum(compared_at)),
                Some(array_datum(Element::Bigint, ids)),
                column(|facts| facts.copied_rate),
                column(|facts| facts.copy_accounts),
                column(|facts| facts.shared_device_degree),
                column(|facts| facts.shared_ip_degree),
                column(|facts| facts.lockstep_score),
                column(|facts| facts.lockstep_accounts),
            ];
            with_rights(|| WRITE.with(|statement| statement.run(&arguments, |_| {})));
        });
    }
}
