use super::*;

/// Files that PyTorch wrote; see `tests/reference/onnx_stage.py`.
const RECURRENT: &[u8] = include_bytes!("../../../tests/golden/onnx/recurrent.onnx");
const ATTENTION: &[u8] = include_bytes!("../../../tests/golden/onnx/attention.onnx");

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn integer(field: u64, value: i64) -> Vec<u8> {
    [varint(field << 3), varint(value.cast_unsigned())].concat()
}

fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

fn text(field: u64, content: &str) -> Vec<u8> {
    bytes(field, content.as_bytes())
}

fn message(field: u64, parts: &[Vec<u8>]) -> Vec<u8> {
    bytes(field, &parts.concat())
}

/// An input or output; a size below 0 is one that is not fixed.
fn port(field: u64, name: &str, element_type: i64, sizes: &[i64]) -> Vec<u8> {
    let dimension = |size: &i64| message(1, &[if *size < 0 { text(2, "n") } else { integer(1, *size) }]);
    let shape: Vec<Vec<u8>> = sizes.iter().map(dimension).collect();
    let tensor = message(1, &[integer(1, element_type), message(2, &shape)]);
    message(field, &[text(1, name), message(2, &[tensor])])
}

fn node(operator: &str, inputs: &[&str], outputs: &[&str], more: &[Vec<u8>]) -> Vec<u8> {
    let inputs = inputs.iter().map(|name| text(1, name));
    let outputs = outputs.iter().map(|name| text(2, name));
    let parts: Vec<Vec<u8>> = inputs.chain(outputs).chain([text(4, operator)]).collect();
    message(1, &[parts, more.to_vec()].concat())
}

/// A constant of float32.
fn constant(name: &str, dimensions: &[i64], values: &[f32], more: &[Vec<u8>]) -> Vec<u8> {
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let dimensions = dimensions.iter().map(|dimension| integer(1, *dimension));
    let parts: Vec<Vec<u8>> = dimensions.chain([integer(2, 1), text(8, name), bytes(9, &raw)]).collect();
    message(5, &[parts, more.to_vec()].concat())
}

fn ports() -> Vec<Vec<u8>> {
    vec![
        port(11, "sequences", 1, &[-1, -1, 16]),
        port(11, "lengths", 6, &[-1]),
        port(12, "logit", 1, &[-1, 1]),
    ]
}

/// The sum of everything, times a weight.
fn nodes() -> Vec<Vec<u8>> {
    vec![
        node("ReduceSum", &["sequences"], &["sum"], &[]),
        node("Mul", &["sum", "weight"], &["logit"], &[]),
        constant("weight", &[2, 1], &[0.5, 2.0], &[]),
    ]
}

fn model(graph: &[Vec<u8>]) -> Vec<u8> {
    with(graph, &[])
}

fn with(graph: &[Vec<u8>], more: &[Vec<u8>]) -> Vec<u8> {
    [integer(1, 8), text(2, "test"), message(8, &[text(1, ""), integer(2, 17)]), message(7, graph)]
        .into_iter()
        .chain(more.to_vec())
        .collect::<Vec<_>>()
        .concat()
}

fn refusal(file: &[u8]) -> String {
    check(file).expect_err("it is refused").to_string()
}

/// What is said of a sound graph with another part.
fn refusal_with(part: Vec<u8>) -> String {
    refusal(&model(&[ports(), nodes(), vec![part]].concat()))
}

#[test]
fn files_of_pytorch_are_accepted() {
    assert_eq!(check(RECURRENT), Ok(()));
    assert_eq!(check(ATTENTION), Ok(()));
    assert_eq!(check(&model(&[ports(), nodes()].concat())), Ok(()));
}

#[test]
fn every_truncation_is_refused() {
    for file in [RECURRENT, ATTENTION] {
        for length in 0..file.len() {
            assert!(check(&file[..length]).is_err(), "{length} bytes");
        }
    }
}

#[test]
fn no_byte_makes_the_reader_fail() {
    // What it says of the others is not the question: it must say something.
    for position in 0..RECURRENT.len() {
        for flip in [1, 0x80, 0xff] {
            let mut damaged = RECURRENT.to_vec();
            damaged[position] ^= flip;
            let _ = check(&damaged);
        }
    }
}

#[test]
fn operators_that_are_not_allowed_are_named() {
    let said = refusal_with(node("Loop", &["sum"], &["x"], &[text(3, "endless")]));
    assert_eq!(said, "ONNX file uses operator Loop in node endless, which is not among those allowed");
    let said = refusal_with(node("Gelu", &["sum"], &["x"], &[text(7, "com.example")]));
    assert_eq!(said, "ONNX file uses operator com.example.Gelu in node 2, which is not among those allowed");
    let other = message(8, &[text(1, "com.example"), integer(2, 1)]);
    let said = refusal(&with(&[ports(), nodes()].concat(), &[other]));
    assert_eq!(said, "ONNX file has operators of domain com.example, which is not allowed");
}

#[test]
fn constants_lie_in_the_file_and_have_the_size_they_say() {
    let external = message(13, &[text(1, "location"), text(2, "/etc/passwd")]);
    let said = refusal_with(constant("far", &[1], &[], &[external, integer(14, 1)]));
    assert_eq!(said, "tensor far of the ONNX file keeps its values outside of the file");
    let said = refusal_with(constant("huge", &[i64::MAX, i64::MAX], &[1.0], &[]));
    assert!(said.starts_with("tensor huge of the ONNX file has dimensions [9223372036854775807, "), "{said}");
    let said = refusal_with(constant("none", &[-1], &[1.0], &[]));
    assert_eq!(said, "tensor none of the ONNX file has dimensions [-1], which cannot be");
    let said = refusal_with(constant("short", &[3], &[1.0], &[]));
    assert_eq!(said, "tensor short of the ONNX file has dimensions [3] and 1 values");
    let said = refusal_with(constant("wild", &[1], &[f32::NAN], &[]));
    assert_eq!(said, "tensor wild of the ONNX file holds a value that is no number");
    let said = refusal_with(constant("deep", &[1; 9], &[1.0], &[]));
    assert_eq!(said, "ONNX file has 9 dimensions in a tensor, more than the 8 allowed");
    let text_typed = message(5, &[integer(1, 1), integer(2, 8), text(8, "word"), text(6, "x")]);
    assert!(refusal_with(text_typed).contains("a field number 6 in its tensor"));
    let twice = constant("twice", &[1], &[1.0], &[bytes(4, &1f32.to_le_bytes())]);
    assert_eq!(refusal_with(twice), "tensor twice of the ONNX file has its values twice");
}

#[test]
fn graphs_in_nodes_and_functions_and_training_are_refused() {
    let mut nested = node("Relu", &["sum"], &["x"], &[]);
    for _ in 0..1_000 {
        nested = node("Relu", &["sum"], &["x"], &[message(5, &[text(1, "body"), bytes(6, &nested)])]);
    }
    assert_eq!(refusal_with(nested), "ONNX file has a graph inside of node 2, which is not allowed");
    let sound = [ports(), nodes()].concat();
    assert!(refusal(&with(&sound, &[text(25, "f")])).contains("functions of its own"));
    assert!(refusal(&with(&sound, &[text(20, "t")])).contains("training information"));
    assert!(refusal(&with(&sound, &[text(99, "new")])).contains("a field number 99 in its model"));
    let second = refusal(&with(&sound, &[message(7, &sound)]));
    assert_eq!(second, "ONNX file is not valid: its model has field 7 more than once");
}

#[test]
fn only_the_ports_of_a_sequence_stage_do() {
    let refused = |ports: &[Vec<u8>]| refusal(&model(&[ports.to_vec(), nodes()].concat()));
    let [sequences, lengths, logit] = <[_; 3]>::try_from(ports()).expect("there are three");
    let said = refused(&[port(11, "sequences", 1, &[-1, -1, 21]), lengths.clone(), logit.clone()]);
    assert!(said.starts_with("ONNX file has as inputs sequences float32 [?, ?, 21] and lengths"), "{said}");
    assert!(
        refused(&[sequences.clone(), port(11, "lengths", 7, &[-1]), logit.clone()])
            .contains("element type 7")
    );
    assert!(refused(&[port(11, "sequences", 1, &[1, 128, 16]), logit.clone()]).contains("[1, 128, 16]"));
    assert!(
        refused(&[sequences.clone(), port(11, "path", 1, &[-1]), logit.clone()]).contains("path float32")
    );
    assert!(refused(&[logit]).contains("has no inputs"));
    assert!(refused(&[sequences.clone(), lengths.clone()]).contains("has no outputs"));
    let two = port(12, "logit", 1, &[-1, 2]);
    assert!(refused(&[sequences, lengths, two]).contains("logit float32 [?, 2]"));
}

#[test]
fn every_value_has_one_origin_before_its_use() {
    let said = refusal_with(node("Relu", &["later"], &["x"], &[]));
    assert_eq!(said, "ONNX file is not valid: value later is used before it is computed");
    let said = refusal_with(node("Relu", &["sum"], &["sum"], &[]));
    assert_eq!(said, "ONNX file is not valid: value sum is defined more than once");
    let said = refusal(&model(&ports()));
    assert_eq!(said, "ONNX file is not valid: its output logit is never computed");
}

#[test]
fn more_than_there_may_be_is_refused() {
    let said = refusal(&vec![0; MAX_ONNX_BYTES + 1]);
    assert_eq!(said, "ONNX file has 67108865 bytes, more than the 67108864 allowed");
    let many: Vec<Vec<u8>> = (0..=MAX_NODES).map(|_| node("Relu", &["sum"], &[], &[])).collect();
    let said = refusal(&model(&[ports(), nodes(), many].concat()));
    assert_eq!(said, "ONNX file has 2001 nodes, more than the 2000 allowed");
    let old = [integer(1, 3), message(8, &[integer(2, 17)]), message(7, &[])].concat();
    assert!(refusal(&old).contains("intermediate representation version 3, not of one from 4 to 11"));
    let young = [integer(1, 8), message(8, &[integer(2, 99)]), message(7, &[])].concat();
    assert!(refusal(&young).contains("operator set version 99"));
}
