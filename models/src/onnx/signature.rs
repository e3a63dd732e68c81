//! Inputs and outputs that a sequence stage has; see [`crate::sequence::SequenceModel`].

use super::error::OnnxError;
use super::tensor::{FLOAT32, INT32};
use super::wire::fields;
use crate::sequence::CHANNELS;

const INPUTS: &str =
    "float32 [batch, steps, 16] as input sequences, and at most int32 [batch] as input lengths beside it";
const OUTPUT: &str = "float32 [batch] or [batch, 1] as output logit";

/// An input or output.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Port<'a> {
    pub name: &'a str,
    element_type: Option<i64>,
    /// Sizes that are fixed; `None` without a shape.
    dimensions: Option<Vec<Option<i64>>>,
}

impl<'a> Port<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self, OnnxError> {
        let (mut name, mut value_type) = (None, None);
        for field in fields("input or output", bytes) {
            let field = field?;
            match field.number {
                1 => field.once(&mut name, field.text()?)?,
                2 => field.once(&mut value_type, field.bytes()?)?,
                3 | 4 => {}
                _ => return Err(field.unknown()),
            }
        }
        let mut port = Self { name: name.unwrap_or_default(), ..Self::default() };
        for field in fields("type", value_type.unwrap_or_default()) {
            let field = field?;
            match field.number {
                1 => port.read_tensor(field.bytes()?)?,
                6 => {}
                _ => return Err(field.unknown()),
            }
        }
        Ok(port)
    }

    fn read_tensor(&mut self, bytes: &[u8]) -> Result<(), OnnxError> {
        for field in fields("tensor type", bytes) {
            let field = field?;
            match field.number {
                1 => field.once(&mut self.element_type, field.integer()?)?,
                2 => {
                    let dimensions: Result<Vec<_>, _> = fields("shape", field.bytes()?)
                        .take(super::MAX_RANK + 1)
                        .map(|dimension| fixed_size(dimension?.bytes()?))
                        .collect();
                    field.once(&mut self.dimensions, dimensions?)?;
                }
                _ => return Err(field.unknown()),
            }
        }
        Ok(())
    }

    fn is(&self, element_type: i64, shapes: &[&[Option<i64>]]) -> bool {
        self.element_type == Some(element_type)
            && self.dimensions.as_ref().is_some_and(|found| shapes.contains(&found.as_slice()))
    }

    fn written(&self) -> String {
        let element_type = match self.element_type {
            Some(FLOAT32) => "float32".to_owned(),
            Some(INT32) => "int32".to_owned(),
            Some(other) => format!("element type {other}"),
            None => "no element type".to_owned(),
        };
        let size = |size: &Option<i64>| size.map_or("?".to_owned(), |size| size.to_string());
        let shape = self.dimensions.as_ref().map_or("without shape".to_owned(), |dimensions| {
            format!("[{}]", dimensions.iter().map(size).collect::<Vec<_>>().join(", "))
        });
        format!("{} {element_type} {shape}", self.name)
    }
}

/// A dimension's size; `None` where it is known only when the model runs.
fn fixed_size(bytes: &[u8]) -> Result<Option<i64>, OnnxError> {
    let mut size = None;
    for field in fields("dimension", bytes) {
        let field = field?;
        match field.number {
            1 => field.once(&mut size, field.integer()?)?,
            2 | 3 => {}
            _ => return Err(field.unknown()),
        }
    }
    Ok(size)
}

/// Checks that these are the ports of a sequence stage.
pub(super) fn check(inputs: &[Port<'_>], outputs: &[Port<'_>]) -> Result<(), OnnxError> {
    let steps: &[Option<i64>] = &[None, None, Some(CHANNELS as i64)];
    let fits = |port: &Port<'_>| match port.name {
        "sequences" => port.is(FLOAT32, &[steps]),
        "lengths" => port.is(INT32, &[&[None]]),
        _ => false,
    };
    let has_sequences = inputs.iter().any(|port| port.name == "sequences");
    if !has_sequences || !inputs.iter().all(fits) {
        return Err(signature("inputs", inputs, INPUTS));
    }
    let logit = outputs.iter().find(|port| port.name == "logit");
    match logit.is_some_and(|port| port.is(FLOAT32, &[&[None], &[None, Some(1)]])) {
        true => Ok(()),
        false => Err(signature("outputs", outputs, OUTPUT)),
    }
}

fn signature(what: &str, ports: &[Port<'_>], expected: &'static str) -> OnnxError {
    let written: Vec<String> = ports.iter().take(super::MAX_RANK).map(Port::written).collect();
    let found = match written.as_slice() {
        [] => format!("has no {what}"),
        written => format!("has as {what} {}", written.join(" and ")),
    };
    OnnxError::Signature { found, expected }
}
