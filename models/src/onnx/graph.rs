//! The graph of a model: constants, nodes, inputs and outputs.

use std::collections::HashSet;

use super::error::OnnxError;
use super::operators::is_allowed;
use super::signature::{self, Port};
use super::tensor;
use super::wire::{Field, fields};
use super::{MAX_CONSTANTS, MAX_NODES, at_most, is_default};

/// Most inputs, outputs or attributes of one node.
const MAX_OF_A_NODE: usize = 64;
/// Most outputs of a graph.
const MAX_OUTPUTS: usize = 8;

#[derive(Default)]
pub(super) struct Graph<'a> {
    nodes: Vec<Node<'a>>,
    constants: Vec<String>,
    inputs: Vec<Port<'a>>,
    outputs: Vec<Port<'a>>,
}

#[derive(Default)]
struct Node<'a> {
    inputs: Vec<&'a str>,
    outputs: Vec<&'a str>,
    name: Option<&'a str>,
    operator: Option<&'a str>,
    domain: Option<&'a str>,
}

impl<'a> Graph<'a> {
    /// Reads a graph, checking every constant and node on its own.
    pub fn read(bytes: &'a [u8]) -> Result<Self, OnnxError> {
        let mut graph = Self::default();
        for field in fields("graph", bytes) {
            let field = field?;
            match field.number {
                1 => graph.nodes.push(Node::read(field.bytes()?, graph.nodes.len())?),
                // Name, description, types of values inside, metadata.
                2 | 10 | 13 | 16 => {}
                5 => graph.constants.push(tensor::check(field.bytes()?, "without a name")?.0),
                11 => graph.inputs.push(Port::read(field.bytes()?)?),
                12 => graph.outputs.push(Port::read(field.bytes()?)?),
                14 => return Err(OnnxError::NotAllowed("annotations of quantization".to_owned())),
                15 => return Err(OnnxError::NotAllowed("sparse constants".to_owned())),
                _ => return Err(field.unknown()),
            }
            at_most("nodes", graph.nodes.len(), MAX_NODES)?;
            at_most("constants", graph.constants.len(), MAX_CONSTANTS)?;
            at_most("inputs", graph.inputs.len(), MAX_CONSTANTS)?;
            at_most("outputs", graph.outputs.len(), MAX_OUTPUTS)?;
        }
        Ok(graph)
    }

    /// Checks what constants, nodes, inputs and outputs are to each other: every value has one origin, which comes before its use.
    pub fn check(&self) -> Result<(), OnnxError> {
        signature::check(&self.inputs, &self.outputs)?;
        let mut known: HashSet<&str> = HashSet::new();
        let inputs = self.inputs.iter().map(|port| port.name);
        for name in inputs.chain(self.constants.iter().map(String::as_str)) {
            define(&mut known, name)?;
        }
        for node in &self.nodes {
            // An input that is left out has no name.
            if let Some(name) = node.inputs.iter().find(|name| !name.is_empty() && !known.contains(*name)) {
                return Err(OnnxError::Malformed(format!("value {name} is used before it is computed")));
            }
            node.outputs
                .iter()
                .filter(|name| !name.is_empty())
                .try_for_each(|name| define(&mut known, name))?;
        }
        match self.outputs.iter().find(|port| !known.contains(port.name)) {
            None => Ok(()),
            Some(port) => Err(OnnxError::Malformed(format!("its output {} is never computed", port.name))),
        }
    }
}

fn define<'a>(known: &mut HashSet<&'a str>, name: &'a str) -> Result<(), OnnxError> {
    match known.insert(name) {
        true => Ok(()),
        false => Err(OnnxError::Malformed(format!("value {name} is defined more than once"))),
    }
}

impl<'a> Node<'a> {
    fn read(bytes: &'a [u8], number: usize) -> Result<Self, OnnxError> {
        let mut node = Self::default();
        let mut attributes = Vec::new();
        for field in fields("node", bytes) {
            let field = field?;
            match field.number {
                1 => node.inputs.push(field.text()?),
                2 => node.outputs.push(field.text()?),
                3 => field.once(&mut node.name, field.text()?)?,
                4 => field.once(&mut node.operator, field.text()?)?,
                5 => attributes.push(field.bytes()?),
                6 | 9 => {}
                7 => field.once(&mut node.domain, field.text()?)?,
                8 if field.bytes()?.is_empty() => {}
                _ => return Err(field.unknown()),
            }
            at_most("inputs of a node", node.inputs.len(), MAX_OF_A_NODE)?;
            at_most("outputs of a node", node.outputs.len(), MAX_OF_A_NODE)?;
            at_most("attributes of a node", attributes.len(), MAX_OF_A_NODE)?;
        }
        let name =
            node.name.filter(|name| !name.is_empty()).map_or_else(|| number.to_string(), str::to_owned);
        node.check_operator(&name)?;
        attributes.into_iter().try_for_each(|attribute| check_attribute(attribute, &name))?;
        Ok(node)
    }

    fn check_operator(&self, node: &str) -> Result<(), OnnxError> {
        let (operator, domain) = (self.operator.unwrap_or_default(), self.domain.unwrap_or_default());
        if is_default(domain) && is_allowed(operator) {
            return Ok(());
        }
        let operator = if is_default(domain) { operator.to_owned() } else { format!("{domain}.{operator}") };
        Err(OnnxError::Operator { operator, node: node.to_owned() })
    }
}

/// Checks that an attribute holds numbers, text or one constant.
fn check_attribute(bytes: &[u8], node: &str) -> Result<(), OnnxError> {
    let refuse = |what: &str| Err(OnnxError::NotAllowed(format!("{what} inside of node {node}")));
    for field in fields("attribute", bytes) {
        let field: Field<'_> = field?;
        match field.number {
            // Name, numbers, texts, their kind, description.
            1..=4 | 7..=9 | 13 | 20 => {}
            5 => drop(tensor::check(field.bytes()?, node)?),
            6 | 11 => return refuse("a graph"),
            10 => return refuse("several constants"),
            14 | 15 => return refuse("types"),
            21 => return refuse("a reference to a function's attribute"),
            22 | 23 => return refuse("a sparse constant"),
            _ => return Err(field.unknown()),
        }
    }
    Ok(())
}
