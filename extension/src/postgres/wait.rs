//! What `pg_stat_activity` shows a backend to be waiting for.

use pgrx::pg_sys;

/// Runs `work`, which shows as a wait of type Extension.
pub fn as_extension<R>(work: impl FnOnce() -> R) -> R {
    struct Ended;
    impl Drop for Ended {
        fn drop(&mut self) {
            report(0);
        }
    }
    report(pg_sys::PG_WAIT_EXTENSION);
    let _ended = Ended;
    work()
}

fn report(event: u32) {
    // SAFETY: the pointer always leads to a word of this backend: its own, or one in shared memory that others only read.
    unsafe { std::ptr::write_volatile(pg_sys::my_wait_event_info, event) };
}
