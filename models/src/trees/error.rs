//! What can be wrong with trees that are put together or read.

/// Why trees are no ensemble.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EnsembleError {
    /// Rows are too wide for a node to name every value.
    #[error("tree ensemble: rows of {width} values, where 1 to {most} are possible")]
    Width {
        /// Values to a row.
        width: usize,
        /// The most there may be.
        most: usize,
    },
    /// The base is not finite.
    #[error("tree ensemble: base is {0}, which is not finite")]
    Base(f64),
    /// There is no tree.
    #[error("tree ensemble: there is no tree")]
    Empty,
    /// A tree is malformed.
    #[error("tree ensemble: tree {tree}: {reason}")]
    Tree {
        /// The tree's index.
        tree: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Stored bytes are no ensemble.
    #[error("tree ensemble is corrupt: {0}")]
    Corrupt(&'static str),
}
