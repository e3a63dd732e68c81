//! Fixed-layout little-endian bytes, read with every length checked.

/// Why bytes are not a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The length does not fit the format.
    #[error("account state has {found} bytes where {expected} are expected")]
    Length {
        /// Bytes there are.
        found: usize,
        /// Bytes the format has.
        expected: usize,
    },
    /// Written by another version of the format.
    #[error("account state has format version {found} where {expected} is expected")]
    Version {
        /// Version that was found.
        found: u8,
        /// Version this code reads.
        expected: u8,
    },
    /// A part holds a value that cannot occur.
    #[error("account state is corrupt: {0}")]
    Corrupt(&'static str),
}

/// Fills a buffer from the front. It must have room for all that is written.
pub(super) struct Writer<'a>(pub(super) &'a mut [u8]);

impl Writer<'_> {
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        let (place, rest) = std::mem::take(&mut self.0).split_at_mut(bytes.len());
        place.copy_from_slice(bytes);
        self.0 = rest;
    }
}

macro_rules! write_numbers {
    ($($name:ident: $kind:ty),*) => {
        impl Writer<'_> {
            $(#[inline]
            pub(super) fn $name<const N: usize>(&mut self, values: [$kind; N]) {
                let (place, rest) = std::mem::take(&mut self.0).split_at_mut(N * size_of::<$kind>());
                let (places, _) = place.as_chunks_mut();
                for (place, value) in places.iter_mut().zip(values) {
                    *place = value.to_le_bytes();
                }
                self.0 = rest;
            })*
        }
    };
}
write_numbers!(u8s: u8, u16s: u16, u32s: u32, u64s: u64, i64s: i64, f64s: f64);

/// Takes values off the front. There must be bytes for all that is read: a state has one length, which is checked first.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    #[inline]
    pub(super) fn bytes(&mut self, length: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes
    }

    /// Numbers, all of them finite.
    #[inline]
    pub(super) fn finite<const N: usize>(&mut self) -> Result<[f64; N], StateError> {
        let values = self.f64s();
        for value in values {
            if !value.is_finite() {
                return Err(StateError::Corrupt("a moment is not finite"));
            }
        }
        Ok(values)
    }
}

// By index: a zip that is not inlined, as across units of code generation, takes longer than the reading.
macro_rules! read_numbers {
    ($($name:ident: $kind:ty),*) => {
        impl Reader<'_> {
            $(#[inline]
            pub(super) fn $name<const N: usize>(&mut self) -> [$kind; N] {
                let mut values = [0 as $kind; N];
                let (places, _) = self.bytes(N * size_of::<$kind>()).as_chunks();
                for index in 0..N {
                    values[index] = <$kind>::from_le_bytes(places[index]);
                }
                values
            })*
        }
    };
}
read_numbers!(u8s: u8, u16s: u16, u32s: u32, u64s: u64, i64s: i64, f64s: f64);
