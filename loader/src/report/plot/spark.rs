//! Plots as small as a cell of a table.

use maud::{Markup, html};

use super::canvas::{Px, dot, rectangle, segment};
use super::scale::{Kind, Scale};
use crate::report::data::Quantiles;
use crate::report::format;

const WIDE: f64 = 96.0;
const TALL: f64 = 18.0;

/// Shares of bins as upright bars; the edges between them are told to a pointer.
pub fn spark_bars(shares: &[f64], edges: &[f64]) -> Markup {
    let largest = shares.iter().copied().filter(|share| share.is_finite()).fold(0.0, f64::max);
    let wide = WIDE / shares.len().max(1) as f64;
    let told = |index: usize| {
        let low = index.checked_sub(1).and_then(|below| edges.get(below));
        match (low, edges.get(index)) {
            (Some(low), Some(high)) => format!("{} to {}", format::number(*low), format::number(*high)),
            (None, Some(high)) => format!("below {}", format::number(*high)),
            (Some(low), None) => format!("from {}", format::number(*low)),
            (None, None) => "all values".to_owned(),
        }
    };
    html! {
        svg.spark aria-hidden="true" viewBox=(format!("0 0 {WIDE} {TALL}")) width=(Px(WIDE)) height=(Px(TALL)) {
            @for (index, share) in shares.iter().enumerate().filter(|(_, share)| share.is_finite()) {
                @let tall = if largest > 0.0 { (share / largest).clamp(0.0, 1.0) * (TALL - 1.0) } else { 0.0 };
                (rectangle("bar", index as f64 * wide, TALL - tall.max(0.5), (wide - 1.0).max(0.3), tall.max(0.5),
                    &format!("{}: {}", told(index), format::share(*share))))
            }
        }
    }
}

/// The middle half as a box, 5 to 95 % as a line, the median as a stroke, the ends as dots.
pub fn spark_box(quantiles: &Quantiles) -> Markup {
    let q = quantiles;
    let (low, high) = (q.minimum, q.maximum);
    // A long tail would press everything else into one end.
    let is_skewed = low >= 0.0 && high > 20.0 * q.median.max(0.0) && high > 0.0;
    let kind = if is_skewed { Kind::SquareRoot } else { Kind::Linear };
    let x = Scale::new(kind, (low, high), (3.0, WIDE - 3.0));
    let middle = TALL / 2.0;
    html! {
        svg.spark aria-hidden="true" viewBox=(format!("0 0 {WIDE} {TALL}")) width=(Px(WIDE)) height=(Px(TALL)) {
            (segment("whisker", (x.at(q.p5), middle), (x.at(q.p95), middle)))
            (rectangle("bar", x.at(q.p25), middle - 5.0, (x.at(q.p75) - x.at(q.p25)).max(1.0), 10.0, ""))
            (segment("median", (x.at(q.median), middle - 7.0), (x.at(q.median), middle + 7.0)))
            (dot("end", (x.at(low), middle), 1.5, ""))
            (dot("end", (x.at(high), middle), 1.5, ""))
        }
    }
}
