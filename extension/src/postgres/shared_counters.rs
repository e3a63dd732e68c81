//! Counters that all backends of a database share, in a small file that each maps.
//!
//! Shared memory of Postgres would take `shared_preload_libraries`, and tables would take a transaction that commits and a server that is
//! no standby. The folder's name begins with `pgsql_tmp`, which keeps it out of base backups and checksums. Counters outlive
//! a restart of the server.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use pgrx::pg_sys;

use super::mapped_file::{data_directory, make_directory};

/// Folder in the data directory. PostgreSQL empties its own one for temporary files when it starts.
const FOLDER: &str = "pgsql_tmp_botdet";

/// `N` counters of this database; `name` says what they count, and in which layout.
///
/// # Errors
/// When the file can be neither opened nor made.
pub fn open<const N: usize>(name: &str) -> io::Result<&'static [AtomicU64; N]> {
    // SAFETY: reads a variable.
    let database = unsafe { pg_sys::MyDatabaseId };
    let path = data_directory().join(FOLDER).join(format!("{name}.{database}"));
    let bytes = N * size_of::<AtomicU64>();
    if fs::metadata(&path).map_or(true, |found| found.len() != bytes as u64) {
        make(&path, bytes)?;
    }
    let file = OpenOptions::new().read(true).write(true).open(&path)?;
    map(&file, bytes)
}

/// Makes a file of zeros, unless somebody else is faster. Every page is written: what a full disk has no room for fails here, and
/// not when a counter is touched.
fn make(path: &Path, bytes: usize) -> io::Result<()> {
    make_directory(&data_directory().join(FOLDER))?;
    let unfinished = PathBuf::from(format!("{}.{}", path.display(), std::process::id()));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    let written = file.write_all(&vec![0; bytes]).and_then(|()| put(&unfinished, path));
    // What is left of it is of no use.
    let _ = fs::remove_file(&unfinished);
    written
}

/// Gives a file its name, unless there is one of that name: others may have mapped that already. One of another length is of
/// no use to anybody.
fn put(unfinished: &Path, path: &Path) -> io::Result<()> {
    let wanted = fs::metadata(unfinished)?.len();
    if fs::metadata(path).is_ok_and(|found| found.len() != wanted) {
        return fs::rename(unfinished, path);
    }
    match fs::hard_link(unfinished, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

fn map<const N: usize>(file: &File, bytes: usize) -> io::Result<&'static [AtomicU64; N]> {
    // SAFETY: a new mapping of `bytes` bytes that the file has; it is checked for failure, lies at the start of a page, is never
    // unmapped, and others change it by atomic operations only.
    unsafe {
        let address = libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            0,
        );
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(&*address.cast::<[AtomicU64; N]>())
    }
}
