//! The level of a series from day to day: the line that most days lie close to.
//!
//! Attacks only raise counts, and may last for half the days there are; a mean, a median or a slope of least squares would follow
//! them. So the line is the one with the least bounded loss over all lines through two of the days (a redescending M-estimator,
//! searched from everywhere), which days above it cost less than days below. Growth is believed where most days show it.

/// Days to either side that a day's level is told by.
const REACH: usize = 10;
/// Deviation of a day's logarithm, at least: what lies some of it away counts no more.
const CLOSE: f64 = 0.15;
/// What a day below the line costs, where one above costs 1.
const BELOW: f64 = 1.5;
/// Growth over a week, as a logarithm, that costs as much as two days that do not fit.
const GROWTH: f64 = 1.0;
/// Days between those that a line is drawn through.
const APART: usize = 3;

/// A day's logarithm of observed over expected, and the deviation that chance gives it; `None` where nothing is known.
pub(super) type DayRatio = Option<(f64, f64)>;

/// The level of every day, and its growth over a week at the end; levels of days without counts lie on the line.
pub(super) fn levels(days: &[DayRatio], may_grow: bool) -> (Vec<f64>, f64) {
    let mut growth = 0.0;
    let mut before: Option<(usize, usize, Line)> = None;
    let levels = (0..days.len())
        .map(|day| {
            let from = day.saturating_sub(REACH).min(days.len().saturating_sub(2 * REACH + 1));
            let to = (from + 2 * REACH + 1).min(days.len());
            let line = match before {
                Some((start, end, line)) if (start, end) == (from, to) => line,
                _ => best_line(&days[from..to], may_grow),
            };
            before = Some((from, to, line));
            growth = line.slope * 7.0;
            line.at(day - from)
        })
        .collect();
    (levels, growth)
}

#[derive(Clone, Copy, Default)]
struct Line {
    start: f64,
    slope: f64,
}

impl Line {
    fn at(&self, day: usize) -> f64 {
        self.start + self.slope * day as f64
    }

    /// What the days cost, if it is less than this.
    fn loss_below(&self, most: f64, days: &[(usize, f64, f64)]) -> Option<f64> {
        let mut sum = 2.0 * (7.0 * self.slope / GROWTH).powi(2);
        for (day, value, deviation) in days {
            let residual = value - self.at(*day);
            let loss = 1.0 - close(residual, *deviation);
            sum += if residual < 0.0 { BELOW * loss } else { loss };
            // Most lines are far from most days, which few of them tell.
            if sum >= most {
                return None;
            }
        }
        Some(sum)
    }

    /// The line of least squares of the days that lie close to this one.
    fn refined(&self, days: &[(usize, f64, f64)], may_grow: bool) -> Self {
        let mut sums = [0.0; 5];
        for (day, value, deviation) in days {
            let weight = close(value - self.at(*day), *deviation) / (deviation * deviation);
            let x = *day as f64;
            let terms = [1.0, x, x * x, *value, x * value];
            sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += weight * term);
        }
        let [w, x, xx, y, xy] = sums;
        let spread = w * xx - x * x;
        let slope = if may_grow && spread > 1e-9 * w * w { (w * xy - x * y) / spread } else { 0.0 };
        if w > 0.0 { Self { start: (y - slope * x) / w, slope } } else { *self }
    }
}

/// 1 for a day on the line, towards 0 for one far from it.
fn close(residual: f64, deviation: f64) -> f64 {
    (-0.5 * (residual / deviation).powi(2)).exp()
}

fn best_line(days: &[DayRatio], may_grow: bool) -> Line {
    let known: Vec<(usize, f64, f64)> = days
        .iter()
        .enumerate()
        .filter_map(|(day, known)| known.map(|(value, chance)| (day, value, chance.hypot(CLOSE))))
        .collect();
    let flat = known.iter().map(|(_, value, _)| Line { start: *value, slope: 0.0 });
    let through = known.iter().flat_map(|a| known.iter().map(move |b| (a, b)));
    let growing = through.filter(|(a, b)| may_grow && a.0 + APART <= b.0).map(|(a, b)| {
        let slope = (b.1 - a.1) / (b.0 - a.0) as f64;
        Line { start: a.1 - slope * a.0 as f64, slope }
    });
    let cheaper = |(best, least), line: Line| match line.loss_below(least, &known) {
        Some(loss) => (line, loss),
        None => (best, least),
    };
    let found = flat.chain(growing).fold((Line::default(), f64::INFINITY), cheaper);
    let refine = |found: (Line, f64), _| cheaper(found, found.0.refined(&known, may_grow));
    (0..4).fold(found, refine).0
}
