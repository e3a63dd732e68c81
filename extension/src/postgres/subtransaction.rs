//! Work whose failure must not be the statement's.

use std::panic::AssertUnwindSafe;

use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgSqlErrorCode, PgTryBuilder, pg_sys};

enum Outcome<R> {
    Done(R),
    Failed(String),
    Rethrown(Box<CaughtError>),
}

/// Runs `work` in a subtransaction. An error rolls back what it did and comes back as its message; a cancel or the end of
/// the session is rolled back too, and then goes on as usual. Leaving without the rollback would hand our subtransaction, and
/// with it the user we run as, to whoever catches the error.
pub fn attempt<R>(work: impl FnOnce() -> R) -> Result<R, String> {
    // SAFETY: context and resource owner are those of the running statement, and are set back on every way out, as
    // PL/pgSQL's exception blocks do.
    unsafe {
        let context = pg_sys::CurrentMemoryContext;
        let owner = pg_sys::CurrentResourceOwner;
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(context);

        let rethrown = |error| Outcome::Rethrown(Box::new(error));
        let outcome = PgTryBuilder::new(AssertUnwindSafe(|| Outcome::Done(work())))
            .catch_when(PgSqlErrorCode::ERRCODE_QUERY_CANCELED, rethrown)
            .catch_when(PgSqlErrorCode::ERRCODE_ADMIN_SHUTDOWN, rethrown)
            .catch_others(|error| Outcome::Failed(message(&error)))
            .catch_rust_panic(|error| Outcome::Failed(message(&error)))
            .execute();

        if matches!(outcome, Outcome::Done(_)) {
            pg_sys::ReleaseCurrentSubTransaction();
        } else {
            pg_sys::RollbackAndReleaseCurrentSubTransaction();
        }
        pg_sys::MemoryContextSwitchTo(context);
        pg_sys::CurrentResourceOwner = owner;
        match outcome {
            Outcome::Done(result) => Ok(result),
            Outcome::Failed(message) => Err(message),
            Outcome::Rethrown(error) => error.rethrow(),
        }
    }
}

fn message(error: &CaughtError) -> String {
    let (CaughtError::PostgresError(report)
    | CaughtError::ErrorReport(report)
    | CaughtError::RustPanic { ereport: report, .. }) = error;
    report.message().to_owned()
}
