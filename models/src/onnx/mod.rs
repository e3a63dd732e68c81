//! Checks of an ONNX file that comes from elsewhere, before any runtime sees it.
//!
//! A runtime for ONNX is a large program that trusts its input. What is handed to one inside a database has to be a small, whole,
//! self-contained graph of known operators: no weights in other files, no functions or operators of its own, no graphs inside of
//! nodes, and the inputs and the output of a sequence stage. The file is read here by a reader of its own, which never
//! descends further than a constant inside a node's attribute, allocates nothing by a size that the file names, and refuses
//! fields that it does not know.
//!
//! What a model computes, how long that takes and how much memory a broadcast needs, no look at the file tells: the caller runs the
//! model once, and bounds its time.
//!
//! Numbers of fields are those of the ONNX specification, <https://onnx.ai/onnx/intro/concepts.html> and its `onnx.proto`.

mod error;
mod graph;
mod operators;
mod signature;
mod tensor;
#[cfg(test)]
mod tests;
mod wire;

pub use error::OnnxError;
use graph::Graph;
use wire::fields;

/// Largest file that is read.
pub const MAX_ONNX_BYTES: usize = 64 << 20;
/// Most nodes of its graph.
pub const MAX_NODES: usize = 2_000;
/// Most constants of its graph.
pub const MAX_CONSTANTS: usize = 2_000;
/// Most dimensions of a constant.
pub const MAX_RANK: usize = 8;
/// Lowest and highest version of the intermediate representation: in older ones constants are inputs, newer ones bring messages that
/// this reader does not know.
pub const IR_VERSIONS: [i64; 2] = [4, 11];
/// Lowest and highest version of the default operator set: from 13 on axes are inputs throughout.
pub const OPERATOR_SETS: [i64; 2] = [13, 22];

/// Checks a file; see the module.
///
/// # Errors
/// [`OnnxError`] with the first thing that is wrong.
pub fn check(bytes: &[u8]) -> Result<(), OnnxError> {
    at_most("bytes", bytes.len(), MAX_ONNX_BYTES)?;
    let (mut ir_version, mut graph, mut operator_set) = (None, None, None);
    for field in fields("model", bytes) {
        let field = field?;
        match field.number {
            1 => field.once(&mut ir_version, field.integer()?)?,
            // Producer, its version, domain, version and description of the model, and metadata: words for people.
            2..=6 | 14 => {}
            7 => field.once(&mut graph, field.bytes()?)?,
            8 => field.once(&mut operator_set, default_operator_set(field.bytes()?)?)?,
            20 => return Err(OnnxError::NotAllowed("training information".to_owned())),
            25 => return Err(OnnxError::NotAllowed("functions of its own".to_owned())),
            _ => return Err(field.unknown()),
        }
    }
    let missing = |what: &str| OnnxError::Malformed(format!("it has no {what}"));
    within("intermediate representation", ir_version.ok_or_else(|| missing("version"))?, IR_VERSIONS)?;
    within("operator set", operator_set.ok_or_else(|| missing("operator set"))?, OPERATOR_SETS)?;
    Graph::read(graph.ok_or_else(|| missing("graph"))?)?.check()
}

/// Version of an operator set that has to be the default one.
fn default_operator_set(bytes: &[u8]) -> Result<i64, OnnxError> {
    let (mut domain, mut version) = (None, None);
    for field in fields("operator set", bytes) {
        let field = field?;
        match field.number {
            1 => field.once(&mut domain, field.text()?)?,
            2 => field.once(&mut version, field.integer()?)?,
            _ => return Err(field.unknown()),
        }
    }
    match domain.unwrap_or_default() {
        domain if is_default(domain) => Ok(version.unwrap_or(0)),
        domain => Err(OnnxError::NotAllowed(format!("operators of domain {domain}"))),
    }
}

/// Whether a domain is that of the operators which the specification defines.
fn is_default(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}

fn within(what: &'static str, found: i64, [lowest, highest]: [i64; 2]) -> Result<(), OnnxError> {
    match (lowest..=highest).contains(&found) {
        true => Ok(()),
        false => Err(OnnxError::Version { what, found, lowest, highest }),
    }
}

fn at_most(what: &'static str, found: usize, allowed: usize) -> Result<(), OnnxError> {
    match found <= allowed {
        true => Ok(()),
        false => Err(OnnxError::TooMany { what, found: found as u64, allowed: allowed as u64 }),
    }
}
