//! The GRU classifier as an ONNX model.
//!
//! | value         | type and shape                      | meaning                                            |
//! | ------------- | ----------------------------------- | -------------------------------------------------- |
//! | `sequences`   | float32 `[batch, steps, inputs]`    | input; padded at the end of shorter sequences      |
//! | `lengths`     | int32 `[batch]`, each 1 to `steps`  | input; how many steps of each sequence are valid   |
//! | `logit`       | float32 `[batch]`                   | output; ln of the odds of being a bot              |
//! | `probability` | float32 `[batch]`                   | output; the same as a probability                  |
//!
//! A runtime that honours `sequence_lens` (ONNX Runtime does) accepts any padding. rten 0.27 ignores it: give it batches
//! in which all lengths equal `steps`. A length of 0 yields NaN.

use prost::Message;

use super::proto::{
    Attribute, AttributeKind, Dimension, DimensionSize, ElementType, Graph, IR_VERSION, MetadataEntry, Model,
    Node, OPSET_VERSION, OperatorSet, Shape, Tensor, TensorType, ValueInfo, ValueType,
};
use crate::gru::{Direction, GruNetwork};

/// The bytes of an ONNX model that computes what the network computes, with key-value pairs to be stored in it.
#[must_use]
pub fn gru_model(network: &GruNetwork, metadata: &[(&str, &str)]) -> Vec<u8> {
    let mut graph = Graph { name: "botdet_gru".to_owned(), ..Graph::default() };
    let inputs = DimensionSize::Fixed(network.config().inputs() as i64);
    let sequences_shape = vec![named("batch"), named("steps"), inputs];
    graph.inputs.push(value_info("sequences", ElementType::Float32, sequences_shape));
    graph.inputs.push(value_info("lengths", ElementType::Int32, vec![named("batch")]));
    graph.outputs.push(value_info("logit", ElementType::Float32, vec![named("batch")]));
    graph.outputs.push(value_info("probability", ElementType::Float32, vec![named("batch")]));

    add_layers(&mut graph, network);
    add_mean(&mut graph, network);
    add_head(&mut graph, network);

    let operator_set = OperatorSet { domain: String::new(), version: OPSET_VERSION };
    let entry = |&(key, value): &(&str, &str)| MetadataEntry { key: key.to_owned(), value: value.to_owned() };
    Model {
        ir_version: IR_VERSION,
        producer_name: "botdet".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: Some(graph),
        operator_sets: vec![operator_set],
        metadata: metadata.iter().map(entry).collect(),
    }
    .encode_to_vec()
}

/// From `sequences` to `top`, `[steps, 2, batch, hidden]`: the GRU operator wants time first, gives the directions an
/// axis of their own, and leaves zeros after a sequence's end.
fn add_layers(graph: &mut Graph, network: &GruNetwork) {
    let width = network.config().layer_outputs() as i64;
    let layers = network.config().layers();
    graph.nodes.push(node("Transpose", &["sequences"], "input_0", vec![integers("perm", &[1, 0, 2])]));
    // A 0 in a shape keeps the size that the axis has.
    graph.initializers.push(indices("side_by_side", &[0, 0, width]));
    for layer in 0..layers {
        let [input, weights, recurrence, bias] =
            ["input", "weights", "recurrence", "bias"].map(|name| format!("{name}_{layer}"));
        graph.initializers.extend(layer_weights(network, layer, &weights, &recurrence, &bias));
        let is_top = layer + 1 == layers;
        let output = if is_top { "top".to_owned() } else { format!("output_{layer}") };
        let attributes = vec![
            integer("hidden_size", network.config().hidden() as i64),
            text("direction", "bidirectional"),
            integer("linear_before_reset", 1),
        ];
        graph.nodes.push(node(
            "GRU",
            &[&input, &weights, &recurrence, &bias, "lengths"],
            &output,
            attributes,
        ));
        if !is_top {
            let exchanged = format!("exchanged_{layer}");
            let next = format!("input_{}", layer + 1);
            graph.nodes.push(node(
                "Transpose",
                &[&output],
                &exchanged,
                vec![integers("perm", &[0, 2, 1, 3])],
            ));
            graph.nodes.push(node("Reshape", &[&exchanged, "side_by_side"], &next, vec![]));
        }
    }
}

/// The weights of one layer as the GRU operator wants them: gates before inputs, both directions in one tensor.
fn layer_weights(
    network: &GruNetwork,
    layer: usize,
    weights: &str,
    recurrence: &str,
    bias: &str,
) -> [Tensor; 3] {
    let hidden = network.config().hidden();
    let inputs = network.config().layer_inputs(layer);
    let gates = 3 * hidden;
    let directions = Direction::BOTH.map(|direction| network.direction(layer, direction));
    let input_values: Vec<f32> =
        directions.iter().flat_map(|half| transposed(half.input_weights, gates)).collect();
    let recurrent_values: Vec<f32> =
        directions.iter().flat_map(|half| transposed(half.recurrent_weights, gates)).collect();
    let biases: Vec<f32> =
        directions.iter().flat_map(|half| [half.input_bias, half.recurrent_bias].concat()).collect();
    [
        floats(weights, &[2, gates, inputs], &input_values),
        floats(recurrence, &[2, gates, hidden], &recurrent_values),
        floats(bias, &[2, 2 * gates], &biases),
    ]
}

/// The values of a row-major matrix with that many columns, column by column.
fn transposed(values: &[f32], columns: usize) -> impl Iterator<Item = f32> + '_ {
    (0..columns).flat_map(move |column| values[column..].iter().step_by(columns).copied())
}

/// From `top` to `mean`, `[batch, 2·hidden]`: the steps after a sequence's end are zero, so their sum over the length is
/// the mean over the valid steps.
fn add_mean(graph: &mut Graph, network: &GruNetwork) {
    let width = network.config().layer_outputs() as i64;
    graph.initializers.push(indices("first_axis", &[0]));
    graph.initializers.push(indices("second_axis", &[1]));
    graph.initializers.push(indices("batch_by_width", &[-1, width]));
    let to_float32 = integer("to", ElementType::Float32 as i64);
    graph.nodes.extend([
        node("ReduceSum", &["top", "first_axis"], "sums", vec![integer("keepdims", 0)]),
        node("Transpose", &["sums"], "sums_by_sequence", vec![integers("perm", &[1, 0, 2])]),
        node("Reshape", &["sums_by_sequence", "batch_by_width"], "sum", vec![]),
        node("Cast", &["lengths"], "float_lengths", vec![to_float32]),
        node("Unsqueeze", &["float_lengths", "second_axis"], "divisors", vec![]),
        node("Div", &["sum", "divisors"], "mean", vec![]),
    ]);
}

/// From `mean` to the two outputs.
fn add_head(graph: &mut Graph, network: &GruNetwork) {
    let (weights, bias) = network.head();
    graph.initializers.push(floats("head_weights", &[1, weights.len()], weights));
    graph.initializers.push(floats("head_bias", &[1], &[bias]));
    graph.nodes.extend([
        node("Gemm", &["mean", "head_weights", "head_bias"], "logit_column", vec![integer("transB", 1)]),
        node("Squeeze", &["logit_column", "second_axis"], "logit", vec![]),
        node("Sigmoid", &["logit"], "probability", vec![]),
    ]);
}

fn node(operator: &str, inputs: &[&str], output: &str, attributes: Vec<Attribute>) -> Node {
    Node {
        inputs: inputs.iter().map(|&name| name.to_owned()).collect(),
        outputs: vec![output.to_owned()],
        name: format!("{operator}_{output}"),
        operator: operator.to_owned(),
        attributes,
    }
}

fn integer(name: &str, value: i64) -> Attribute {
    Attribute {
        name: name.to_owned(),
        integer: value,
        kind: AttributeKind::Integer.into(),
        ..Attribute::default()
    }
}

fn integers(name: &str, values: &[i64]) -> Attribute {
    let kind = AttributeKind::Integers.into();
    Attribute { name: name.to_owned(), integers: values.to_vec(), kind, ..Attribute::default() }
}

fn text(name: &str, value: &str) -> Attribute {
    let kind = AttributeKind::Text.into();
    Attribute { name: name.to_owned(), text: value.as_bytes().to_vec(), kind, ..Attribute::default() }
}

fn floats(name: &str, dimensions: &[usize], values: &[f32]) -> Tensor {
    Tensor {
        dimensions: dimensions.iter().map(|&size| size as i64).collect(),
        element_type: ElementType::Float32.into(),
        name: name.to_owned(),
        raw: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
    }
}

fn indices(name: &str, values: &[i64]) -> Tensor {
    Tensor {
        dimensions: vec![values.len() as i64],
        element_type: ElementType::Int64.into(),
        name: name.to_owned(),
        raw: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
    }
}

fn named(name: &str) -> DimensionSize {
    DimensionSize::Named(name.to_owned())
}

fn value_info(name: &str, element_type: ElementType, dimensions: Vec<DimensionSize>) -> ValueInfo {
    let dimensions = dimensions.into_iter().map(|size| Dimension { size: Some(size) }).collect();
    let tensor = TensorType { element_type: element_type.into(), shape: Some(Shape { dimensions }) };
    ValueInfo { name: name.to_owned(), value_type: Some(ValueType { tensor: Some(tensor) }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gru::reference::Case;

    /// Runs the model in rten over sequences of equal length; gives the logits and the probabilities.
    fn run(model: &rten::Model, inputs: usize, sequences: &[&[f32]]) -> [Vec<f32>; 2] {
        let steps = sequences[0].len() / inputs;
        let lengths = vec![steps as i32; sequences.len()];
        let values = rten::Value::from_shape(&[sequences.len(), steps, inputs], sequences.concat()).unwrap();
        let lengths = rten::Value::from_shape(&[sequences.len()], lengths).unwrap();
        let id = |name: &str| model.node_id(name).unwrap();
        let given = vec![(id("sequences"), values.into()), (id("lengths"), lengths.into())];
        model.run_n(given, [id("logit"), id("probability")], None).unwrap().map(|output| {
            let ([batch], values) = output.into_shape_vec().unwrap();
            assert_eq!(batch, sequences.len());
            values
        })
    }

    #[test]
    fn rten_computes_the_networks_logits() {
        for (inputs, hidden, layers) in [(2, 3, 1), (16, 24, 2), (5, 8, 3)] {
            for steps in [1, 2, 17, 128] {
                let case = Case::new(inputs, hidden, layers, &[steps; 3]);
                let model = rten::Model::load(gru_model(&case.network, &[])).unwrap();
                let sequences: Vec<&[f32]> = case.steps.iter().map(Vec::as_slice).collect();
                let expected = case.network.logits(&sequences).unwrap();
                for count in [1, 3] {
                    let [logits, probabilities] = run(&model, inputs, &sequences[..count]);
                    for index in 0..count {
                        assert!((logits[index] - expected[index]).abs() < 1e-5, "{logits:?}, {expected:?}");
                        let probability = 1.0 / (1.0 + (-expected[index]).exp());
                        assert!((probabilities[index] - probability).abs() < 1e-5);
                    }
                }
            }
        }
    }

    #[test]
    fn the_model_says_what_it_is() {
        let bytes = gru_model(&Case::new(4, 2, 1, &[1]).network, &[("features", "4")]);
        let model = Model::decode(bytes.as_slice()).unwrap();
        assert_eq!((model.ir_version, model.producer_name.as_str()), (8, "botdet"));
        assert_eq!((model.operator_sets[0].version, model.metadata[0].key.as_str()), (17, "features"));
        let graph = model.graph.unwrap();
        let names = |values: &[ValueInfo]| values.iter().map(|value| value.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&graph.inputs), ["sequences", "lengths"]);
        assert_eq!(names(&graph.outputs), ["logit", "probability"]);
    }
}
