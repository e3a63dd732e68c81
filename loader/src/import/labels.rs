//! Labels in a file of their own: the keys of the bots, one a line. All other accounts of the import are humans.

use std::collections::HashSet;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use super::error::ImportError;
use super::input;

/// The keys of the bots.
#[derive(Debug)]
pub(super) struct Labels {
    pub file: PathBuf,
    pub bots: HashSet<String>,
}

impl Labels {
    /// Reads a file of labels; spaces around keys, blank lines and repeated keys do not matter.
    pub fn read(file: &Path) -> Result<Self, ImportError> {
        let mut bots = HashSet::new();
        for line in input::open(file)?.lines() {
            let line = line.map_err(|source| ImportError::io(file, source))?;
            let key = line.trim();
            if !key.is_empty() {
                bots.insert(key.to_owned());
            }
        }
        Ok(Self { file: file.to_owned(), bots })
    }

    /// `X.bots.txt` beside `X.json`.
    pub fn beside(document: &Path) -> PathBuf {
        document.with_extension("bots.txt")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stand_beside_the_document() {
        assert_eq!(Labels::beside(Path::new("a/session1.json")), Path::new("a/session1.bots.txt"));
    }
}
