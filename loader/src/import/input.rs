//! Opening files of text.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::error::ImportError;

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
const UTF16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Opens a file and steps over the byte order mark that some programs put in front of UTF-8.
pub(super) fn open(file: &Path) -> Result<BufReader<File>, ImportError> {
    let failed = |source| ImportError::io(file, source);
    let mut reader = BufReader::with_capacity(1 << 16, File::open(file).map_err(failed)?);
    let start = reader.fill_buf().map_err(failed)?;
    if UTF16_MARKS.iter().any(|mark| start.starts_with(mark)) {
        return Err(ImportError::Utf16 { file: file.to_owned() });
    }
    if start.starts_with(UTF8_MARK) {
        reader.consume(UTF8_MARK.len());
    }
    Ok(reader)
}
