//! Images of models: files that all processes of the server map, so that they share one copy, and that only the first one of them
//! reads the artifact.
//!
//! They lie among the server's temporary files, in `base/pgsql_tmp/pgsql_tmp_botdet`, each named by the SHA-256 of its artifact,
//! whatever database that is stored in, and by the release of the library, which sessions that began before an upgrade still run.
//! PostgreSQL empties that place whenever it starts, and leaves it out of base backups, `pg_rewind` and `pg_checksums`; a standby
//! has its own. Nothing is lost with a file: the next process that wants it makes it again. Files that no process has opened for
//! a week go when another is made.
//!
//! A file gets its name when it is whole, is never written to again, and is the server account's alone. It is checked whenever it is
//! mapped; one that is damaged goes, and is made again. Only who has an artifact's bytes, and has seen that they have that
//! SHA-256, makes the file of that name: a database cannot bring another's into disrepute.

use std::cell::Cell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use botdet_models::trees::SharedBytes;

use crate::postgres::mapped_file::{MappedFile, data_directory, make_directory};

/// Where PostgreSQL keeps temporary files of the default tablespace. What begins with the second name is removed from there.
const TEMPORARY: &str = "base/pgsql_tmp";
const OWN: &str = "pgsql_tmp_botdet";
/// How long a file that nobody opens stays.
const UNUSED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

thread_local! {
    static WAS_TOLD: Cell<bool> = const { Cell::new(false) };
}

/// Maps the file of an artifact; `None` when there is none that can be.
pub fn open(sha256: &str) -> Option<SharedBytes> {
    let file = File::open(path(sha256)?).ok()?;
    // Whether it can be told that the file was used makes no difference to its use.
    let _ = file.set_modified(SystemTime::now());
    MappedFile::open(&file).ok().map(|mapped| Arc::new(mapped) as SharedBytes)
}

/// Makes the file of an artifact.
///
/// # Errors
/// Of the operating system.
pub fn write(sha256: &str, image: &[u8]) -> io::Result<()> {
    let path = path(sha256).ok_or_else(|| io::Error::other(format!("{sha256:?} is no SHA-256")))?;
    let directory = directory();
    make_directory(&data_directory().join(TEMPORARY))?;
    make_directory(&directory)?;
    remove_unused(&directory);
    // Each process writes at most one at a time.
    let unfinished = directory.join(format!("{}.unfinished", std::process::id()));
    let _ = fs::remove_file(&unfinished);
    let written = write_whole(&unfinished, image).and_then(|()| fs::rename(&unfinished, &path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// Removes the file of an artifact. Whoever has it mapped keeps it.
pub fn remove(sha256: &str) {
    if let Some(path) = path(sha256) {
        let _ = fs::remove_file(path);
    }
}

/// Says in the server's log, once a session, that memory is not shared. Nothing may be borrowed.
pub fn tell_of_failure(error: &io::Error) {
    if !WAS_TOLD.replace(true) {
        let directory = directory();
        pgrx::log!(
            "models are kept in this session's own memory, not shared: cannot write to {}: {error}",
            directory.display()
        );
    }
}

/// Says in the server's log that a file was not what it should be. Nothing may be borrowed.
pub fn tell_of_damage(version: &str, reason: &str) {
    pgrx::log!("the shared file of model version {version} is made again: {reason}");
}

fn directory() -> PathBuf {
    data_directory().join(TEMPORARY).join(OWN)
}

fn path(sha256: &str) -> Option<PathBuf> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let name = format!("{sha256}-{}", env!("CARGO_PKG_VERSION"));
    (sha256.len() == 64 && sha256.bytes().all(is_digit)).then(|| directory().join(name))
}

fn write_whole(path: &Path, image: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(image)?;
    // What the disk refuses has to be heard of now: nobody looks again at what was found sound when it was mapped.
    file.sync_data()
}

/// Removes what nobody has opened for long, and what processes that ended early have left.
fn remove_unused(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let is_unused = modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > UNUSED));
        if is_unused {
            let _ = fs::remove_file(entry.path());
        }
    }
}
