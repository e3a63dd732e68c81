//! Memory that is given back before the statement ends.

use pgrx::pg_sys;

/// A memory context of our own. When an error unwinds past it, it goes with the context it was made in.
pub struct Scratch {
    context: pg_sys::MemoryContext,
}

impl Scratch {
    pub fn new() -> Self {
        // SAFETY: the parent is the current context, which outlives this value; the name is static.
        let context = unsafe {
            pg_sys::AllocSetContextCreateInternal(
                pg_sys::CurrentMemoryContext,
                c"botdet scratch".as_ptr(),
                pg_sys::ALLOCSET_DEFAULT_MINSIZE as usize,
                pg_sys::ALLOCSET_DEFAULT_INITSIZE as usize,
                pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
            )
        };
        Self { context }
    }

    /// Runs `work`; what it has Postgres allocate lies here, and must not outlive [`Scratch::clear`].
    pub fn run<R>(&self, work: impl FnOnce() -> R) -> R {
        // SAFETY: the context is alive; after an error Postgres sets the current one itself.
        unsafe {
            let before = pg_sys::MemoryContextSwitchTo(self.context);
            let result = work();
            pg_sys::MemoryContextSwitchTo(before);
            result
        }
    }

    /// Gives back everything that was allocated.
    pub fn clear(&self) {
        // SAFETY: the context is alive, and by the contract of `run` nothing in it is used any more.
        unsafe { pg_sys::MemoryContextReset(self.context) };
    }

    /// Ends it, as [`Scratch::clear`] and for good.
    pub fn release(self) {
        // SAFETY: as for `clear`; this was the only owner.
        unsafe { pg_sys::MemoryContextDelete(self.context) };
    }
}

/// Runs `work` in memory that is given back at its end. Its result must not point into that.
pub fn with_scratch<R>(work: impl FnOnce() -> R) -> R {
    let scratch = Scratch::new();
    let result = scratch.run(work);
    scratch.release();
    result
}
