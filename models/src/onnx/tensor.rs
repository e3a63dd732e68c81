//! Constants of a model.

use super::MAX_RANK;
use super::error::OnnxError;
use super::wire::{Field, Value, fields, varint};

/// Numbers of element types in the ONNX specification.
pub(super) const FLOAT32: i64 = 1;
pub(super) const INT32: i64 = 6;
const INT64: i64 = 7;
const BOOL: i64 = 9;

/// A constant's name and the bytes of its values, after checking that it is whole, lies in the file, and holds no NaN.
pub(super) fn check(bytes: &[u8], fallback: &str) -> Result<(String, u64), OnnxError> {
    let tensor = Tensor::read(bytes)?;
    let name = tensor.name.unwrap_or(fallback).to_owned();
    match tensor.checked_bytes() {
        Ok(bytes) => Ok((name, bytes)),
        Err(reason) => Err(OnnxError::Tensor { tensor: name, reason }),
    }
}

#[derive(Default)]
struct Tensor<'a> {
    dimensions: Vec<i64>,
    element_type: Option<i64>,
    name: Option<&'a str>,
    raw: Option<&'a [u8]>,
    /// Values in a field of their type, how many, and whether one of them is NaN.
    typed: u64,
    typed_field: Option<u64>,
    has_nan: bool,
    is_external: bool,
}

impl<'a> Tensor<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, OnnxError> {
        let mut tensor = Self::default();
        for field in fields("tensor", bytes) {
            let field = field?;
            match field.number {
                1 => tensor.read_dimensions(&field)?,
                2 => field.once(&mut tensor.element_type, field.integer()?)?,
                4 | 5 | 7 => tensor.read_values(&field)?,
                8 => field.once(&mut tensor.name, field.text()?)?,
                9 => field.once(&mut tensor.raw, field.bytes()?)?,
                12 | 16 => {}
                13 => tensor.is_external = true,
                14 => tensor.is_external |= field.integer()? != 0,
                _ => return Err(field.unknown()),
            }
        }
        Ok(tensor)
    }

    fn read_dimensions(&mut self, field: &Field<'a>) -> Result<(), OnnxError> {
        each_varint(field, |dimension| {
            // One more than there may be says as much as all of them.
            if self.dimensions.len() <= MAX_RANK {
                self.dimensions.push(dimension.cast_signed());
            }
        })?;
        match self.dimensions.len() {
            rank if rank > MAX_RANK => Err(OnnxError::TooMany {
                what: "dimensions in a tensor",
                found: rank as u64,
                allowed: MAX_RANK as u64,
            }),
            _ => Ok(()),
        }
    }

    fn read_values(&mut self, field: &Field<'a>) -> Result<(), OnnxError> {
        if *self.typed_field.get_or_insert(field.number) != field.number {
            return Err(OnnxError::Malformed("a tensor has values of two types".to_owned()));
        }
        if field.number != 4 {
            return each_varint(field, |_| self.typed += 1);
        }
        let floats: &[[u8; 4]] = match &field.value {
            Value::Fixed32(value) => std::slice::from_ref(value),
            Value::Bytes(bytes) if bytes.len().is_multiple_of(4) => bytes.as_chunks().0,
            _ => return Err(OnnxError::Malformed("a tensor's values are not whole".to_owned())),
        };
        self.typed += floats.len() as u64;
        self.has_nan |= has_nan(floats);
        Ok(())
    }

    /// Bytes of the values, or what is wrong.
    fn checked_bytes(&self) -> Result<u64, String> {
        if self.is_external {
            return Err("keeps its values outside of the file".to_owned());
        }
        let (width, field) = match self.element_type {
            Some(FLOAT32) => (4, 4),
            Some(INT32) => (4, 5),
            Some(INT64) => (8, 7),
            Some(BOOL) => (1, 5),
            Some(other) => {
                return Err(format!(
                    "has element type {other}, which is neither float32, int32, int64 nor bool"
                ));
            }
            None => return Err("has no element type".to_owned()),
        };
        let shape = || format!("has dimensions {:?}", self.dimensions);
        let elements = self.dimensions.iter().try_fold(1u64, |product, dimension| {
            product.checked_mul(u64::try_from(*dimension).ok()?).filter(|product| *product <= 1 << 40)
        });
        let elements = elements.ok_or_else(|| format!("{}, which cannot be", shape()))?;
        let found = match (self.raw, self.typed_field) {
            (Some(_), Some(_)) => return Err("has its values twice".to_owned()),
            (Some(raw), None) if (raw.len() as u64).is_multiple_of(width) => raw.len() as u64 / width,
            (Some(_), None) => return Err("does not hold whole values".to_owned()),
            (None, Some(found)) if found != field => return Err("has values of another type".to_owned()),
            (None, _) => self.typed,
        };
        if found != elements {
            return Err(format!("{} and {found} values", shape()));
        }
        let floats = self.raw.filter(|_| self.element_type == Some(FLOAT32)).unwrap_or_default();
        if self.has_nan || has_nan(floats.as_chunks().0) {
            return Err("holds a value that is no number".to_owned());
        }
        Ok(elements * width)
    }
}

fn has_nan(floats: &[[u8; 4]]) -> bool {
    floats.iter().any(|bytes| f32::from_le_bytes(*bytes).is_nan())
}

/// Hands over each of a field's integers, whether they are packed or not.
fn each_varint(field: &Field<'_>, mut take: impl FnMut(u64)) -> Result<(), OnnxError> {
    let Value::Bytes(mut rest) = field.value else {
        take(field.integer()?.cast_unsigned());
        return Ok(());
    };
    while !rest.is_empty() {
        let number = varint(&mut rest)
            .ok_or_else(|| OnnxError::Malformed(format!("integers of a {} are cut off", field.message)))?;
        take(number);
    }
    Ok(())
}
