//! The weighted cross-entropy of logits.

/// ln(1 + e^logit) − label · logit, written so that it overflows for no logit.
pub(super) fn cross_entropy(logit: f32, label: f32) -> f64 {
    let (logit, label) = (f64::from(logit), f64::from(label));
    logit.max(0.0) - label * logit + (-logit.abs()).exp().ln_1p()
}

/// The derivative of [`cross_entropy`] by the logit.
pub(super) fn cross_entropy_slope(logit: f32, label: f32) -> f32 {
    let probability = 1.0 / (1.0 + (-f64::from(logit)).exp());
    (probability - f64::from(label)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_and_extremes() {
        assert!((cross_entropy(0.0, 1.0) - std::f64::consts::LN_2).abs() < 1e-15);
        assert_eq!(cross_entropy(1000.0, 0.0), 1000.0);
        assert_eq!(cross_entropy(-1000.0, 0.0), 0.0);
        assert_eq!(cross_entropy_slope(0.0, 0.25), 0.25);
        assert_eq!(cross_entropy_slope(-1000.0, 1.0), -1.0);
        assert!(cross_entropy(f32::NAN, 1.0).is_nan());
    }
}
