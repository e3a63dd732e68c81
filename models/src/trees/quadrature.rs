//! Gauss-Legendre quadrature: exact for polynomials.

/// Points in 0..1 with their weights: exact for polynomials of degree up to `2 · POINTS - 1`.
pub(super) fn gauss_legendre<const POINTS: usize>() -> ([f64; POINTS], [f64; POINTS]) {
    let (mut points, mut weights) = ([0.0; POINTS], [0.0; POINTS]);
    for index in 0..POINTS {
        // Tricomi's first guess; Newton's steps then double the digits each time.
        let mut x = (std::f64::consts::PI * (index as f64 + 0.75) / (POINTS as f64 + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..8 {
            let value;
            (value, slope) = legendre(POINTS, x);
            x -= value / slope;
        }
        points[index] = (1.0 - x) / 2.0;
        weights[index] = 1.0 / ((1.0 - x * x) * slope * slope);
    }
    (points, weights)
}

/// A Legendre polynomial and its derivative at `x`, by Bonnet's recursion.
fn legendre(degree: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for k in 1..degree {
        let k = k as f64;
        (before, value) = (value, ((2.0 * k + 1.0) * x * value - k * before) / (k + 1.0));
    }
    (value, degree as f64 * (x * value - before) / (x * x - 1.0))
}

#[cfg(test)]
mod tests {
    use super::gauss_legendre;

    fn check<const POINTS: usize>() {
        let (points, weights) = gauss_legendre::<POINTS>();
        for degree in 0..2 * POINTS as i32 {
            let integral: f64 = points.iter().zip(weights).map(|(x, weight)| weight * x.powi(degree)).sum();
            assert!((integral - 1.0 / f64::from(degree + 1)).abs() < 1e-14, "degree {degree}: {integral}");
        }
    }

    #[test]
    fn polynomials_are_integrated_exactly() {
        check::<1>();
        check::<4>();
        check::<32>();
    }
}
