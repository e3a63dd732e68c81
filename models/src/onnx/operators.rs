//! The operators that a sequence stage may use.

/// What recurrent, attention and feed-forward models over a sequence are made of, in the default domain, and nothing that
///
/// * runs another graph (`If`, `Loop`, `Scan`): it may never end;
/// * draws random numbers: an account's score would change from call to call;
/// * reads text, images or files, or keeps sequences, maps or optional values: attack surface that no stage needs;
/// * has an output whose size depends on what an input holds (`NonZero`, `Unique`, `Compress`, `Tile`, `Pad`, `OneHot`, `Resize`).
///
/// `ConstantOfShape`, `Expand` and `Range` are of the last kind, too, but PyTorch writes the initial state of a recurrent layer and
/// the mask of an attention with them.
///
/// Sorted, for [`is_allowed`].
const ALLOWED: [&str; 84] = [
    "Abs",
    "Add",
    "And",
    "ArgMax",
    "AveragePool",
    "BatchNormalization",
    "Cast",
    "Ceil",
    "Clip",
    "Concat",
    "Constant",
    "ConstantOfShape",
    "Conv",
    "Cos",
    "CumSum",
    "Div",
    "Dropout",
    "Einsum",
    "Elu",
    "Equal",
    "Erf",
    "Exp",
    "Expand",
    "Flatten",
    "Floor",
    "GRU",
    "Gather",
    "Gelu",
    "Gemm",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Greater",
    "GreaterOrEqual",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "LSTM",
    "LayerNormalization",
    "LeakyRelu",
    "Less",
    "LessOrEqual",
    "Log",
    "LogSoftmax",
    "MatMul",
    "Max",
    "MaxPool",
    "Mean",
    "Min",
    "Mul",
    "Neg",
    "Not",
    "Or",
    "PRelu",
    "Pow",
    "RNN",
    "Range",
    "Reciprocal",
    "ReduceL2",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
    "Relu",
    "Reshape",
    "Round",
    "Selu",
    "Shape",
    "Sigmoid",
    "Sign",
    "Sin",
    "Slice",
    "Softmax",
    "Softplus",
    "Softsign",
    "Split",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Tanh",
    "Transpose",
    "Unsqueeze",
    "Where",
];

/// Whether a stage may use this operator of the default domain.
pub(super) fn is_allowed(operator: &str) -> bool {
    ALLOWED.binary_search(&operator).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_holds_no_operator_twice() {
        assert!(ALLOWED.is_sorted_by(|a, b| a < b));
        assert!(is_allowed("GRU") && is_allowed("Abs") && is_allowed("Where"));
        for operator in ["Loop", "If", "Scan", "RandomNormal", "NonZero", "gru", ""] {
            assert!(!is_allowed(operator), "{operator}");
        }
    }
}
