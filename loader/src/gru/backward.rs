//! Backpropagation through time.

use super::batch::PackedBatch;
use super::dropout::scale_by;
use super::forward::{DirectionTape, Tape};
use super::gates::BackwardStep;
use super::kernel::{Instructions, Matrix, Update, multiply};
use super::network::{Direction, DirectionLayout, GruNetwork};

/// The buffers of a backward pass, reused from batch to batch.
#[derive(Default)]
pub(super) struct Scratch {
    /// `[rows × 2·hidden]`: the loss's derivatives by a layer's output.
    by_output: Vec<f32>,
    /// `[rows × inputs]`: the loss's derivatives by a layer's input.
    by_input: Vec<f32>,
    step: StepScratch,
}

#[derive(Default)]
struct StepScratch {
    /// `[rows × 3·hidden]`: the loss's derivatives by h·R.
    by_recurrent: Vec<f32>,
    /// `[sequences × hidden]`: the loss's derivatives by the hidden state, passed from step to step.
    carry: Vec<f32>,
    /// `[sequences × hidden]`: those by the hidden state as the gates saw it, where dropout hid a part.
    by_masked: Vec<f32>,
    /// `[3·hidden × hidden]`: R transposed once, rather than at each step.
    transposed: Vec<f32>,
}

/// Writes the loss's derivatives by every parameter to `gradient`, given those by the logits of the packed sequences.
///
/// The tape is that of the forward pass over the same batch; its gates are overwritten.
pub(super) fn backward(
    network: &GruNetwork,
    batch: &PackedBatch,
    by_logit: &[f32],
    tape: &mut Tape,
    scratch: &mut Scratch,
    gradient: &mut [f32],
) {
    gradient.fill(0.0);
    let Scratch { by_output, by_input, step } = scratch;
    backward_head(network, batch, by_logit, &tape.pooled, by_output, gradient);
    for layer in (0..network.config().layers()).rev() {
        let (below, from_here) = tape.layers.split_at_mut(layer);
        let current = &mut from_here[0];
        scale_by(by_output, &current.dropout);
        let input = below.last().map_or(&batch.values, |tape| &tape.output);
        for direction in Direction::BOTH {
            let tape = &mut current.directions[direction as usize];
            let layout = &network.layout().layers[layer][direction as usize];
            backward_steps(network, layout, direction, batch, by_output, tape, step);
            accumulate_direction(network, layout, input, tape, &step.by_recurrent, gradient);
            if layer > 0 {
                let update =
                    if direction == Direction::Forward { Update::Overwrite } else { Update::Accumulate };
                by_input.resize(batch.rows() * layout.inputs, 0.0);
                let gates_width = layout.input_bias.len();
                let by_gates = Matrix::new(&tape.gates, batch.rows(), gates_width);
                let weights = &network.parameters()[layout.input_weights.clone()];
                let weights = Matrix::new(weights, layout.inputs, gates_width).transposed();
                multiply(by_gates, weights, by_input, update);
            }
        }
        std::mem::swap(by_input, by_output);
    }
}

/// The linear output and the mean over steps.
fn backward_head(
    network: &GruNetwork,
    batch: &PackedBatch,
    by_logit: &[f32],
    pooled: &[f32],
    by_output: &mut Vec<f32>,
    gradient: &mut [f32],
) {
    let width = network.config().layer_outputs();
    let layout = network.layout();
    for (by_logit, mean) in by_logit.iter().zip(pooled.chunks_exact(width)) {
        for (sum, value) in gradient[layout.head_weights.clone()].iter_mut().zip(mean) {
            *sum += by_logit * value;
        }
        gradient[layout.head_bias] += by_logit;
    }
    let (weights, _) = network.head();
    by_output.resize(batch.rows() * width, 0.0);
    for step in 0..batch.steps() {
        let rows = batch.span(step);
        let rows = by_output[rows.start * width..rows.end * width].chunks_exact_mut(width);
        for ((row, by_logit), &length) in rows.zip(by_logit).zip(&batch.lengths) {
            let share = by_logit / length as f32;
            for (value, weight) in row.iter_mut().zip(weights) {
                *value = share * weight;
            }
        }
    }
}

/// Goes through the steps of one direction in the opposite order, turning the tape's gates into the loss's derivatives
/// by x·W and filling in those by h·R.
fn backward_steps(
    network: &GruNetwork,
    layout: &DirectionLayout,
    direction: Direction,
    batch: &PackedBatch,
    by_output: &[f32],
    tape: &mut DirectionTape,
    scratch: &mut StepScratch,
) {
    let hidden = network.config().hidden();
    let gates_width = 3 * hidden;
    let instructions = Instructions::detect();
    let StepScratch { by_recurrent, carry, by_masked, transposed } = scratch;
    transpose(&network.parameters()[layout.recurrent_weights.clone()], gates_width, transposed);
    let transposed = Matrix::new(transposed, gates_width, hidden);
    by_recurrent.resize(batch.rows() * gates_width, 0.0);
    carry.clear();
    carry.resize(batch.sequences() * hidden, 0.0);
    by_masked.resize(carry.len(), 0.0);
    for position in (0..batch.steps()).rev() {
        let rows = batch.span(direction.step(position, batch.steps()));
        let carry = &mut carry[..rows.len() * hidden];
        let by_recurrent = &mut by_recurrent[rows.start * gates_width..rows.end * gates_width];
        instructions.run(BackwardStep {
            hidden,
            gates: &mut tape.gates[rows.start * gates_width..rows.end * gates_width],
            recurrent: by_recurrent,
            candidate: &tape.candidate[rows.start * hidden..rows.end * hidden],
            previous: &tape.previous[rows.start * hidden..rows.end * hidden],
            output: &by_output[rows.start * 2 * hidden + direction as usize * hidden..rows.end * 2 * hidden],
            output_stride: 2 * hidden,
            carry,
        });
        let by_recurrent = Matrix::new(by_recurrent, rows.len(), gates_width);
        if tape.mask.is_empty() {
            multiply(by_recurrent, transposed, carry, Update::Accumulate);
            continue;
        }
        let by_masked = &mut by_masked[..carry.len()];
        multiply(by_recurrent, transposed, by_masked, Update::Overwrite);
        for ((carry, slope), factor) in carry.iter_mut().zip(by_masked).zip(&tape.mask) {
            *carry += *slope * factor;
        }
    }
}

/// Adds the derivatives by the weights and biases of one direction: one product over all rows for each weight matrix.
fn accumulate_direction(
    network: &GruNetwork,
    layout: &DirectionLayout,
    input: &[f32],
    tape: &DirectionTape,
    by_recurrent: &[f32],
    gradient: &mut [f32],
) {
    let hidden = network.config().hidden();
    let gates_width = 3 * hidden;
    let rows = by_recurrent.len() / gates_width;
    let by_gates = Matrix::new(&tape.gates, rows, gates_width);
    let input = Matrix::new(input, rows, layout.inputs).transposed();
    multiply(input, by_gates, &mut gradient[layout.input_weights.clone()], Update::Overwrite);
    let seen = if tape.mask.is_empty() { &tape.previous } else { &tape.masked };
    let previous = Matrix::new(seen, rows, hidden).transposed();
    let by_recurrent_rows = Matrix::new(by_recurrent, rows, gates_width);
    multiply(previous, by_recurrent_rows, &mut gradient[layout.recurrent_weights.clone()], Update::Overwrite);
    sum_rows(&tape.gates, &mut gradient[layout.input_bias.clone()]);
    sum_rows(by_recurrent, &mut gradient[layout.recurrent_bias.clone()]);
}

/// Writes the row-major `[rows × columns]` values as `[columns × rows]`.
fn transpose(values: &[f32], columns: usize, transposed: &mut Vec<f32>) {
    transposed.clear();
    transposed.extend((0..columns).flat_map(|column| values[column..].iter().step_by(columns)));
}

/// Adds every row to `sums`.
fn sum_rows(values: &[f32], sums: &mut [f32]) {
    for row in values.chunks_exact(sums.len()) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
}
