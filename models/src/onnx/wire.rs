//! Reading protocol buffers, field by field, without copying or descending: whoever wants a message inside one reads it, so that
//! nothing here nests.
//!
//! Source: the protocol buffers encoding, <https://protobuf.dev/programming-guides/encoding/>.

use super::error::OnnxError;

/// A field's value as it is encoded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed32([u8; 4]),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
}

/// A field of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Field<'a> {
    /// Which message it is of, for errors.
    pub message: &'static str,
    pub number: u64,
    pub value: Value<'a>,
}

/// The fields of a message, in the order in which they are written.
pub(super) fn fields<'a>(
    message: &'static str,
    bytes: &'a [u8],
) -> impl Iterator<Item = Result<Field<'a>, OnnxError>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let field = field(message, &mut rest);
        if field.is_none() {
            // What follows cannot be told any more.
            rest = &[];
        }
        Some(field.ok_or_else(|| OnnxError::Malformed(format!("a field of its {message} is cut off"))))
    })
}

fn field<'a>(message: &'static str, rest: &mut &'a [u8]) -> Option<Field<'a>> {
    let tag = varint(rest)?;
    let value = match tag & 7 {
        0 => Value::Varint(varint(rest)?),
        1 => Value::Fixed64(*rest.split_off(..8)?.first_chunk()?),
        2 => {
            let length = usize::try_from(varint(rest)?).ok()?;
            Value::Bytes(rest.split_off(..length)?)
        }
        5 => Value::Fixed32(*rest.split_off(..4)?.first_chunk()?),
        // Groups, which ONNX does not use.
        _ => return None,
    };
    Some(Field { message, number: tag >> 3, value })
}

/// A number of at most 64 bits, seven to a byte; `None` when it is cut off or longer.
pub(super) fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *rest.split_off_first()?;
        if shift == 63 && byte > 1 {
            return None;
        }
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

impl<'a> Field<'a> {
    fn is_not(&self, what: &str) -> OnnxError {
        OnnxError::Malformed(format!("field {} of its {} is not {what}", self.number, self.message))
    }

    pub fn bytes(&self) -> Result<&'a [u8], OnnxError> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(self.is_not("of any length")),
        }
    }

    pub fn text(&self) -> Result<&'a str, OnnxError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| self.is_not("text"))
    }

    pub fn integer(&self) -> Result<i64, OnnxError> {
        match self.value {
            Value::Varint(number) => Ok(number.cast_signed()),
            _ => Err(self.is_not("an integer")),
        }
    }

    /// Keeps the value of a field that a message has once; runtimes differ in what they make of a second one.
    pub fn once<T>(&self, place: &mut Option<T>, value: T) -> Result<(), OnnxError> {
        match place.replace(value) {
            None => Ok(()),
            Some(_) => Err(OnnxError::Malformed(format!(
                "its {} has field {} more than once",
                self.message, self.number
            ))),
        }
    }

    /// A field that this reader does not know, and of which it therefore cannot say whether it does harm.
    pub fn unknown(&self) -> OnnxError {
        OnnxError::NotAllowed(format!("a field number {} in its {}", self.number, self.message))
    }
}
