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

/// Appends values.
pub(super) struct Writer(pub(super) Vec<u8>);

macro_rules! write_number {
    ($($name:ident: $kind:ty),*) => {
        impl Writer {
            $(pub(super) fn $name(&mut self, value: $kind) {
                self.0.extend_from_slice(&value.to_le_bytes());
            })*
        }
    };
}
write_number!(u8: u8, u16: u16, u32: u32, u64: u64, i64: i64, f64: f64);

/// Takes values off the front.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], StateError> {
        let (value, rest) = self.0.split_first_chunk::<N>().ok_or(StateError::Corrupt("it ends early"))?;
        self.0 = rest;
        Ok(*value)
    }

    pub(super) fn finite(&mut self) -> Result<f64, StateError> {
        let value = f64::from_le_bytes(self.take()?);
        if value.is_finite() { Ok(value) } else { Err(StateError::Corrupt("a moment is not finite")) }
    }
}

macro_rules! read_number {
    ($($name:ident: $kind:ty),*) => {
        impl Reader<'_> {
            $(pub(super) fn $name(&mut self) -> Result<$kind, StateError> {
                Ok(<$kind>::from_le_bytes(self.take()?))
            })*
        }
    };
}
read_number!(u8: u8, u16: u16, u32: u32, u64: u64, i64: i64);
