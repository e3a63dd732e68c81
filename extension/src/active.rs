//! The model that answers, kept in memory by each backend.
//!
//! Which version that is gets looked up under the snapshot of the query that asks, so that a deployment becomes visible
//! at commit, and one statement never mixes two versions. The look-up is remembered until the deployment changes; see
//! [`invalidation`] for how that is heard of.

use std::cell::RefCell;

use botdet_models::artifact::Artifact;
use botdet_models::pipeline::{Pipeline, PipelineError};

use crate::error::Error;
use crate::postgres::catalog::relation;
use crate::postgres::invalidation::{self, DEPLOYMENTS, SnapshotKey};
use crate::runtime::open_sequence_model;
use crate::store::models::{self, Deployment};

/// The one detector of this release.
pub const ACCOUNT: &str = "account";

thread_local! {
    static LOOKED_UP: RefCell<Option<LookUp>> = const { RefCell::new(None) };
    static LOADED: RefCell<Option<Loaded>> = const { RefCell::new(None) };
}

struct LookUp {
    deployment: Deployment,
    snapshot: Option<SnapshotKey>,
    /// Changes that this look-up surely saw; `None` when it holds for its own snapshot only.
    changes: Option<u64>,
}

struct Loaded {
    /// Names the artifact's content, which a number would not: tables can be made anew within a session.
    version: String,
    pipeline: Pipeline,
}

pub fn init() {
    invalidation::init();
}

/// Settings and version of the detector, as the active snapshot sees them.
///
/// # Errors
/// [`Error::UnknownDetector`] when somebody removed it.
pub fn deployment() -> Result<Deployment, Error> {
    if let Some(deployment) = remembered() {
        return Ok(deployment);
    }
    let snapshot = SnapshotKey::active();
    DEPLOYMENTS.with(|watch| watch.restrict(vec![relation(c"botdet", c"deployment")]));
    let deployment = models::deployment(ACCOUNT)?;
    let changes = DEPLOYMENTS.with(|watch| {
        let settled = snapshot.is_some() && watch.all_changes_are_seen();
        settled.then(|| watch.changes())
    });
    let look_up = LookUp { deployment: deployment.clone(), snapshot, changes };
    LOOKED_UP.set(Some(look_up));
    Ok(deployment)
}

/// What the active snapshot sees, if it was looked up before.
pub fn remembered() -> Option<Deployment> {
    LOOKED_UP.with_borrow(|known| {
        let known = known.as_ref()?;
        let is_unchanged = known.changes == Some(DEPLOYMENTS.with(invalidation::Watch::changes));
        let has_same_snapshot = || known.snapshot.is_some() && known.snapshot == SnapshotKey::active();
        (is_unchanged || has_same_snapshot()).then(|| known.deployment.clone())
    })
}

/// Hands the pipeline of the active version to `work`, with the version's name; `None` when rules are to answer.
///
/// # Errors
/// [`Error::StoredVersion`] when the version cannot be loaded.
pub fn with_pipeline<R>(
    deployment: &Deployment,
    work: impl FnOnce(&mut Pipeline, &str) -> Result<R, Error>,
) -> Result<Option<R>, Error> {
    let Some((model_version_id, version)) = &deployment.version else {
        return Ok(None);
    };
    let is_loaded =
        LOADED.with_borrow(|loaded| loaded.as_ref().is_some_and(|loaded| loaded.version == *version));
    if !is_loaded {
        let pipeline = models::with_artifact(*model_version_id, load)
            .unwrap_or(Err(PipelineError::Part {
                part: "artifact",
                reason: "it is not stored any more".to_owned(),
            }))
            .map_err(|source| Error::StoredVersion { version: version.clone(), source })?;
        LOADED.set(Some(Loaded { version: version.clone(), pipeline }));
    }
    LOADED.with_borrow_mut(|loaded| {
        let Some(loaded) = loaded else {
            return Ok(None);
        };
        loaded.pipeline.set_threshold(deployment.threshold);
        work(&mut loaded.pipeline, version).map(Some)
    })
}

/// Reads an artifact and builds its pipeline.
///
/// # Errors
/// [`PipelineError`] with what is wrong.
pub fn load(bytes: &[u8]) -> Result<Pipeline, PipelineError> {
    let artifact = Artifact::from_bytes(bytes)?;
    Pipeline::new(&artifact, Box::new(open_sequence_model))
}
