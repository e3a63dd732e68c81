//! What is found in a series.

use super::attack::Attack;
use super::episode::{Episode, episodes};
use super::fits::{Fit, Fits, fit};
use super::likely::{Pattern, evidence, likely};
use super::metric::{METRICS, Metric};
use super::series::Series;

/// Hours with counts below which nothing can be said: the hours of a day have to be seen twice.
pub const LEAST_HOURS: usize = 48;
/// Share of an episode that people explain from which it counts as theirs.
const ORGANIC: f64 = 0.4;

/// Too little is known to say what is usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{hours} hours with counts are too few to say what is usual; {LEAST_HOURS} are needed")]
pub struct TooShort {
    /// Hours with counts.
    pub hours: usize,
}

/// Hours of a metric that stand out.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// What was counted.
    pub metric: Metric,
    /// The first hour, since 1970.
    pub from: i64,
    /// The hour after the last.
    pub to: i64,
    /// How far it lies above what is usual, in standard deviations.
    pub strength: f64,
    /// Observed over expected.
    pub ratio: f64,
    /// The kind of attack it resembles most; `None` where it looks like people.
    pub attack: Option<Attack>,
    /// How far people explain it, 0..1.
    pub organic: f64,
    /// What says so, in words.
    pub evidence: String,
}

/// A series against its baselines.
pub struct Analysis {
    pub(super) first: i64,
    pub(super) offset: i64,
    pub(super) growth: f64,
    pub(super) span: usize,
    pub(super) fits: [Option<Fit>; METRICS],
    pub(super) episodes: Vec<Episode>,
    pub(super) pattern: Pattern,
}

impl Analysis {
    /// Analyses a series.
    ///
    /// # Errors
    /// [`TooShort`] with fewer than [`LEAST_HOURS`] hours.
    pub fn of(series: &Series) -> Result<Self, TooShort> {
        let hours = series.span() - series.missing();
        let first = series.first().filter(|_| hours >= LEAST_HOURS).ok_or(TooShort { hours })?;
        let Fits { offset, growth, fits } = fit(series);
        let episodes = episodes(first, offset, &fits);
        let pattern = Pattern::of(&episodes);
        Ok(Self { first, offset, growth, span: series.span(), fits, episodes, pattern })
    }

    /// The windows, in the order of time and metric.
    #[must_use]
    pub fn windows(&self) -> Vec<Window> {
        self.episodes.iter().flat_map(|episode| self.windows_of(episode)).collect()
    }

    fn windows_of(&self, episode: &Episode) -> impl Iterator<Item = Window> {
        let attack = (episode.organic < ORGANIC).then(|| likely(episode, &self.pattern));
        let said = evidence(episode, &self.pattern).join("; ");
        episode.spans.iter().filter_map(move |span| {
            let fit = self.fits[span.metric].as_ref()?;
            let (observed, expected) = fit.sums(span.from, span.to, &fit.alone);
            let ratio = observed / expected;
            Some(Window {
                metric: Metric::ALL[span.metric],
                from: self.first + span.from as i64,
                to: self.first + span.to as i64,
                strength: span.strength(),
                ratio,
                attack,
                organic: episode.organic,
                evidence: format!("{ratio:.1} times what is usual; {said}"),
            })
        })
    }

    /// How much speaks for an attack, with nothing learned: 0 where no window stands out, towards 1 the stronger and the less
    /// like people's the windows are.
    #[must_use]
    pub fn suspicion(&self) -> f64 {
        let sum: f64 = self
            .episodes
            .iter()
            .map(|episode| {
                (1.0 - episode.organic)
                    * (episode.strength - 3.0).max(0.0)
                    * (1.0 + 0.25 * episode.metrics() as f64)
            })
            .fold(0.0, |sum, episode| sum + episode);
        sum / (sum + 10.0)
    }

    /// What is expected of a metric, hour by hour from the first; empty where it is not known.
    #[must_use]
    pub fn expected(&self, metric: Metric) -> &[f64] {
        self.fits[metric as usize].as_ref().map_or(&[], |fit| &fit.alone.expected)
    }
}
