//! `botdet jobs`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{DatabaseOptions, OutputOptions};
use crate::error::LoaderError;
use crate::jobs::{Runner, RunnerParams};
use crate::signals::Stop;

/// Do the trainings that were asked for, or that are due, and take on trials of what came of them.
#[derive(Debug, Args)]
pub struct Jobs {
    /// Go on until Ctrl-C or SIGTERM, which puts back what is under way; otherwise end when nothing is left to do
    #[arg(long)]
    follow: bool,
    /// Seconds between two looks for a job, with --follow
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600), requires = "follow")]
    poll: u64,
    /// Folder for checkpoints: the training of a sequence model that was cut off goes on from there
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Threads of a training that does not say; half as many as there are processors by default
    #[arg(long)]
    threads: Option<usize>,
    #[command(flatten)]
    database: DatabaseOptions,
    #[command(flatten)]
    output: OutputOptions,
}

#[derive(serde::Serialize)]
struct Done {
    jobs: usize,
}

impl Jobs {
    pub(super) fn run(self) -> Result<(), LoaderError> {
        let usual = RunnerParams::new(self.database.database_url.parse()?);
        let params = RunnerParams {
            poll: Duration::from_secs(self.poll),
            folder: self.folder,
            threads: self.threads.or(usual.threads),
            ..usual
        };
        // A job hears of the signal when it next says how far it is.
        let stop = Stop::listen(|| {})?;
        if self.follow {
            Runner::follow(&params, &stop);
            return Ok(());
        }
        let jobs = Runner::connect(params)?.run_all(&stop)?;
        self.output.output().figures(&Done { jobs }, || format!("{jobs} jobs done"))
    }
}
