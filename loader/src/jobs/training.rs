//! What a job does, and what it leaves in the database.

use std::path::{Path, PathBuf};

use botdet_models::pipeline::ACCOUNT;
use postgres::Client;

use super::Job;
use crate::error::LoaderError;
use crate::learning::compare::Outcome;
use crate::learning::{Candidate, Parameters, Watch, champion, retrain, retrain_table, update};

/// Where and how a job works.
#[derive(Clone, Debug, Default)]
pub struct Workplace {
    /// Folder for what lets a job that was cut off go on from where it was; `None`: it begins anew.
    pub folder: Option<PathBuf>,
    /// Threads, where the job does not say.
    pub threads: Option<usize>,
}

/// Trains what the job asks for.
///
/// # Errors
/// [`LoaderError::Cancelled`], and whatever training refuses.
pub fn carry_out(
    client: &mut Client,
    job: &Job,
    workplace: &Workplace,
    watch: &mut dyn Watch,
) -> Result<Candidate, LoaderError> {
    let mut parameters = Parameters::from_json(job.parameters.clone())?;
    parameters.threads = parameters.threads.or(workplace.threads);
    let margin: f64 = client.query_one(include_str!("../sql/margin.sql"), &[&job.detector])?.get(0);
    let champion = champion(client, &job.detector)?;
    if job.kind == "update" {
        if job.detector != ACCOUNT {
            return Err(LoaderError::NotLearning(job.detector.clone()));
        }
        let champion = champion.ok_or_else(|| LoaderError::NoChampion(job.detector.clone()))?;
        return update(client, &champion, &parameters, margin, watch);
    }
    if job.detector != ACCOUNT {
        return retrain_table(client, &job.detector, champion.as_ref(), &parameters, margin, watch);
    }
    let checkpoint = workplace.folder.as_deref().map(|folder| checkpoint(folder, job));
    retrain(client, champion.as_ref(), &parameters, margin, checkpoint.as_deref(), watch)
}

/// File of the job's checkpoint. Databases have jobs of the same number, but not with the same files.
fn checkpoint(folder: &Path, job: &Job) -> PathBuf {
    folder.join(format!("botdet-job-{}.checkpoint", job.job_id))
}

/// Forgets what would let the job go on.
pub fn clear_away(workplace: &Workplace, job: &Job) {
    if let Some(folder) = &workplace.folder {
        // Most jobs never wrote one.
        let _ = std::fs::remove_file(checkpoint(folder, job));
    }
}

/// Registers a candidate that is not worse than the champion, puts one that is better in shadow, where it judges accounts, and ends the
/// job, in one transaction: nothing of it is done by a runner that has lost the job meanwhile.
///
/// # Errors
/// [`LoaderError::Database`] when the server refuses.
pub fn hand_in(client: &mut Client, job: &Job, candidate: &Candidate) -> Result<(), LoaderError> {
    let report = &candidate.report;
    let mut result = serde_json::to_value(report)?;
    let mut transaction = client.transaction()?;
    let mut version: Option<String> = None;
    // One that is no better is known by its figures alone: it would fill the table of versions, an hour at a time.
    if report.outcome != Outcome::NotBetter {
        let comment =
            format!("{} by job {}", if job.kind == "update" { "updated" } else { "trained" }, job.job_id);
        let artifact = candidate.artifact.to_bytes();
        let registered: String =
            transaction.query_one(include_str!("../sql/register_model.sql"), &[&artifact, &comment])?.get(0);
        if report.outcome == Outcome::Better && job.detector == ACCOUNT {
            let trial: Option<i64> = transaction
                .query_one(
                    include_str!("../sql/begin_trial.sql"),
                    &[&registered, &job.detector, &job.job_id, &report.reason],
                )?
                .get(0);
            result["trial_id"] = trial.into();
        } else if report.outcome == Outcome::Better {
            result["no_trial"] = format!(
                "detector {} judges rows, which are always the champion's, so nothing is tried beside it; botdet_activate() makes the version answer",
                job.detector
            ).into();
        }
        version = Some(registered);
    }
    transaction.execute(
        include_str!("../sql/end_job.sql"),
        &[&job.job_id, &job.attempt, &"done", &None::<String>, &version, &Some(result)],
    )?;
    Ok(transaction.commit()?)
}
