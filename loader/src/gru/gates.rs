//! The gate arithmetic of one time step, forward and backward, for all sequences that still run at that step.
//!
//! Each loop over the units writes to one slice and reads no other part of the buffer that this slice lies in. The
//! compiler then turns it into vector instructions: it checks once for all rows that the buffers it reads and writes do
//! not overlap, and z, r and n, which take turns in one buffer, would fail that check. The obvious single loop stays
//! scalar, and training takes half as long again.

use super::kernel::Kernel;

/// One step forward. `active` is the number of sequences that have the step.
pub(super) struct ForwardStep<'a> {
    /// Units per direction.
    pub hidden: usize,
    /// `[active × 3·hidden]`: comes as x·W and leaves as the gates z, r, n.
    pub gates: &'a mut [f32],
    /// `[active × 3·hidden]`: h·R of the previous hidden state.
    pub recurrent: &'a [f32],
    /// `[4·hidden]`: both biases of z added up, both of r, the input's of n, the recurrent one of n.
    pub bias: &'a [f32],
    /// `[active × hidden]`: the previous hidden state.
    pub previous: &'a [f32],
    /// `[active × hidden]`: leaves as h·Rn + cn, which the backward step needs.
    pub candidate: &'a mut [f32],
    /// The new hidden state goes to the first `hidden` values of every `output_stride`.
    pub output: &'a mut [f32],
    /// Distance from one sequence's output to the next one's.
    pub output_stride: usize,
}

impl Kernel for ForwardStep<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let hidden = self.hidden;
        let (z_bias, rest) = self.bias.split_at(hidden);
        let (r_bias, rest) = rest.split_at(hidden);
        let (n_bias, candidate_bias) = rest.split_at(hidden);
        let rows = self
            .gates
            .chunks_exact_mut(3 * hidden)
            .zip(self.recurrent.chunks_exact(3 * hidden))
            .zip(self.previous.chunks_exact(hidden))
            .zip(self.candidate.chunks_exact_mut(hidden))
            .zip(self.output.chunks_mut(self.output_stride));
        for ((((gates, recurrent), previous), candidate), output) in rows {
            let (z, rest) = gates.split_at_mut(hidden);
            let (r, n) = rest.split_at_mut(hidden);
            let (z_recurrent, rest) = recurrent.split_at(hidden);
            let (r_recurrent, n_recurrent) = rest.split_at(hidden);
            for ((z, recurrent), bias) in z.iter_mut().zip(z_recurrent).zip(z_bias) {
                *z = sigmoid::<FUSED>(*z + recurrent + bias);
            }
            for ((r, recurrent), bias) in r.iter_mut().zip(r_recurrent).zip(r_bias) {
                *r = sigmoid::<FUSED>(*r + recurrent + bias);
            }
            for ((candidate, recurrent), bias) in candidate.iter_mut().zip(n_recurrent).zip(candidate_bias) {
                *candidate = recurrent + bias;
            }
            // The output serves as the place for r * candidate until the new hidden state is known.
            for ((output, r), candidate) in output.iter_mut().zip(&*r).zip(&*candidate) {
                *output = r * candidate;
            }
            for ((n, bias), recalled) in n.iter_mut().zip(n_bias).zip(&*output) {
                *n = hyperbolic_tangent::<FUSED>(*n + bias + recalled);
            }
            for (((output, n), z), previous) in output.iter_mut().zip(&*n).zip(&*z).zip(previous) {
                *output = n + z * (previous - n);
            }
        }
    }
}

/// One step backward.
pub(super) struct BackwardStep<'a> {
    /// Units per direction.
    pub hidden: usize,
    /// `[active × 3·hidden]`: comes as z, r, n and leaves as the loss's derivatives by x·W.
    pub gates: &'a mut [f32],
    /// `[active × 3·hidden]`: leaves as the loss's derivatives by h·R.
    pub recurrent: &'a mut [f32],
    /// `[active × hidden]`: what the forward step kept.
    pub candidate: &'a [f32],
    /// `[active × hidden]`: the previous hidden state.
    pub previous: &'a [f32],
    /// The derivatives by this step's output: the first `hidden` values of every `output_stride`.
    pub output: &'a [f32],
    /// Distance from one sequence's output to the next one's.
    pub output_stride: usize,
    /// `[active × hidden]`: comes as the derivatives by the hidden state that later steps passed back, and leaves as the
    /// part of the derivatives by the previous hidden state that does not pass through h·R.
    pub carry: &'a mut [f32],
}

impl Kernel for BackwardStep<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let hidden = self.hidden;
        let rows = self
            .gates
            .chunks_exact_mut(3 * hidden)
            .zip(self.recurrent.chunks_exact_mut(3 * hidden))
            .zip(self.candidate.chunks_exact(hidden))
            .zip(self.previous.chunks_exact(hidden))
            .zip(self.output.chunks(self.output_stride))
            .zip(self.carry.chunks_exact_mut(hidden));
        for (((((gates, recurrent), candidate), previous), output), carry) in rows {
            let (z, rest) = gates.split_at_mut(hidden);
            let (r, n) = rest.split_at_mut(hidden);
            let (by_z, rest) = recurrent.split_at_mut(hidden);
            let (by_r, by_n_recurrent) = rest.split_at_mut(hidden);
            for (carry, output) in carry.iter_mut().zip(output) {
                *carry += output;
            }
            for ((((by_z, &z), &n), carry), previous) in
                by_z.iter_mut().zip(&*z).zip(&*n).zip(&*carry).zip(previous)
            {
                *by_z = carry * (previous - n) * z * (1.0 - z);
            }
            // by_n first, and what is left of it after the reset gate below.
            for (((by_n, z), n), carry) in by_n_recurrent.iter_mut().zip(&*z).zip(&*n).zip(&*carry) {
                *by_n = carry * (1.0 - z) * (1.0 - n * n);
            }
            for (carry, z) in carry.iter_mut().zip(&*z) {
                *carry *= z;
            }
            n.copy_from_slice(by_n_recurrent);
            for (((by_r, &r), by_n), candidate) in by_r.iter_mut().zip(&*r).zip(&*n).zip(candidate) {
                *by_r = by_n * candidate * r * (1.0 - r);
            }
            for (by_n_recurrent, r) in by_n_recurrent.iter_mut().zip(&*r) {
                *by_n_recurrent *= r;
            }
            z.copy_from_slice(by_z);
            r.copy_from_slice(by_r);
        }
    }
}

#[inline(always)]
fn sigmoid<const FUSED: bool>(x: f32) -> f32 {
    1.0 / (1.0 + exponential::<FUSED>(-x))
}

#[inline(always)]
fn hyperbolic_tangent<const FUSED: bool>(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exponential::<FUSED>(2.0 * x))
}

/// e^x without a branch or a call, so that the loops above become vector instructions.
///
/// x = k ln 2 + f with k whole and |f| <= ln 2 / 2, so e^x = 2^k e^f, and the Taylor series of e^f to the seventh power
/// is exact to 6e-9 there. x is cut to ±87, where the results still are normal numbers; NaN stays NaN.
#[inline(always)]
fn exponential<const FUSED: bool>(x: f32) -> f32 {
    /// ln 2 in two parts: the first has nine bits, so k times it is exact for every k that occurs.
    const LN_2_HIGH: f32 = 355.0 / 512.0;
    const LN_2_LOW: f32 = (std::f64::consts::LN_2 - LN_2_HIGH as f64) as f32;
    /// 1.5 · 2^23: adding it rounds to a whole number, which then stands in the sum's low bits.
    const ROUNDING: f32 = 12_582_912.0;
    const COEFFICIENTS: [f32; 7] = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];

    let x = x.clamp(-87.0, 87.0);
    let shifted = multiply_add::<FUSED>(x, std::f32::consts::LOG2_E, ROUNDING);
    let whole = shifted - ROUNDING;
    let fraction = multiply_add::<FUSED>(whole, -LN_2_HIGH, x);
    let fraction = multiply_add::<FUSED>(whole, -LN_2_LOW, fraction);
    let mut series = 1.0 / 5040.0;
    for coefficient in COEFFICIENTS {
        series = multiply_add::<FUSED>(series, fraction, coefficient);
    }
    let exponent = shifted.to_bits().wrapping_sub(ROUNDING.to_bits()).wrapping_add(127);
    series * f32::from_bits(exponent << 23)
}

#[inline(always)]
fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

#[cfg(test)]
mod tests {
    use super::super::kernel::tests::available;
    use super::*;

    #[test]
    fn exponential_is_within_two_units_in_the_last_place() {
        for thousandth in -87_000..=87_000 {
            let x = thousandth as f32 / 1000.0;
            let exact = f64::from(x).exp();
            for value in [exponential::<false>(x), exponential::<true>(x)] {
                assert!((f64::from(value) / exact - 1.0).abs() < 2.4e-7, "e^{x} = {exact}, not {value}");
            }
        }
        assert!(exponential::<false>(f32::NAN).is_nan());
        assert_eq!(sigmoid::<false>(-1000.0), 0.0_f32.max(sigmoid::<false>(-87.0)));
        assert_eq!((hyperbolic_tangent::<false>(1000.0), hyperbolic_tangent::<false>(-1000.0)), (1.0, -1.0));
    }

    #[test]
    fn instruction_sets_agree() {
        let hidden = 19;
        let series = |length: usize, scale: f32| -> Vec<f32> {
            (0..length).map(|index| scale * (index as f32 * 0.7).sin()).collect()
        };
        let results: Vec<Vec<f32>> = available()
            .into_iter()
            .map(|instructions| {
                let (mut gates, mut candidate) = (series(6 * hidden, 3.0), vec![0.0; 2 * hidden]);
                let mut output = vec![0.0; 3 * hidden];
                let (recurrent, previous) = (series(6 * hidden, 1.0), series(2 * hidden, 0.9));
                instructions.run(ForwardStep {
                    hidden,
                    gates: &mut gates,
                    recurrent: &recurrent,
                    bias: &series(4 * hidden, 0.5),
                    previous: &previous,
                    candidate: &mut candidate,
                    output: &mut output,
                    output_stride: 2 * hidden,
                });
                let mut carry = series(2 * hidden, 0.1);
                let mut by_recurrent = vec![0.0; 6 * hidden];
                instructions.run(BackwardStep {
                    hidden,
                    gates: &mut gates,
                    recurrent: &mut by_recurrent,
                    candidate: &candidate,
                    previous: &previous,
                    output: &output,
                    output_stride: 2 * hidden,
                    carry: &mut carry,
                });
                [gates, candidate, output, carry, by_recurrent].concat()
            })
            .collect();
        for result in &results[1..] {
            for (value, baseline) in result.iter().zip(&results[0]) {
                assert!((value - baseline).abs() < 1e-6, "{value} and {baseline}");
            }
        }
    }
}
