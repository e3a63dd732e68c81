//! From sequences to logits, keeping what the backward pass needs.

use super::batch::PackedBatch;
use super::dropout::{Noise, fill_mask, mask_rows, scale_by};
use super::gates::ForwardStep;
use super::kernel::{Instructions, Matrix, Update, multiply};
use super::network::{Direction, DirectionWeights, GruNetwork};

/// The buffers of a forward pass, reused from batch to batch.
#[derive(Default)]
pub(super) struct Tape {
    pub layers: Vec<LayerTape>,
    /// `[sequences × 2·hidden]`: the mean of the top layer over the steps of each packed sequence.
    pub pooled: Vec<f32>,
    /// `[sequences]`: one logit for each packed sequence.
    pub logits: Vec<f32>,
    /// `[active × 3·hidden]`: h·R of the step at hand.
    recurrent: Vec<f32>,
}

/// What one layer computed.
#[derive(Default)]
pub(super) struct LayerTape {
    pub directions: [DirectionTape; 2],
    /// `[rows × 2·hidden]`, after dropout.
    pub output: Vec<f32>,
    /// `[rows × 2·hidden]`: what the output was multiplied with; empty without dropout.
    pub dropout: Vec<f32>,
}

/// What one direction of one layer computed.
#[derive(Default)]
pub(super) struct DirectionTape {
    /// `[rows × 3·hidden]`: z, r, n.
    pub gates: Vec<f32>,
    /// `[rows × hidden]`: h·Rn + cn.
    pub candidate: Vec<f32>,
    /// `[rows × hidden]`: the hidden state before the row's step, without dropout.
    pub previous: Vec<f32>,
    /// `[rows × hidden]`: the same as the gates saw it; empty without recurrent dropout.
    pub masked: Vec<f32>,
    /// `[sequences × hidden]`: what it was multiplied with, at all steps alike; empty without recurrent dropout.
    pub mask: Vec<f32>,
}

/// Computes the logits of a batch. With noise, values between layers and hidden states are dropped as in training.
pub(super) fn forward(
    network: &GruNetwork,
    batch: &PackedBatch,
    mut noise: Option<Noise<'_>>,
    tape: &mut Tape,
) {
    let config = network.config();
    tape.layers.resize_with(config.layers(), LayerTape::default);
    for layer in 0..config.layers() {
        let (below, from_here) = tape.layers.split_at_mut(layer);
        let input = below.last().map_or(&batch.values, |tape| &tape.output);
        let LayerTape { directions, output, dropout: mask } = &mut from_here[0];
        output.resize(batch.rows() * config.layer_outputs(), 0.0);
        for direction in Direction::BOTH {
            let weights = network.direction(layer, direction);
            let tape_of_direction = &mut directions[direction as usize];
            let share = noise.as_ref().map_or(0.0, |noise| noise.recurrent);
            let length = batch.sequences() * config.hidden();
            fill_mask(&mut tape_of_direction.mask, length, share, noise.as_mut());
            run_direction(&weights, direction, batch, input, tape_of_direction, output, &mut tape.recurrent);
        }
        let is_top = layer + 1 == config.layers();
        let share = if is_top { 0.0 } else { config.dropout() };
        fill_mask(mask, output.len(), share, noise.as_mut());
        scale_by(output, mask);
    }
    pool(network, batch, tape);
}

/// Runs one direction over all steps, writing its half of the layer's output.
fn run_direction(
    weights: &DirectionWeights<'_>,
    direction: Direction,
    batch: &PackedBatch,
    input: &[f32],
    tape: &mut DirectionTape,
    output: &mut [f32],
    recurrent: &mut Vec<f32>,
) {
    let gates_width = weights.input_bias.len();
    let hidden = gates_width / 3;
    let instructions = Instructions::detect();
    let bias = summed_bias(weights);
    let DirectionTape { gates, candidate, previous, masked, mask } = tape;
    gates.resize(batch.rows() * gates_width, 0.0);
    candidate.resize(batch.rows() * hidden, 0.0);
    previous.resize(batch.rows() * hidden, 0.0);
    masked.resize(if mask.is_empty() { 0 } else { previous.len() }, 0.0);
    recurrent.resize(batch.sequences() * gates_width, 0.0);

    let input = Matrix::new(input, batch.rows(), weights.inputs);
    multiply(
        input,
        Matrix::new(weights.input_weights, weights.inputs, gates_width),
        gates,
        Update::Overwrite,
    );
    let recurrent_weights = Matrix::new(weights.recurrent_weights, hidden, gates_width);
    for position in 0..batch.steps() {
        let step = direction.step(position, batch.steps());
        let rows = batch.span(step);
        let previous = &mut previous[rows.start * hidden..rows.end * hidden];
        copy_previous(direction, batch, step, output, previous);
        let seen = mask_rows(previous, mask, masked, rows.start * hidden);
        let recurrent = &mut recurrent[..rows.len() * gates_width];
        multiply(Matrix::new(seen, rows.len(), hidden), recurrent_weights, recurrent, Update::Overwrite);
        instructions.run(ForwardStep {
            hidden,
            gates: &mut gates[rows.start * gates_width..rows.end * gates_width],
            recurrent,
            bias: &bias,
            previous,
            candidate: &mut candidate[rows.start * hidden..rows.end * hidden],
            output: &mut output[rows.start * 2 * hidden + direction as usize * hidden..rows.end * 2 * hidden],
            output_stride: 2 * hidden,
        });
    }
}

/// Collects the hidden states that a step continues from: zero where a sequence begins.
///
/// Read backward, a step can have sequences that the step read before it lacked, because they are shorter.
fn copy_previous(
    direction: Direction,
    batch: &PackedBatch,
    step: usize,
    output: &[f32],
    previous: &mut [f32],
) {
    let source = direction.previous_step(step, batch.steps()).map_or(0..0, |before| batch.span(before));
    let hidden = previous.len() / batch.span(step).len();
    let offset = direction as usize * hidden;
    for (index, state) in previous.chunks_exact_mut(hidden).enumerate() {
        if index < source.len() {
            let start = (source.start + index) * 2 * hidden + offset;
            state.copy_from_slice(&output[start..start + hidden]);
        } else {
            state.fill(0.0);
        }
    }
}

/// The biases as the step uses them: of z and r both parts added up, of n the two parts apart.
fn summed_bias(weights: &DirectionWeights<'_>) -> Vec<f32> {
    let hidden = weights.input_bias.len() / 3;
    let summed =
        weights.input_bias.iter().zip(weights.recurrent_bias).map(|(input, recurrent)| input + recurrent);
    let mut bias: Vec<f32> = summed.take(2 * hidden).collect();
    bias.extend_from_slice(&weights.input_bias[2 * hidden..]);
    bias.extend_from_slice(&weights.recurrent_bias[2 * hidden..]);
    bias
}

/// The mean over each sequence's steps, and the linear output.
fn pool(network: &GruNetwork, batch: &PackedBatch, tape: &mut Tape) {
    let width = network.config().layer_outputs();
    let Tape { layers, pooled, logits, .. } = tape;
    pooled.clear();
    pooled.resize(batch.sequences() * width, 0.0);
    if let Some(top) = layers.last() {
        for step in 0..batch.steps() {
            let rows = batch.span(step);
            for (sum, value) in pooled.iter_mut().zip(&top.output[rows.start * width..rows.end * width]) {
                *sum += value;
            }
        }
    }
    let (weights, bias) = network.head();
    logits.clear();
    for (mean, &length) in pooled.chunks_exact_mut(width).zip(&batch.lengths) {
        let mut logit = bias;
        for (value, weight) in mean.iter_mut().zip(weights) {
            *value /= length as f32;
            logit += *value * weight;
        }
        logits.push(logit);
    }
}
