//! Numbers and texts as bytes.

/// Appends to bytes.
#[derive(Default)]
pub(super) struct Writer {
    pub written: Vec<u8>,
}

impl Writer {
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.written.extend_from_slice(bytes);
    }

    pub fn integer(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    pub fn float(&mut self, value: f64) {
        self.bytes(&value.to_le_bytes());
    }

    pub fn text(&mut self, text: &str) {
        self.integer(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    pub fn floats(&mut self, values: &[f32]) {
        self.integer(values.len() as u64);
        self.written.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }
}

/// Takes from the front of bytes; each method gives `None` where too few are left, before it allocates anything.
pub(super) struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes }
    }

    pub fn is_at_end(&self) -> bool {
        self.left.is_empty()
    }

    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, left) = self.left.split_first_chunk::<N>()?;
        self.left = left;
        Some(*taken)
    }

    pub fn integer(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub fn float(&mut self) -> Option<f64> {
        self.array().map(f64::from_le_bytes)
    }

    pub fn text(&mut self) -> Option<String> {
        let bytes = self.list(1)?;
        String::from_utf8(bytes.to_vec()).ok()
    }

    pub fn floats(&mut self) -> Option<Vec<f32>> {
        let (values, _) = self.list(size_of::<f32>())?.as_chunks();
        Some(values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    fn list(&mut self, size: usize) -> Option<&'a [u8]> {
        let count = usize::try_from(self.integer()?).ok()?;
        let (taken, left) = self.left.split_at_checked(count.checked_mul(size)?)?;
        self.left = left;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::default();
        writer.integer(7);
        writer.float(-0.1);
        writer.text("größe");
        writer.floats(&[1.5, f32::MIN_POSITIVE]);
        let mut reader = Reader::new(&writer.written);
        assert_eq!((reader.integer(), reader.float()), (Some(7), Some(-0.1)));
        assert_eq!(reader.text().as_deref(), Some("größe"));
        assert_eq!(reader.floats(), Some(vec![1.5, f32::MIN_POSITIVE]));
        assert!(reader.is_at_end());
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        for length in [3, u64::MAX / 4 + 1, u64::MAX] {
            let mut bytes = length.to_le_bytes().to_vec();
            bytes.extend([0; 8]);
            assert_eq!(Reader::new(&bytes).floats(), None);
        }
        assert_eq!(Reader::new(&[1, 2, 3]).integer(), None);
    }
}
