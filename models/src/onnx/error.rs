//! What is wrong with an ONNX file.

/// Why an ONNX file is not handed to a runtime.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum OnnxError {
    /// Bytes that are no ONNX file, or a damaged one.
    #[error("ONNX file is not valid: {0}")]
    Malformed(String),
    /// More of something than is read.
    #[error("ONNX file has {found} {what}, more than the {allowed} allowed")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many may be.
        allowed: u64,
    },
    /// Of another version of the format than those that are known.
    #[error("ONNX file is of {what} version {found}, not of one from {lowest} to {highest}")]
    Version {
        /// What has the version.
        what: &'static str,
        /// The version.
        found: i64,
        /// Lowest that is known.
        lowest: i64,
        /// Highest that is known.
        highest: i64,
    },
    /// An operator that is not allowed.
    #[error("ONNX file uses operator {operator} in node {node}, which is not among those allowed")]
    Operator {
        /// Its name, with its domain where that is not the default one.
        operator: String,
        /// The node's name, or its number where it has none.
        node: String,
    },
    /// Something that the format knows and this reader refuses.
    #[error("ONNX file has {0}, which is not allowed")]
    NotAllowed(String),
    /// A constant that is not what it says.
    #[error("tensor {tensor} of the ONNX file {reason}")]
    Tensor {
        /// Its name.
        tensor: String,
        /// What is wrong.
        reason: String,
    },
    /// Inputs or outputs that are not those of a sequence stage.
    #[error("ONNX file {found}, and must have {expected}")]
    Signature {
        /// What it has.
        found: String,
        /// What it should have.
        expected: &'static str,
    },
}
