//! The models that answer, kept in memory by each backend.
//!
//! Which version that is gets looked up under the snapshot of the query that asks, so that a deployment becomes visible
//! at commit, and one statement never mixes two versions. The look-up is remembered until the deployment changes; see
//! [`invalidation`] for how that is heard of.
//!
//! Loaded versions stay within `botdet.model_cache_size`; those that have gone unused for longest make room. Tree ensembles,
//! the large part, lie in memory that all of the server's processes share: see [`images`].

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use botdet_models::artifact::Artifact;
use botdet_models::pipeline::{Overrides, Pipeline, PipelineError};

use crate::error::Error;
use crate::images;
use crate::postgres::catalog::relation;
use crate::postgres::invalidation::{self, DEPLOYMENTS, SnapshotKey};
use crate::runtime::open_sequence_model;
use crate::settings;
use crate::statistics;
use crate::store::models::{self, Deployment, Version};

thread_local! {
    static LOOKED_UP: RefCell<Vec<LookUp>> = const { RefCell::new(Vec::new()) };
    /// The latest used last.
    static LOADED: RefCell<Vec<Loaded>> = const { RefCell::new(Vec::new()) };
}

struct LookUp {
    deployment: Rc<Deployment>,
    snapshot: Option<SnapshotKey>,
    /// Changes that this look-up surely saw; `None` when it holds for its own snapshot only.
    changes: Option<u64>,
}

struct Loaded {
    /// Of the artifact: a name or a number would not do, since tables can be made anew within a session.
    sha256: String,
    pipeline: Pipeline,
}

pub fn init() {
    invalidation::init();
}

/// Settings and version of a detector, as the active snapshot sees them.
///
/// # Errors
/// [`Error::UnknownDetector`] when there is none of that name.
pub fn deployment(detector: &str) -> Result<Rc<Deployment>, Error> {
    if let Some(deployment) = remembered(detector) {
        return Ok(deployment);
    }
    let snapshot = SnapshotKey::active();
    DEPLOYMENTS.with(|watch| watch.restrict(vec![relation(c"botdet", c"deployment")]));
    let deployment = Rc::new(models::deployment(detector)?);
    let changes = DEPLOYMENTS.with(|watch| {
        let settled = snapshot.is_some() && watch.all_changes_are_seen();
        settled.then(|| watch.changes())
    });
    let look_up = LookUp { deployment: Rc::clone(&deployment), snapshot, changes };
    LOOKED_UP.with_borrow_mut(|known| {
        known.retain(|known| known.deployment.detector != detector);
        known.push(look_up);
    });
    Ok(deployment)
}

/// What the active snapshot sees, if it was looked up before.
///
/// A commit is seen by new snapshots an instant before it is heard of. A statement that begins in between is answered by what was
/// deployed until then, and so are all of its rows: it does not change over when the news arrives.
pub fn remembered(detector: &str) -> Option<Rc<Deployment>> {
    let snapshot = SnapshotKey::active();
    LOOKED_UP.with_borrow_mut(|known| {
        let known = known.iter_mut().find(|known| known.deployment.detector == detector)?;
        if known.changes == Some(DEPLOYMENTS.with(invalidation::Watch::changes)) {
            known.snapshot = snapshot;
            return Some(Rc::clone(&known.deployment));
        }
        (snapshot.is_some() && known.snapshot == snapshot).then(|| Rc::clone(&known.deployment))
    })
}

/// Hands the pipeline of the champion to `work`, with the version's name; `None` when rules are to answer.
///
/// # Errors
/// As [`with_version`].
pub fn with_champion<R>(
    deployment: &Deployment,
    work: impl FnOnce(&mut Pipeline, &str) -> Result<R, Error>,
) -> Result<Option<R>, Error> {
    let Some(version) = &deployment.champion else {
        return Ok(None);
    };
    with_version(version, &deployment.overrides, |pipeline| work(pipeline, &version.name)).map(Some)
}

/// Hands the pipeline of a version to `work`, set as asked.
///
/// # Errors
/// [`Error::StoredVersion`] when the version cannot be loaded.
pub fn with_version<R>(
    version: &Version,
    overrides: &Overrides,
    work: impl FnOnce(&mut Pipeline) -> Result<R, Error>,
) -> Result<R, Error> {
    let unusable = |source| Error::StoredVersion { version: version.name.clone(), source };
    if !LOADED.with_borrow_mut(|loaded| was_loaded(loaded, &version.sha256)) {
        let started = Instant::now();
        let pipeline = load(version).map_err(unusable)?;
        statistics::note_load(&version.name, started.elapsed());
        LOADED.with_borrow_mut(|loaded| {
            loaded.push(Loaded { sha256: version.sha256.clone(), pipeline });
            make_room(loaded);
        });
    }
    LOADED.with_borrow_mut(|loaded| {
        let loaded = loaded.last_mut().ok_or_else(|| unusable(gone()))?;
        loaded.pipeline.set_overrides(overrides);
        work(&mut loaded.pipeline)
    })
}

/// Takes out the versions that have gone unused for longest until the others fit; the last one, which is wanted now, stays.
fn make_room(loaded: &mut Vec<Loaded>) {
    let most = settings::model_cache_bytes();
    let mut total = 0;
    let fits = |loaded: &&Loaded| {
        total += loaded.pipeline.memory_use().own;
        total <= most
    };
    let fitting = loaded.iter().rev().take_while(fits).count();
    loaded.drain(..loaded.len() - fitting.max(1));
}

fn gone() -> PipelineError {
    PipelineError::Part { part: "artifact", reason: "it is not stored any more".to_owned() }
}

/// Whether a version is loaded, which then counts as used.
fn was_loaded(loaded: &mut [Loaded], sha256: &str) -> bool {
    let Some(position) = loaded.iter().position(|loaded| loaded.sha256 == sha256) else {
        return false;
    };
    loaded[position..].rotate_left(1);
    true
}

/// Loads a version: from the file that the server's processes share, or else from its artifact, and then makes that file.
fn load(version: &Version) -> Result<Pipeline, PipelineError> {
    if let Some(image) = images::open(&version.sha256) {
        match Pipeline::from_image(&image, &version.sha256, Box::new(open_sequence_model)) {
            Ok(pipeline) => return Ok(pipeline),
            Err(error) => {
                images::remove(&version.sha256);
                images::tell_of_damage(&version.name, &error.to_string());
            }
        }
    }
    let read = models::with_artifact(version.model_version_id, |bytes| {
        let artifact = Artifact::from_bytes(bytes)?;
        let pipeline = Pipeline::new(&artifact, Box::new(open_sequence_model))?;
        // The row says what it likes; the file is for all databases.
        let is_itself = Artifact::sha256(bytes) == version.sha256;
        let image = if is_itself { pipeline.to_image(&artifact, &version.sha256) } else { None };
        Ok((pipeline, image))
    });
    let (pipeline, image) = read.unwrap_or_else(|| Err(gone()))?;
    Ok(image.and_then(|image| shared(version, &image)).unwrap_or(pipeline))
}

/// The pipeline in shared memory, where that can be had. Another process may have been faster: there should be one file.
fn shared(version: &Version, image: &[u8]) -> Option<Pipeline> {
    let mapped = || {
        let image = images::open(&version.sha256)?;
        Pipeline::from_image(&image, &version.sha256, Box::new(open_sequence_model)).ok()
    };
    if let Some(pipeline) = mapped() {
        return Some(pipeline);
    }
    match images::write(&version.sha256, image) {
        Ok(()) => mapped(),
        Err(error) => {
            images::tell_of_failure(&error);
            None
        }
    }
}
