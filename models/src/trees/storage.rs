//! Items that an ensemble owns, or that lie in memory brought by the caller: a file that many processes map.

#![expect(
    unsafe_code,
    reason = "bytes are looked at as the items that they are, for as long as they are held"
)]

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use super::node::Node;

/// Memory that holds an image. Nothing may change in it while anybody holds it.
pub type SharedBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// Items that any bytes of their size are.
///
/// # Safety
/// No bit pattern is invalid, there is no padding, and nothing is owned.
pub(super) unsafe trait Plain: Copy + 'static {}

// SAFETY: a number.
unsafe impl Plain for u8 {}
// SAFETY: a number.
unsafe impl Plain for u32 {}
// SAFETY: a number; NaN is one of its values.
unsafe impl Plain for f32 {}
// SAFETY: two numbers of four bytes in the order of C, so that none lies between or behind them.
unsafe impl Plain for Node {}

/// A slice with whatever keeps it.
#[derive(Clone)]
pub(super) enum Storage<T: 'static> {
    Owned(Vec<T>),
    /// `items` lie in the bytes beside them, and are not handed out for longer than those are held.
    Shared {
        items: &'static [T],
        _bytes: SharedBytes,
    },
}

impl<T: Plain> Storage<T> {
    /// The items in a range of bytes; `None` unless that lies inside, and holds whole ones in their places.
    pub fn shared(bytes: &SharedBytes, range: Range<usize>) -> Option<Self> {
        let part = AsRef::<[u8]>::as_ref(&**bytes).get(range)?;
        // SAFETY: any bytes are items.
        let (before, items, behind) = unsafe { part.align_to::<T>() };
        if !(before.is_empty() && behind.is_empty()) {
            return None;
        }
        // SAFETY: what was borrowed of the owner stays while that does: it is held beside the items, and nobody can have it to
        // change while it is held.
        let items = unsafe { &*std::ptr::from_ref(items) };
        Some(Self::Shared { items, _bytes: Arc::clone(bytes) })
    }

    /// The items to change, copied before where they are not owned.
    pub fn to_mut(&mut self) -> &mut Vec<T> {
        if let Self::Shared { items, .. } = self {
            *self = Self::Owned(items.to_vec());
        }
        match self {
            Self::Owned(items) => items,
            Self::Shared { .. } => unreachable!("shared items have just been copied"),
        }
    }
}

impl<T> Storage<T> {
    /// Bytes of the items that nobody else holds.
    pub fn owned_bytes(&self) -> usize {
        match self {
            Self::Owned(items) => size_of_val(items.as_slice()),
            Self::Shared { .. } => 0,
        }
    }
}

impl<T> From<Vec<T>> for Storage<T> {
    fn from(items: Vec<T>) -> Self {
        Self::Owned(items)
    }
}

impl<T> Deref for Storage<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Owned(items) => items,
            Self::Shared { items, .. } => items,
        }
    }
}

impl<T: PartialEq> PartialEq for Storage<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: fmt::Debug> fmt::Debug for Storage<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(formatter)
    }
}

/// A copy of whole words that begins where words may.
#[cfg(test)]
pub(crate) fn aligned(bytes: &[u8]) -> SharedBytes {
    struct Words(Vec<u64>);
    impl AsRef<[u8]> for Words {
        fn as_ref(&self) -> &[u8] {
            // SAFETY: any number is eight bytes.
            unsafe { self.0.align_to::<u8>().1 }
        }
    }
    Arc::new(Words(bytes.as_chunks::<8>().0.iter().map(|word| u64::from_ne_bytes(*word)).collect()))
}
