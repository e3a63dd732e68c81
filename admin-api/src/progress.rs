//! Live progress: server-sent events of a job, each read in the role of whoever follows it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::access::Caller;
use crate::app::App;
use crate::controllers::jobs::{self, Job};
use crate::error::ApiError;
use crate::session::Session;

/// How often the job is looked at. A connection is held only while it is: many may follow, and few connections do.
const INTERVAL: Duration = Duration::from_millis(500);
/// How long a client waits before it asks again, when the stream breaks off.
const RETRY: Duration = Duration::from_secs(2);
/// Streams at a time.
const STREAMS: usize = 64;

/// How many more may follow.
#[derive(Clone)]
pub struct Followers(Arc<Semaphore>);

impl Default for Followers {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(STREAMS)))
    }
}

struct Follow {
    app: App,
    caller: Caller,
    job: Job,
    /// What is to be told next is `job` itself.
    is_news: bool,
    _permit: OwnedSemaphorePermit,
}

/// The job as it is, and then each change, until it ends, the service stops, or the job cannot be read any more: clients ask again then.
pub fn follow(
    app: App,
    caller: Caller,
    job: Job,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>, ApiError> {
    let permit = app.followers.0.clone().try_acquire_owned();
    let permit = permit.map_err(|_| ApiError::TooManyRequests { retry_after: RETRY.as_secs() })?;
    let follow = Follow { app, caller, job, is_news: true, _permit: permit };
    let events = stream::unfold(Some(follow), async |follow| {
        let mut follow = follow?;
        if !follow.is_news && !follow.changes().await {
            return None;
        }
        follow.is_news = false;
        let event = Event::default().event("job").id(follow.job.tag().trim_matches('"')).retry(RETRY);
        let event = event.json_data(&follow.job).ok()?;
        let is_over = follow.job.finished_at.is_some();
        Some((Ok(event), (!is_over).then_some(follow)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

impl Follow {
    /// Waits until the job is another than it was; false when there is nothing more to tell.
    async fn changes(&mut self) -> bool {
        let mut stopping = self.app.stopping.subscribe();
        loop {
            tokio::select! {
                // A sender that is gone has stopped as well.
                _ = stopping.wait_for(|is_stopping| *is_stopping) => return false,
                () = tokio::time::sleep(INTERVAL) => {}
            }
            match self.read().await {
                Ok(job) if job.updated_at == self.job.updated_at => {}
                Ok(job) => {
                    self.job = job;
                    return true;
                }
                Err(error) => {
                    tracing::warn!(job_id = self.job.job_id, %error, "progress cannot be read");
                    return false;
                }
            }
        }
    }

    async fn read(&self) -> Result<Job, ApiError> {
        let session = Session::begin(&self.app.pool, &Method::GET).await?;
        session.act_as(&self.caller).await?;
        let job = jobs::read(&session, self.job.job_id).await?;
        session.commit().await?;
        Ok(job)
    }
}
