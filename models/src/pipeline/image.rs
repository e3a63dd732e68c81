//! A pipeline's trees as they lie in memory, together with the artifact's other parts: what processes of one machine share, so
//! that only the first of them reads the artifact.
//!
//! ```text
//! offset   length   content
//! 0        8        magic "botdimg" and the number of this form
//! 8        8        checksum of everything behind it
//! 16       64       SHA-256 of the artifact, in hexadecimal
//! 80       8        length A of what follows
//! 88       A        the artifact without its trees and probes, and with its decision in binary form, padded to eight bytes
//! ...      ...      image of the trees, if there are any
//! ```
//!
//! In the byte order of the machine that made it.

use super::{OpenSequenceModel, Pipeline, PipelineError, Stages, TreeStage};
use crate::artifact::Artifact;
use crate::hash::checksum;
use crate::trees::{IMAGE_ALIGNMENT, SharedBytes};

/// Changes with the layout of images, those of trees among them, and with what is made of a stored artifact.
const MAGIC: [u8; 8] = *b"botdimg\x02";
const HASHED_FROM: usize = 16;
const SHA256: usize = 64;
const HEADER: usize = HASHED_FROM + SHA256 + 8;

impl Pipeline {
    /// The pipeline's image, which [`Self::from_image`] reads. `artifact` is what the pipeline was built of, and `sha256` that of its
    /// bytes, in hexadecimal; `None` where that is not what it can be.
    #[must_use]
    pub fn to_image(&self, artifact: &Artifact, sha256: &str) -> Option<Vec<u8>> {
        let sha256: &[u8; SHA256] = sha256.as_bytes().try_into().ok()?;
        let decision = postcard::to_allocvec(&self.decision).ok()?;
        let rest = artifact.clone().without_part(Stages::TREES).without_part(Self::PROBES);
        let rest = rest.with_replaced(Self::DECISION, decision).ok()?.to_bytes();
        let mut out = Vec::with_capacity(HEADER + rest.len());
        out.extend(MAGIC);
        out.extend([0; 8]);
        out.extend(sha256);
        out.extend((rest.len() as u64).to_ne_bytes());
        out.extend(rest);
        out.resize(out.len().next_multiple_of(IMAGE_ALIGNMENT), 0);
        if let Some(trees) = &self.stages.trees {
            out.extend(trees.to_image());
        }
        let checksum = checksum(&out[HASHED_FROM..]);
        out[MAGIC.len()..HASHED_FROM].copy_from_slice(&checksum.to_ne_bytes());
        Some(out)
    }

    /// The pipeline of the artifact with this SHA-256, whose image lies in `image`, which it keeps. It scores as one that was built of
    /// the artifact, to the last bit.
    ///
    /// # Errors
    /// [`PipelineError::Image`] unless it is such an image, whole and undamaged; else as [`Pipeline::new`].
    pub fn from_image(
        image: &SharedBytes,
        sha256: &str,
        open: OpenSequenceModel,
    ) -> Result<Self, PipelineError> {
        let bytes = AsRef::<[u8]>::as_ref(&**image);
        let (header, behind) =
            bytes.split_first_chunk::<HEADER>().ok_or(PipelineError::Image("it ends early"))?;
        if !header.starts_with(&MAGIC) {
            return Err(PipelineError::Image("it is of another form"));
        }
        if header[HASHED_FROM..HASHED_FROM + SHA256] != *sha256.as_bytes() {
            return Err(PipelineError::Image("it is of another version"));
        }
        if header[MAGIC.len()..HASHED_FROM] != checksum(&bytes[HASHED_FROM..]).to_ne_bytes() {
            return Err(PipelineError::Image("its checksum does not match"));
        }
        let length = header.last_chunk().map_or(0, |length| u64::from_ne_bytes(*length)) as usize;
        let artifact = behind.get(..length).ok_or(PipelineError::Image("it ends early"))?;
        let artifact = Artifact::from_checked_bytes(artifact)?;
        let trees_at = (HEADER + length).next_multiple_of(IMAGE_ALIGNMENT);
        let has_trees = trees_at < bytes.len();
        let trees = |width| has_trees.then(|| TreeStage::from_image(image, trees_at, width)).transpose();
        // Some thousand numbers: reading them as JSON takes longer than all else that a session's first score waits for here.
        let decision = |bytes: &[u8]| {
            postcard::from_bytes(bytes).map_err(|_| PipelineError::Image("its decision cannot be read"))
        };
        let mut pipeline = Self::build(&artifact, decision, open, trees)?;
        // Nothing else is read in place.
        pipeline.image_bytes = if has_trees { bytes.len() } else { 0 };
        Ok(pipeline)
    }
}
