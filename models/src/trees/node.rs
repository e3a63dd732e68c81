//! One node in eight bytes.

/// Values to a row, at the most: a node names one in eleven bits, and leaves name one of their own.
pub const MAX_WIDTH: usize = (1 << (32 - FEATURE_SHIFT)) - 1;
/// Leaves of a tree, at the most: as many as a tree of depth 20 can have.
pub const MAX_LEAVES: usize = 1 << PAIR_BITS;
/// Splits between a tree's root and any of its leaves, at the most.
pub const MAX_DEPTH: usize = 64;
/// Where a tree's root is.
pub(super) const ROOT: usize = 1;

const PAIR_BITS: u32 = 20;
const MISSING_LEFT: u32 = 1 << ENTRY_SHIFT;
/// With the bit there, a feature names one of two entries.
const ENTRY_SHIFT: u32 = PAIR_BITS;
const FEATURE_SHIFT: u32 = PAIR_BITS + 1;

/// A split or a leaf. The nodes of a tree come in pairs: nothing and the root, then the children of its splits; those of pair
/// `p` are the nodes `2p` (left) and `2p + 1` (right).
///
/// A leaf is its own child: it asks for a value that no row has, and sends missing values back to itself. A walk that has
/// ended may go on without harm.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub(super) struct Node {
    /// Split: values up to this one go left. Leaf: its value.
    pub value: f32,
    /// Bits 0–19: the children's pair. Bit 20: missing values go left. Bits 21–31: 0 in a leaf, else the feature + 1.
    link: u32,
}

impl Node {
    /// The leaf that is a tree's node `at`.
    pub fn leaf(value: f32, at: usize) -> Self {
        let missing = if at.is_multiple_of(2) { MISSING_LEFT } else { 0 };
        Self { value, link: missing | (at / 2) as u32 }
    }

    /// A split whose children are the tree's nodes `left` (even) and `left + 1`.
    pub fn split(feature: usize, threshold: f32, missing_left: bool, left: usize) -> Self {
        let missing = if missing_left { MISSING_LEFT } else { 0 };
        Self { value: threshold, link: (feature as u32 + 1) << FEATURE_SHIFT | missing | (left / 2) as u32 }
    }

    /// Whether walks over a tree of `nodes` nodes, for rows of `width` values, can have this one at `at`: a leaf is its own child,
    /// and those of a split lie behind it.
    pub fn is_sound(self, at: usize, nodes: usize, width: usize) -> bool {
        let left = self.left();
        let is_split = left > at && left + 1 < nodes && self.column() <= width;
        self.value.is_finite()
            && if self.is_leaf() { self.link == Self::leaf(0.0, at).link } else { is_split }
    }

    /// As it lies in memory.
    pub fn to_bytes(self) -> [u8; 8] {
        let ([a, b, c, d], [e, f, g, h]) = (self.value.to_ne_bytes(), self.link.to_ne_bytes());
        [a, b, c, d, e, f, g, h]
    }

    pub fn is_leaf(self) -> bool {
        self.column() == 0
    }

    /// Which value of a row a split compares.
    pub fn feature(self) -> usize {
        self.column() - 1
    }

    pub fn missing_left(self) -> bool {
        self.link & MISSING_LEFT != 0
    }

    /// A split's left child within the tree; the right one follows.
    pub fn left(self) -> usize {
        2 * (self.link & (MISSING_LEFT - 1)) as usize
    }

    /// Whether a value goes to the right child.
    pub fn goes_right(self, value: f32) -> bool {
        // Without a branch: half of them would be foreseen wrong.
        (value > self.value) | (value.is_nan() & !self.missing_left())
    }

    /// Which entry of a row with two a value is compared: of the first one's missing values go right, of the second one's left.
    pub fn entry(self) -> usize {
        (self.link >> ENTRY_SHIFT) as usize
    }

    /// Where a walk goes from here, given the value that is compared; a leaf's is missing.
    pub fn next(self, value: f32) -> usize {
        self.left() + usize::from(self.goes_right(value))
    }

    /// Which value of a row is compared where the first one is missing: that of leaves.
    pub fn column(self) -> usize {
        (self.link >> FEATURE_SHIFT) as usize
    }
}
