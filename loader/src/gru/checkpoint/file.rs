//! A file that is there as a whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::error::CheckpointError;

/// The bytes of a file that begins with `magic`; `None` if there is no file.
pub(super) fn read(path: &Path, magic: &[u8]) -> Result<Option<Vec<u8>>, CheckpointError> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed("read", path))?,
    };
    // Something else may be large: it is refused by its beginning.
    let mut bytes = Vec::new();
    (&mut file).take(magic.len() as u64).read_to_end(&mut bytes).map_err(failed("read", path))?;
    if bytes != magic {
        return Err(CheckpointError::Foreign { path: path.to_owned() });
    }
    file.read_to_end(&mut bytes).map_err(failed("read", path))?;
    Ok(Some(bytes))
}

/// Finds out before a long run whether its folder can be written to.
pub(super) fn check_writable(path: &Path) -> Result<(), CheckpointError> {
    let partial = partial(path);
    File::create(&partial).and_then(|_| fs::remove_file(&partial)).map_err(failed("write", path))?;
    if path.is_dir() {
        return Err(failed("write", path)(ErrorKind::IsADirectory.into()));
    }
    Ok(())
}

/// Puts the bytes in the place of the file. They reach the disk before the name does: whenever this is interrupted, the name
/// belongs to the old bytes or to all of the new ones.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
    let partial = partial(path);
    let write = || -> io::Result<()> {
        let mut file = File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        sync_folder(path)
    };
    write().map_err(failed("write", path))
}

/// Makes a new name last. Only Unix lets a folder be opened for that.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CheckpointError {
    let path = path.to_owned();
    move |error| CheckpointError::File { action, path, reason: error.to_string() }
}
