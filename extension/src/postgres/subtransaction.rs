//! Work whose failure must not be the statement's.

use std::panic::AssertUnwindSafe;

use pgrx::pg_sys::panic::{CaughtError, ErrorReportWithLevel};
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
    attempt_unless(ends_the_statement, work)
}

/// As [`attempt`], for `passes` to say which errors are rolled back and then go on as usual.
pub fn attempt_unless<R>(passes: fn(PgSqlErrorCode) -> bool, work: impl FnOnce() -> R) -> Result<R, String> {
    // SAFETY: context and resource owner are those of the running statement, and are set back on every way out, as
    // PL/pgSQL's exception blocks do.
    unsafe {
        let context = pg_sys::CurrentMemoryContext;
        let owner = pg_sys::CurrentResourceOwner;
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(context);

        let outcome = PgTryBuilder::new(AssertUnwindSafe(|| Outcome::Done(work())))
            .catch_others(move |error| {
                if passes(report(&error).sql_error_code()) {
                    Outcome::Rethrown(Box::new(error))
                } else {
                    Outcome::Failed(message(&error))
                }
            })
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

fn ends_the_statement(code: PgSqlErrorCode) -> bool {
    matches!(code, PgSqlErrorCode::ERRCODE_QUERY_CANCELED | PgSqlErrorCode::ERRCODE_ADMIN_SHUTDOWN)
}

/// Whether an error has nothing to do with what was worked on: a cancel, a deadlock, a full disk, a missing privilege. Trying
/// again may succeed, and trying with other rows will not.
pub fn is_circumstance(code: PgSqlErrorCode) -> bool {
    /// The first two of an SQLSTATE's five characters, at six bits each.
    const CLASS: i32 = 0xfff;
    const CLASSES: [PgSqlErrorCode; 6] = [
        PgSqlErrorCode::ERRCODE_INVALID_TRANSACTION_STATE,
        PgSqlErrorCode::ERRCODE_TRANSACTION_ROLLBACK,
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_RESOURCES,
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        PgSqlErrorCode::ERRCODE_OPERATOR_INTERVENTION,
        PgSqlErrorCode::ERRCODE_SYSTEM_ERROR,
    ];
    code == PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE
        || CLASSES.iter().any(|class| *class as i32 & CLASS == code as i32 & CLASS)
}

pub(super) fn message(error: &CaughtError) -> String {
    report(error).message().to_owned()
}

fn report(error: &CaughtError) -> &ErrorReportWithLevel {
    let (CaughtError::PostgresError(report)
    | CaughtError::ErrorReport(report)
    | CaughtError::RustPanic { ereport: report, .. }) = error;
    report
}
