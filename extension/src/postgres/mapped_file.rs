//! Files that every process of the server maps into its memory.

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::NonNull;

use pgrx::pg_sys;

/// A whole file, for reading. It is unmapped with the value.
pub struct MappedFile {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the memory belongs to the value, is never written to, and is not tied to a thread.
unsafe impl Send for MappedFile {}
// SAFETY: as for `Send`.
unsafe impl Sync for MappedFile {}

impl MappedFile {
    /// Maps a file of which nobody changes a byte, and which nobody shortens, as long as it exists anywhere: it may only be
    /// replaced by another and unlinked. Those of [`crate::images`] are such: none but the server's own account may write to them,
    /// and the server does not, once they have their name.
    ///
    /// # Errors
    /// Of the operating system; an empty file cannot be mapped.
    pub fn open(file: &File) -> io::Result<Self> {
        let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        // SAFETY: a new mapping, wherever the system likes, takes no memory from anybody. It outlives the descriptor. All pages
        // are wanted at once, because all of them are about to be checked.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ,
                libc::MAP_SHARED | libc::MAP_POPULATE,
                file.as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("mapped at address 0"))?;
        Ok(Self { start, length })
    }
}

impl AsRef<[u8]> for MappedFile {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: so many bytes are mapped for reading while the value lives, and by the contract of `open` they stay as they are.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl Drop for MappedFile {
    fn drop(&mut self) {
        // SAFETY: mapped by `open`; nothing can borrow from the value any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

/// Where the server's data lies.
pub fn data_directory() -> &'static Path {
    // SAFETY: set when the server starts, before any library is loaded, and never again.
    let path = unsafe { CStr::from_ptr(pg_sys::DataDir) };
    Path::new(OsStr::from_bytes(path.to_bytes()))
}

/// Makes a directory as the server makes its own, with or without its group, unless it is there.
///
/// # Errors
/// Of the operating system.
pub fn make_directory(path: &Path) -> io::Result<()> {
    let name = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the name ends with a null byte, and is only read.
    if unsafe { pg_sys::MakePGDirectory(name.as_ptr()) } == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    if error.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) }
}
