//! Work whose failure must not be the statement's.

use std::panic::AssertUnwindSafe;

use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgSqlErrorCode, PgTryBuilder, pg_sys};

/// Runs `work` in a subtransaction. An error rolls back what it did and comes back as its message; a cancel or the end of
/// the session goes on as usual.
pub fn attempt<R>(work: impl FnOnce() -> R) -> Result<R, String> {
    // SAFETY: context and resource owner are those of the running statement, and are set back on both ways out, as
    // PL/pgSQL's exception blocks do.
    unsafe {
        let context = pg_sys::CurrentMemoryContext;
        let owner = pg_sys::CurrentResourceOwner;
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(context);

        let result = PgTryBuilder::new(AssertUnwindSafe(|| Ok(work())))
            .catch_when(PgSqlErrorCode::ERRCODE_QUERY_CANCELED, |error| error.rethrow())
            .catch_when(PgSqlErrorCode::ERRCODE_ADMIN_SHUTDOWN, |error| error.rethrow())
            .catch_others(|error| Err(message(&error)))
            .catch_rust_panic(|error| Err(message(&error)))
            .execute();

        if result.is_ok() {
            pg_sys::ReleaseCurrentSubTransaction();
        } else {
            pg_sys::RollbackAndReleaseCurrentSubTransaction();
        }
        pg_sys::MemoryContextSwitchTo(context);
        pg_sys::CurrentResourceOwner = owner;
        result
    }
}

fn message(error: &CaughtError) -> String {
    let (CaughtError::PostgresError(report)
    | CaughtError::ErrorReport(report)
    | CaughtError::RustPanic { ereport: report, .. }) = error;
    report.message().to_owned()
}
