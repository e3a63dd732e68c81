//! Ending when asked to.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::error::LoaderError;

/// Hears of Ctrl-C and SIGTERM.
#[derive(Debug)]
pub struct Stop {
    heard: Receiver<()>,
}

impl Stop {
    /// Listens from now on; the first signal also calls `interrupt`, in a thread of its own.
    ///
    /// # Errors
    /// [`LoaderError::Signals`].
    pub fn listen(interrupt: impl FnOnce() + Send + 'static) -> Result<Self, LoaderError> {
        let (sender, heard) = channel();
        let (ready, is_ready) = channel();
        thread::spawn(move || {
            if let Err(error) = wait_for_signal(&ready, &sender) {
                let _ = ready.send(Err(error));
                return;
            }
            interrupt();
        });
        match is_ready.recv() {
            Ok(Err(error)) => Err(LoaderError::Signals(error)),
            _ => Ok(Self { heard }),
        }
    }

    /// Comes when the other end is dropped, and not by signals: for whoever hears of these already.
    #[must_use]
    pub fn when_dropped() -> (Sender<()>, Self) {
        let (sender, heard) = channel();
        (sender, Self { heard })
    }

    /// Whether a signal comes, or came, within this time.
    #[must_use]
    pub fn comes_within(&self, time: Duration) -> bool {
        !matches!(self.heard.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }
}

type Readiness = Sender<std::io::Result<()>>;

/// Says that it listens, and then, once, that a signal has come.
fn wait_for_signal(ready: &Readiness, heard: &Sender<()>) -> std::io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let _ = ready.send(Ok(()));
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        let _ = heard.send(());
        Ok(())
    })
}
