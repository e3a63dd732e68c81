//! Whoever looks on.

use std::ops::ControlFlow;

use crate::error::LoaderError;

/// Somebody who is told how far a job is, and may end it.
pub trait Watch {
    /// `phase` is being done, and this share of all is, 0 to 1.
    ///
    /// # Errors
    /// [`LoaderError::Cancelled`] to end the job.
    fn note(&mut self, phase: &'static str, progress: f64) -> Result<(), LoaderError>;
}

/// Passes on what a fit tells, which knows of no errors but its own.
pub(super) struct Listener<'a> {
    watch: &'a mut dyn Watch,
    stopped: Option<LoaderError>,
}

impl<'a> Listener<'a> {
    pub(super) fn new(watch: &'a mut dyn Watch) -> Self {
        Self { watch, stopped: None }
    }

    pub(super) fn hear(&mut self, phase: &'static str, progress: f64) -> ControlFlow<()> {
        match self.watch.note(phase, progress) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.stopped = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// What was fitted, unless whoever watches has ended it.
    pub(super) fn outcome<T>(self, fitted: Result<T, LoaderError>) -> Result<T, LoaderError> {
        self.stopped.map_or(fitted, Err)
    }
}
