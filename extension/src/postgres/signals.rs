//! Keeping signals on the backend's own thread.

/// Runs `work` with every signal blocked: threads that it starts inherit that, and never see one.
pub fn with_signals_blocked<R>(work: impl FnOnce() -> R) -> R {
    let _restore = Blocked::new();
    work()
}

struct Blocked {
    before: libc::sigset_t,
}

impl Blocked {
    fn new() -> Self {
        // SAFETY: both sets are valid for writing, and sigfillset initialises the one that is read.
        unsafe {
            let mut all: libc::sigset_t = std::mem::zeroed();
            let mut before: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
            Self { before }
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: `before` was filled by pthread_sigmask on this thread.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut());
        }
    }
}
