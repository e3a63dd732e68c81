//! Windows of all metrics at one time, taken together: what they look like, and whether people may be behind it.

use super::calendar::{hour_of_day, is_weekend};
use super::fits::Fit;
use super::metric::METRICS;
use super::scan::look;

/// Longest burst, in hours.
pub(super) const SHORT: usize = 5;
/// Hours after an episode in which people linger.
const TAIL: usize = 8;
/// Hours in which an excess falls to 1/e that are tried for a burst of people.
const DECAYS: [f64; 6] = [1.5, 3.0, 6.0, 10.0, 16.0, 28.0];

/// Strength with which a metric joins others.
const JOINING: f64 = 1.5;
/// Deviation of how much more, or less, those do whom a burst brings, as a logarithm.
const KEEN: f64 = 0.2;

/// A window of one metric.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub metric: usize,
    pub from: usize,
    /// The hour after the last.
    pub to: usize,
    /// Strength against the metric's own baseline and against the other metrics; 0 where it does not stand out.
    pub alone: f64,
    pub among: f64,
}

impl Span {
    pub(super) fn strength(&self) -> f64 {
        self.alone.max(self.among)
    }

    /// Hours that two have in common.
    fn overlap(&self, other: &Self) -> usize {
        self.to.min(other.to).saturating_sub(self.from.max(other.from))
    }
}

/// Windows that overlap in time.
#[derive(Clone, Debug)]
pub(super) struct Episode {
    pub from: usize,
    pub to: usize,
    pub spans: Vec<Span>,
    /// Strongest window.
    pub strength: f64,
    /// Strongest window against the other metrics.
    pub mismatch: f64,
    /// Share of the metrics in which such an excess would be seen that have a window.
    pub breadth: f64,
    /// How many deviations the metric that exceeds least lies below the one that exceeds most.
    pub discord: f64,
    /// How much better a sudden rise with a slow fall explains the excess than an even one, -1..1.
    pub decay: f64,
    /// Excess in the hours after the end over that within.
    pub tail: f64,
    /// Correlation of excess and time, -1..1.
    pub ramp: f64,
    /// Share of the excess's variation that comes in waves, 0..1.
    pub waves: f64,
    /// Share of its hours at night, 1 to 6 in the audience's time.
    pub night: f64,
    /// Share of its hours on weekends.
    pub weekend: f64,
    /// How far people explain it, 0..1.
    pub organic: f64,
    /// Excess by hour: logarithm of observed over expected, over all metrics raised.
    pub curve: Vec<f64>,
}

impl Episode {
    pub(super) fn len(&self) -> usize {
        self.to - self.from
    }

    pub(super) fn has(&self, metric: usize) -> bool {
        self.spans.iter().any(|span| span.metric == metric)
    }

    pub(super) fn metrics(&self) -> usize {
        (0..METRICS).filter(|metric| self.has(*metric)).count()
    }
}

/// Windows of a metric: stretches against both baselines. Where they overlap the stronger one says from when to when.
pub(super) fn spans(metric: usize, fit: &Fit) -> Vec<Span> {
    let alone = fit.alone_stretches.iter().map(|s| Span {
        metric,
        from: s.from,
        to: s.to,
        alone: s.strength,
        among: 0.0,
    });
    let among = fit.among_stretches.iter().map(|s| Span {
        metric,
        from: s.from,
        to: s.to,
        alone: 0.0,
        among: s.strength,
    });
    let mut all: Vec<Span> = alone.chain(among).collect();
    all.sort_by(|a, b| b.strength().total_cmp(&a.strength()));
    let mut kept: Vec<Span> = Vec::new();
    for span in all {
        match kept.iter_mut().find(|kept| kept.overlap(&span) > 0) {
            Some(kept) => {
                kept.alone = kept.alone.max(span.alone);
                kept.among = kept.among.max(span.among);
            }
            None => kept.push(span),
        }
    }
    kept
}

/// Puts windows together that overlap in time, or nearly do.
pub(super) fn episodes(first: i64, offset: i64, fits: &[Option<Fit>; METRICS]) -> Vec<Episode> {
    let mut all: Vec<Span> = fits
        .iter()
        .enumerate()
        .filter_map(|(metric, fit)| Some(spans(metric, fit.as_ref()?)))
        .flatten()
        .collect();
    all.sort_by(|a, b| b.strength().total_cmp(&a.strength()));
    // The strongest window leads; others join it that lie mostly within, or have it within.
    let mut groups: Vec<(usize, usize, Vec<Span>)> = Vec::new();
    for span in all {
        let joins = |leader: &Span| {
            let least = (span.to - span.from).min(leader.to - leader.from);
            let most = (span.to - span.from).max(leader.to - leader.from);
            let common = span.overlap(leader);
            2 * common >= least && 4 * common >= most
        };
        match groups.iter_mut().find(|(.., group)| joins(&group[0])) {
            Some((from, to, group)) => {
                *from = (*from).min(span.from);
                *to = (*to).max(span.to);
                group.push(span);
            }
            None => groups.push((span.from, span.to, vec![span])),
        }
    }
    groups.iter_mut().for_each(|(from, to, group)| join_weaker(fits, *from, *to, group));
    groups.sort_unstable_by_key(|(from, to, _)| (*from, *to));
    let mut found: Vec<Episode> =
        groups.into_iter().map(|(from, to, spans)| describe(first, offset, fits, from, to, spans)).collect();
    judge(&mut found);
    found
}

/// Adds metrics that rise with the others, though not enough to be noticed alone: there is but one stretch to look at.
fn join_weaker(fits: &[Option<Fit>; METRICS], from: usize, to: usize, group: &mut Vec<Span>) {
    for (metric, fit) in fits.iter().enumerate() {
        let Some(fit) = fit.as_ref().filter(|_| group.iter().all(|span| span.metric != metric)) else {
            continue;
        };
        let found = look(&fit.counts, &fit.alone, from, to).filter(|stretch| stretch.strength > JOINING);
        group.extend(found.map(|found| Span { metric, from, to, alone: found.strength, among: 0.0 }));
    }
}

fn describe(
    first: i64,
    offset: i64,
    fits: &[Option<Fit>; METRICS],
    from: usize,
    to: usize,
    spans: Vec<Span>,
) -> Episode {
    let len = fits.iter().flatten().map(|fit| fit.counts.len()).max().unwrap_or(to);
    let raised: Vec<&Fit> = spans.iter().filter_map(|span| fits[span.metric].as_ref()).collect();
    let end = (to + TAIL).min(len);
    let extended: Vec<f64> = (from..end).map(|index| excess(&raised, index)).collect();
    let curve = extended[..to - from].to_vec();
    let share = |is: &dyn Fn(i64) -> bool| {
        (from..to).filter(|index| is(first + *index as i64)).count() as f64 / (to - from) as f64
    };
    let within = mean(curve.iter().map(|excess| excess.exp() - 1.0)).max(1e-9);
    let after = mean(extended[to - from..].iter().map(|excess| excess.exp() - 1.0));
    Episode {
        strength: spans.iter().map(Span::strength).fold(0.0, f64::max),
        mismatch: spans.iter().map(|span| span.among).fold(0.0, f64::max),
        breadth: breadth(fits, from, to, &spans),
        discord: discord(fits, from, to),
        decay: decay(&extended),
        tail: (after / within).clamp(-1.0, 1.0),
        ramp: correlation((0..curve.len()).map(|hour| hour as f64), curve.iter().copied()),
        waves: waves(&curve),
        night: share(&|hour| (1..6).contains(&hour_of_day(hour, offset))),
        weekend: share(&|hour| is_weekend(hour, offset)),
        organic: 0.0,
        from,
        to,
        spans,
        curve,
    }
}

/// How far people explain an episode, on the scale of log-odds: they come at once, stay away little by little, and do
/// everything that people do. The weights are those of a logistic regression on simulated episodes, rounded.
fn organic_odds(episode: &Episode) -> f64 {
    2.0 + 4.5 * episode.decay + 2.0 * (episode.breadth - 0.5) - 1.4 * episode.discord - 0.6 * episode.tail
}

fn sigmoid(value: f64) -> f64 {
    1.0 / (1.0 + (-value).exp())
}

/// One burst may be people; the same curve again and again, or bursts by the clock, are not.
fn judge(episodes: &mut [Episode]) {
    let (alike, regularity) =
        (likeness(episodes), irregularity(episodes).map_or(0.0, |spread| (1.0 - spread).max(0.0)));
    for episode in episodes {
        let regularity = if episode.len() <= SHORT { regularity } else { 0.0 };
        let odds = organic_odds(episode) - 8.0 * (alike - 0.3).max(0.0) - 3.0 * regularity;
        episode.organic = sigmoid(odds);
    }
}

/// Coefficient of variation of the time between short episodes; `None` with fewer than four.
pub(super) fn irregularity(episodes: &[Episode]) -> Option<f64> {
    let short: Vec<usize> =
        episodes.iter().filter(|episode| episode.len() <= SHORT).map(|episode| episode.from).collect();
    let gaps: Vec<f64> = short.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
    let middle = mean(gaps.iter().copied());
    let spread = mean(gaps.iter().map(|gap| (gap - middle).powi(2))).sqrt();
    (gaps.len() >= 3).then(|| spread / middle.max(1.0))
}

/// How alike the curves of episodes are, 0..1: of three at least, by their correlation and their size.
pub(super) fn likeness(episodes: &[Episode]) -> f64 {
    let curves: Vec<&Episode> = episodes.iter().filter(|episode| episode.len() > SHORT).collect();
    if curves.len() < 3 {
        return 0.0;
    }
    let mut alike = Vec::new();
    for (place, a) in curves.iter().enumerate() {
        for b in &curves[place + 1..] {
            let (len, most) = (a.len().min(b.len()), a.len().max(b.len()));
            let shape = correlation(a.curve[..len].iter().copied(), b.curve[..len].iter().copied());
            let size = (mean(a.curve[..len].iter().copied()) - mean(b.curve[..len].iter().copied())).abs();
            alike.push(shape.max(0.0) * (-2.0 * size).exp() * len as f64 / most as f64);
        }
    }
    mean(alike.into_iter())
}

/// Excess of an hour over the metrics given, weighed by what each tells.
fn excess(fits: &[&Fit], index: usize) -> f64 {
    let (mut sum, mut weights) = (0.0, 1e-9);
    for fit in fits {
        if let Some(ratio) = fit.log_ratio(index) {
            sum += fit.precision(index) * ratio;
            weights += fit.precision(index);
        }
    }
    sum / weights
}

/// Share of the metrics with a window among those that would show the strongest excess.
fn breadth(fits: &[Option<Fit>; METRICS], from: usize, to: usize, spans: &[Span]) -> f64 {
    let strongest = fits
        .iter()
        .enumerate()
        .filter(|(metric, _)| spans.iter().any(|span| span.metric == *metric))
        .filter_map(|(_, fit)| fit.as_ref())
        .map(|fit| fit.log_ratio_of(from, to, &fit.alone))
        .fold(0.0, f64::max);
    let (mut seen, mut able) = (0.0, 0.0);
    for (metric, fit) in fits.iter().enumerate() {
        let Some(fit) = fit else { continue };
        let (_, expected) = fit.sums(from, to, &fit.alone);
        // A Poisson count of this excess is three deviations above.
        let would = expected * (strongest.exp() - 1.0) / expected.max(0.1).sqrt() > 3.0;
        let raised = fit.log_ratio_of(from, to, &fit.alone) > 0.4 * strongest;
        if would || spans.iter().any(|span| span.metric == metric) {
            able += 1.0;
            seen += f64::from(u8::from(raised));
        }
    }
    if able > 0.0 { seen / able } else { 0.0 }
}

/// How far metrics disagree on an episode: people do everything that people do, more or less.
fn discord(fits: &[Option<Fit>; METRICS], from: usize, to: usize) -> f64 {
    let excesses: Vec<(f64, f64)> = fits
        .iter()
        .flatten()
        .map(|fit| {
            let (observed, expected) = fit.sums(from, to, &fit.alone);
            (
                fit.log_ratio_of(from, to, &fit.alone),
                1.0 / (observed.min(expected) + 0.5)
                    + fit.alone.dispersion / (to - from) as f64
                    + KEEN * KEEN,
            )
        })
        .collect();
    let apart = |a: &(f64, f64), b: &(f64, f64)| (a.0 - b.0) / (a.1 + b.1).sqrt();
    excesses.iter().flat_map(|a| excesses.iter().map(move |b| apart(a, b))).fold(0.0, f64::max)
}

/// By how much more of the excess's variation a fall explains than a box does that ends where the window does.
fn decay(extended: &[f64]) -> f64 {
    let values: Vec<f64> = extended.iter().map(|excess| excess.exp() - 1.0).collect();
    let total: f64 = values.iter().map(|value| value * value).sum::<f64>().max(1e-9);
    let inside = values.len().saturating_sub(TAIL).max(1);
    let error = |template: &dyn Fn(usize) -> f64| {
        let (products, squares) =
            values.iter().enumerate().fold((0.0, 1e-9), |(products, squares), (hour, value)| {
                let template = template(hour);
                (products + template * value, squares + template * template)
            });
        1.0 - products.max(0.0).powi(2) / squares / total
    };
    let flat = error(&|hour| f64::from(u8::from(hour < inside)));
    let falling = DECAYS
        .into_iter()
        .flat_map(|scale| (0..4_usize.min(inside)).map(move |peak| (scale, peak)))
        .map(|(scale, peak)| {
            error(&move |hour| {
                if hour < peak {
                    (hour + 1) as f64 / (peak + 1) as f64
                } else {
                    (-((hour - peak) as f64) / scale).exp()
                }
            })
        })
        .fold(1.0, f64::min);
    flat - falling
}

/// The largest share of a curve's variation that one period of 4 to 14 hours explains.
fn waves(curve: &[f64]) -> f64 {
    if curve.len() < 16 {
        return 0.0;
    }
    let middle = mean(curve.iter().copied());
    let total = curve.iter().map(|value| (value - middle).powi(2)).sum::<f64>().max(1e-9);
    let share = |period: usize| {
        let (mut sine, mut cosine) = (0.0, 0.0);
        for (hour, value) in curve.iter().enumerate() {
            let (s, c) = (std::f64::consts::TAU * hour as f64 / period as f64).sin_cos();
            sine += s * (value - middle);
            cosine += c * (value - middle);
        }
        2.0 * (sine * sine + cosine * cosine) / curve.len() as f64 / total
    };
    (4..=14).map(share).fold(0.0, f64::max).min(1.0)
}

pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// Pearson's correlation; 0 where one of them does not vary.
pub(super) fn correlation(a: impl Iterator<Item = f64>, b: impl Iterator<Item = f64>) -> f64 {
    let pairs: Vec<(f64, f64)> = a.zip(b).collect();
    let (middle_a, middle_b) = (mean(pairs.iter().map(|pair| pair.0)), mean(pairs.iter().map(|pair| pair.1)));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        let (a, b) = (a - middle_a, b - middle_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    let scale = (aa * bb).sqrt();
    if scale > 1e-12 { (ab / scale).clamp(-1.0, 1.0) } else { 0.0 }
}
