//! One node in eight bytes.

/// Values to a row, at the most: a node names one in eleven bits.
pub const MAX_WIDTH: usize = 1 << (32 - FEATURE_SHIFT);
/// Leaves of a tree, at the most: as many as a tree of depth 20 can have.
pub const MAX_LEAVES: usize = 1 << PAIR_BITS;
/// Splits between a tree's root and any of its leaves, at the most.
pub const MAX_DEPTH: usize = 64;

const PAIR_BITS: u32 = 20;
const NO_PAIR: u32 = (1 << PAIR_BITS) - 1;
const MISSING_LEFT: u32 = 1 << PAIR_BITS;
/// With the bit below, a feature names one of two entries.
const ENTRY_SHIFT: u32 = PAIR_BITS;
const FEATURE_SHIFT: u32 = PAIR_BITS + 1;

/// A split or a leaf. The children of a tree's splits come in pairs behind its root: those of pair `p` are the nodes
/// `1 + 2p` (left) and `2 + 2p` (right) of the tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Node {
    /// Split: values up to this one go left. Leaf: its value.
    pub value: f32,
    /// Bits 0–19: the children's pair, all ones in a leaf. Bit 20: missing values go left. Bits 21–31: the feature.
    link: u32,
}

impl Node {
    pub fn leaf(value: f32) -> Self {
        Self { value, link: NO_PAIR }
    }

    /// A split whose children are the tree's nodes `left` (odd) and `left + 1`.
    pub fn split(feature: usize, threshold: f32, missing_left: bool, left: usize) -> Self {
        let missing = if missing_left { MISSING_LEFT } else { 0 };
        let pair = (left / 2) as u32;
        Self { value: threshold, link: (feature as u32) << FEATURE_SHIFT | missing | pair }
    }

    pub fn is_leaf(self) -> bool {
        self.link & NO_PAIR == NO_PAIR
    }

    /// Which value of a row is compared; in a leaf the first, so that a walk need not ask before it loads one.
    pub fn feature(self) -> usize {
        (self.link >> FEATURE_SHIFT) as usize
    }

    pub fn missing_left(self) -> bool {
        self.link & MISSING_LEFT != 0
    }

    /// The left child's index within the tree; the right one follows. Meaningless in a leaf.
    pub fn left(self) -> usize {
        1 + 2 * (self.link & NO_PAIR) as usize
    }

    /// Whether a value goes to the right child.
    pub fn goes_right(self, value: f32) -> bool {
        value > self.value || (value.is_nan() && !self.missing_left())
    }

    /// Which entry of a row with two a value is compared: of the first one's missing values go right, of the second one's left.
    pub fn entry(self) -> usize {
        (self.link >> ENTRY_SHIFT) as usize
    }

    /// Where a walk goes from here, the node at `at`; a leaf keeps it.
    pub fn next(self, at: usize, entry: f32) -> usize {
        let child = self.left() + usize::from(entry > self.value);
        if self.is_leaf() { at } else { child }
    }
}
