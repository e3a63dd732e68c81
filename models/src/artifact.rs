//! The file a trained model travels and is stored in.
//!
//! ```text
//! offset       length   content
//! 0            8        magic "botdet\0\1"
//! 8            4        length M of the manifest (u32, little-endian), at most 1 MiB
//! 12           M        manifest, JSON: what this is, what it was trained on, and the name, length and SHA-256 of each part
//! 12+M         ...      the parts, one after the other, in the manifest's order; nothing between or behind
//! end-32       32       SHA-256 of everything before
//! ```
//!
//! Reading checks every length before anything is allocated or copied, then the checksums.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const MAGIC: [u8; 8] = *b"botdet\0\x01";
const HEADER: usize = 12;
const CHECKSUM: usize = 32;

/// Largest artifact that is read.
pub const MAX_ARTIFACT_BYTES: usize = 256 << 20;
/// Largest manifest that is read.
pub const MAX_MANIFEST_BYTES: usize = 1 << 20;
/// Most parts an artifact has.
pub const MAX_PARTS: usize = 16;
/// Characters of a wrong name that an error shows.
const NAME_SHOWN: usize = 60;

/// Why bytes are no artifact, or not one for this program.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ArtifactError {
    /// Larger than allowed.
    #[error("artifact has {found} bytes, more than the {allowed} allowed")]
    TooLarge {
        /// Bytes there are.
        found: usize,
        /// Bytes allowed.
        allowed: usize,
    },
    /// Does not begin as an artifact does.
    #[error("not a botdet artifact: it does not begin with the magic bytes of format 1")]
    Magic,
    /// Ends before it should.
    #[error("artifact is truncated: {found} bytes where {expected} are announced")]
    Truncated {
        /// Bytes there are.
        found: usize,
        /// Bytes announced.
        expected: usize,
    },
    /// Does not hash to what it says.
    #[error("artifact is damaged: checksum of {0} does not match")]
    Checksum(String),
    /// The manifest is not what it should be.
    #[error("artifact manifest is not valid: {0}")]
    Manifest(String),
    /// Trained on other features.
    #[error("artifact was trained on feature schema {found}, this installation has {expected}")]
    Schema {
        /// Fingerprint in the artifact.
        found: String,
        /// Fingerprint of the catalogue.
        expected: String,
    },
    /// A part is missing.
    #[error("artifact has no part {0}")]
    MissingPart(&'static str),
}

/// What an artifact says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Detector it scores for.
    pub detector: String,
    /// Fingerprint of the feature schema.
    pub schema: String,
    /// Seed everything random in the training came from.
    pub seed: u64,
    /// What it was trained on, and how: free text for people.
    pub description: String,
    /// Figures measured on held-out accounts.
    pub metrics: serde_json::Value,
    /// Settings, data and course of the training, as whoever trained it writes them down.
    #[serde(default)]
    pub training: serde_json::Value,
    /// The parts, in order.
    #[serde(default)]
    parts: Vec<PartEntry>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartEntry {
    name: String,
    length: u64,
    sha256: String,
}

impl PartEntry {
    fn of(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), length: bytes.len() as u64, sha256: hex(&Sha256::digest(bytes)) }
    }
}

impl Manifest {
    /// A manifest without parts.
    #[must_use]
    pub fn new(detector: &str, schema: String, seed: u64) -> Self {
        Self {
            detector: detector.to_owned(),
            schema,
            seed,
            description: String::new(),
            metrics: serde_json::Value::Null,
            training: serde_json::Value::Null,
            parts: Vec::new(),
        }
    }
}

/// A manifest with its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Artifact {
    manifest: Manifest,
    parts: Vec<Vec<u8>>,
}

impl Artifact {
    /// An artifact of named parts.
    #[must_use]
    pub fn new(mut manifest: Manifest, parts: Vec<(&str, Vec<u8>)>) -> Self {
        manifest.parts = parts.iter().map(|(name, bytes)| PartEntry::of(name, bytes)).collect();
        Self { manifest, parts: parts.into_iter().map(|(_, bytes)| bytes).collect() }
    }

    /// The same artifact with one more part.
    #[must_use]
    pub fn with_part(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.manifest.parts.push(PartEntry::of(name, &bytes));
        self.parts.push(bytes);
        self
    }

    /// The same artifact with figures measured on held-out accounts.
    #[must_use]
    pub fn with_metrics(mut self, metrics: serde_json::Value) -> Self {
        self.manifest.metrics = metrics;
        self
    }

    /// The same artifact with another account of its training.
    #[must_use]
    pub fn with_training(mut self, training: serde_json::Value) -> Self {
        self.manifest.training = training;
        self
    }

    /// The same artifact with a part of other content, which has to be there.
    ///
    /// # Errors
    /// [`ArtifactError::MissingPart`].
    pub fn with_replaced(mut self, name: &'static str, bytes: Vec<u8>) -> Result<Self, ArtifactError> {
        let index = self.manifest.parts.iter().position(|part| part.name == name);
        let index = index.ok_or(ArtifactError::MissingPart(name))?;
        self.manifest.parts[index] = PartEntry::of(name, &bytes);
        self.parts[index] = bytes;
        Ok(self)
    }

    /// The same artifact without a part, if it has that.
    #[must_use]
    pub fn without_part(mut self, name: &str) -> Self {
        if let Some(index) = self.manifest.parts.iter().position(|part| part.name == name) {
            self.manifest.parts.remove(index);
            self.parts.remove(index);
        }
        self
    }

    /// The same artifact, with another text about what it was trained on.
    #[must_use]
    pub fn with_description(mut self, description: String) -> Self {
        self.manifest.description = description;
        self
    }

    /// What it says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Length of the manifest, as JSON.
    #[must_use]
    pub fn manifest_bytes(&self) -> usize {
        serde_json::to_vec(&self.manifest).map_or(0, |json| json.len())
    }

    /// The version's name: the detector's, and the first digits of the checksum of the stored form.
    #[must_use]
    pub fn version(&self, checksum: &str) -> String {
        format!("{}-{}", self.manifest.detector, &checksum[..8])
    }

    /// A part's bytes, if it has that part.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&[u8]> {
        let index = self.manifest.parts.iter().position(|part| part.name == name)?;
        self.parts.get(index).map(Vec::as_slice)
    }

    /// A part's bytes.
    ///
    /// # Errors
    /// [`ArtifactError::MissingPart`].
    pub fn required(&self, name: &'static str) -> Result<&[u8], ArtifactError> {
        self.part(name).ok_or(ArtifactError::MissingPart(name))
    }

    /// The stored form. Equal artifacts have equal bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let manifest = serde_json::to_vec(&self.manifest).unwrap_or_default();
        let mut out = Vec::new();
        out.extend(MAGIC);
        out.extend((manifest.len() as u32).to_le_bytes());
        out.extend(manifest);
        self.parts.iter().for_each(|part| out.extend(part));
        let checksum = Sha256::digest(&out);
        out.extend(checksum);
        out
    }

    /// Reads a stored artifact. Whether its schema is one that this program knows is for the pipeline to say.
    ///
    /// # Errors
    /// [`ArtifactError`] with the first thing that is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArtifactError> {
        Self::read(bytes, true)
    }

    /// As [`Self::from_bytes`], of bytes that some other checksum has shown to be those of [`Self::to_bytes`].
    pub(crate) fn from_checked_bytes(bytes: &[u8]) -> Result<Self, ArtifactError> {
        Self::read(bytes, false)
    }

    fn read(bytes: &[u8], check: bool) -> Result<Self, ArtifactError> {
        if bytes.len() > MAX_ARTIFACT_BYTES {
            return Err(ArtifactError::TooLarge { found: bytes.len(), allowed: MAX_ARTIFACT_BYTES });
        }
        if !bytes.starts_with(&MAGIC) {
            return Err(ArtifactError::Magic);
        }
        let truncated = |expected| ArtifactError::Truncated { found: bytes.len(), expected };
        let (header, rest) = bytes.split_first_chunk::<HEADER>().ok_or(truncated(HEADER))?;
        let manifest_length = u32::from_le_bytes([header[8], header[9], header[10], header[11]]) as usize;
        if manifest_length > MAX_MANIFEST_BYTES {
            return Err(ArtifactError::Manifest(format!("it has {manifest_length} bytes")));
        }
        let (manifest, _) =
            rest.split_at_checked(manifest_length).ok_or(truncated(HEADER + manifest_length + CHECKSUM))?;
        let manifest: Manifest = serde_json::from_slice(manifest)
            .map_err(|error| damaged(bytes).unwrap_or(ArtifactError::Manifest(error.to_string())))?;
        if !is_detector_name(&manifest.detector) {
            let detector: String = manifest.detector.chars().take(NAME_SHOWN).collect();
            return Err(ArtifactError::Manifest(format!("{detector:?} is no name of a detector")));
        }
        let parts_length = check_parts(&manifest)?;
        let expected = HEADER + manifest_length + parts_length + CHECKSUM;
        if bytes.len() != expected {
            return Err(truncated(expected));
        }
        if let Some(error) = check.then(|| damaged(bytes)).flatten() {
            return Err(error);
        }
        let mut rest = &bytes[HEADER + manifest_length..];
        let mut parts = Vec::with_capacity(manifest.parts.len());
        for entry in &manifest.parts {
            let (part, behind) = rest.split_at_checked(entry.length as usize).ok_or(truncated(expected))?;
            if check && hex(&Sha256::digest(part)) != entry.sha256 {
                return Err(ArtifactError::Checksum(format!("part {}", entry.name)));
            }
            parts.push(part.to_vec());
            rest = behind;
        }
        Ok(Self { manifest, parts })
    }

    /// SHA-256 of stored bytes, in hexadecimal.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> String {
        hex(&Sha256::digest(bytes))
    }
}

/// Whether a detector can have this name: up to 40 small letters, digits and underscores, the first one a letter. Files are
/// named after it.
#[must_use]
pub fn is_detector_name(name: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= 40
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(is_inner)
}

/// Length of all parts together.
fn check_parts(manifest: &Manifest) -> Result<usize, ArtifactError> {
    if manifest.parts.len() > MAX_PARTS {
        return Err(ArtifactError::Manifest(format!("it lists {} parts", manifest.parts.len())));
    }
    let total = manifest
        .parts
        .iter()
        .try_fold(0u64, |sum, part| sum.checked_add(part.length))
        .filter(|total| *total <= MAX_ARTIFACT_BYTES as u64)
        .ok_or(ArtifactError::Manifest("its parts are too large".to_owned()))?;
    Ok(total as usize)
}

/// What is wrong if the last 32 bytes are not the checksum of those before.
fn damaged(bytes: &[u8]) -> Option<ArtifactError> {
    let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
    let matches = Sha256::digest(content).as_slice() == checksum;
    (!matches).then(|| ArtifactError::Checksum("the whole".to_owned()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact() -> Artifact {
        let manifest = Manifest::new("account", "0123456789abcdef".to_owned(), 7);
        Artifact::new(manifest, vec![("filter", b"{}".to_vec()), ("forest", vec![7; 300])])
    }

    #[test]
    fn stored_and_read_back() {
        let bytes = artifact().to_bytes();
        let read = Artifact::from_bytes(&bytes).expect("it is sound");
        assert_eq!(read, artifact());
        assert_eq!(read.part("filter"), Some(b"{}".as_slice()));
        assert_eq!(read.required("sequence"), Err(ArtifactError::MissingPart("sequence")));
    }

    #[test]
    fn a_detector_is_named_by_a_few_small_letters() {
        assert!(["a", "account", "x_1", &"y".repeat(40)].into_iter().all(is_detector_name));
        for name in ["", "Account", "1a", "_a", "a b", "../a", "ä", "a\n", &"y".repeat(41)] {
            assert!(!is_detector_name(name), "{name}");
            let bytes = Artifact::new(Manifest::new(name, String::new(), 1), Vec::new()).to_bytes();
            let error = Artifact::from_bytes(&bytes).expect_err("a file would be named after it").to_string();
            assert!(error.ends_with("is no name of a detector"), "{error}");
        }
    }

    #[test]
    fn every_truncation_and_every_flipped_bit_is_refused() {
        let bytes = artifact().to_bytes();
        for length in 0..bytes.len() {
            assert!(Artifact::from_bytes(&bytes[..length]).is_err(), "{length} bytes");
        }
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 1 << (position % 8);
            assert!(Artifact::from_bytes(&damaged).is_err(), "byte {position}");
        }
        let longer = [bytes, vec![0]].concat();
        assert!(Artifact::from_bytes(&longer).is_err());
    }
}
