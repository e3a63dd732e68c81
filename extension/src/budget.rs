//! How long sequence models may run for one call, by `botdet.inference_timeout`.
//!
//! What counts is the time in the runtime, and not that of reading accounts. It is looked at before each chunk of accounts; a
//! runtime that can be stopped from another thread is stopped within one, too.

use std::cell::Cell;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use botdet_models::sequence::{SequenceError, Stop};

use crate::postgres::signals::with_signals_blocked;

thread_local! {
    /// What the call in progress has used.
    static SPENT: Cell<Spent> = const { Cell::new(Spent { time: Duration::ZERO, rows: 0 }) };
}

#[derive(Clone, Copy)]
struct Spent {
    time: Duration,
    rows: usize,
}

/// Runs a call of a scoring function, with a budget of its own.
pub fn of_a_call<R>(call: impl FnOnce() -> R) -> R {
    SPENT.set(Spent { time: Duration::ZERO, rows: 0 });
    call()
}

/// Runs something beside the call in progress, with a budget of its own: what it uses is not the call's.
pub fn beside_a_call<R>(work: impl FnOnce() -> R) -> R {
    struct Restore(Spent);
    impl Drop for Restore {
        fn drop(&mut self) {
            SPENT.set(self.0);
        }
    }
    let _restore = Restore(SPENT.get());
    of_a_call(work)
}

/// Runs so many rows within what is left of the call's `limit`; `stop` ends the run when that is used up.
///
/// # Errors
/// [`SequenceError::Timeout`], and what `run` returns.
pub fn spend<R>(
    limit: Duration,
    rows: usize,
    stop: Option<Stop>,
    run: impl FnOnce() -> Result<R, SequenceError>,
) -> Result<R, SequenceError> {
    let spent = SPENT.get();
    let timeout = || SequenceError::Timeout { milliseconds: limit.as_millis() as u64, rows: spent.rows };
    let left = limit.checked_sub(spent.time).filter(|left| !left.is_zero()).ok_or_else(timeout)?;
    let watch = stop.and_then(|stop| Watch::begin(left, stop));
    let started = Instant::now();
    let result = run();
    drop(watch);
    let time = started.elapsed();
    let done = if result.is_ok() { rows } else { 0 };
    SPENT.set(Spent { time: spent.time + time, rows: spent.rows + done });
    match result {
        Err(_) if time >= left => Err(timeout()),
        result => result,
    }
}

/// A thread that waits for the end of a run, and stops it when that is late. It ends with the value.
struct Watch {
    ended: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// `None` when no thread can be had: the run then ends when it ends.
    fn begin(after: Duration, stop: Stop) -> Option<Self> {
        let (ended, end) = channel::<()>();
        let wait = move || {
            if end.recv_timeout(after) == Err(RecvTimeoutError::Timeout) {
                stop();
            }
        };
        let thread =
            with_signals_blocked(|| Builder::new().name("botdet watch".to_owned()).spawn(wait)).ok()?;
        Some(Self { ended: Some(ended), thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ended.take();
        // It has no way to fail.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
