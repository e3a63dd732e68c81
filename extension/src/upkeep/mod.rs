//! Keeping states current: rows are digested when a statement ends, and folded into the stored states once, before the
//! transaction commits.
//!
//! ```text
//! statement trigger ─► Pending (memory; a savepoint rolls back its part) ─► before commit: flush, in account order
//!                          └─► functions called in the same transaction see stored state + pending events
//! ```
//!
//! One flush a transaction, in one order: concurrent transactions wait for each other and never in a circle, whatever
//! their statements were. It reads with the latest snapshot, so REPEATABLE READ loses nothing and fails nowhere.

mod capture;
mod flush;
mod ignored;
mod pending;

use std::cell::RefCell;

pub use capture::capture;
pub use flush::observe;
pub use pending::{Happenings, Pending};

use crate::postgres::transaction::{self, Moment};

thread_local! {
    static PENDING: RefCell<Pending> = RefCell::default();
}

/// Call once, when the library is loaded.
pub fn init() {
    transaction::on_moment(|moment| match moment {
        Moment::BeforeCommit => flush::flush_if_needed(),
        Moment::Ended => {
            PENDING.with_borrow_mut(Pending::clear);
            flush::forget();
        }
        Moment::SubtransactionCommitted { level, parent } => {
            PENDING.with_borrow_mut(|pending| pending.committed(level, parent));
        }
        Moment::SubtransactionRolledBack { level } => {
            PENDING.with_borrow_mut(|pending| pending.rolled_back(level));
        }
    });
}

/// Looks at what this transaction has not flushed yet.
pub fn with_pending<R>(work: impl FnOnce(&Pending) -> R) -> R {
    PENDING.with_borrow(work)
}
