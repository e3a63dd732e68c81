//! Jobs, run beside the service: training takes minutes of processor time, and waits for the database like any other client. So it has a
//! thread and connections of its own, and no request waits for it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use botdet_loader::jobs::{Connector, Runner, RunnerParams};
use botdet_loader::signals::Stop;
use tokio::sync::watch;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::JobsConfig;

/// Whoever runs jobs in this process.
pub struct Learner {
    /// Hears of its end.
    ended: Option<Receiver<()>>,
}

impl Learner {
    /// Starts, unless the settings leave jobs to others. As soon as the service stops, what is under way is put back, for whoever
    /// runs jobs next.
    ///
    /// # Errors
    /// What the system says when there can be no thread.
    pub fn start(
        config: &JobsConfig,
        (connection, tls): (tokio_postgres::Config, Option<MakeRustlsConnect>),
        mut stopping: watch::Receiver<bool>,
    ) -> std::io::Result<Self> {
        if config.no_jobs {
            return Ok(Self { ended: None });
        }
        let usual = RunnerParams::new(connection.into());
        let connector = match tls {
            Some(tls) => Connector::new(move |database| database.connect(tls.clone())),
            None => Connector::default(),
        };
        let params = RunnerParams {
            connector,
            folder: config.job_folder.clone(),
            threads: config.job_threads.map(usize::from).or(usual.threads),
            ..usual
        };
        let (stop, is_told) = Stop::when_dropped();
        let (has_ended, ended) = channel();
        thread::Builder::new().name("jobs".to_owned()).spawn(move || {
            Runner::follow(&params, &is_told);
            drop(has_ended);
        })?;
        tokio::spawn(async move {
            let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
            drop(stop);
        });
        Ok(Self { ended: Some(ended) })
    }

    /// Waits until what was under way is put back; after this time the process may end all the same, and the job is taken up again as
    /// after a crash.
    pub fn wait(self, patience: Duration) {
        let Some(ended) = self.ended else { return };
        let has_ended: Result<(), _> = ended.recv_timeout(patience);
        if has_ended == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("a job is cut off, and will be taken up again");
        }
    }
}
