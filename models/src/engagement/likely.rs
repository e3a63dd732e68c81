//! Which kind of attack an episode most resembles, and what says so.

use super::attack::Attack;
use super::episode::{Episode, SHORT, irregularity, likeness};
use super::metric::Metric;

/// Shortest of what goes on for days.
const LONG: usize = 20;

/// What all episodes of a series have in common.
pub(super) struct Pattern {
    /// Short episodes.
    pub short: usize,
    /// Those at night.
    pub at_night: usize,
    /// Coefficient of variation of the time between short episodes; `None` with fewer than four.
    pub irregularity: Option<f64>,
    /// How alike the curves are, 0..1.
    pub likeness: f64,
}

impl Pattern {
    pub(super) fn of(episodes: &[Episode]) -> Self {
        Self {
            short: episodes.iter().filter(|episode| episode.len() <= SHORT).count(),
            at_night: episodes.iter().filter(|episode| is_at_night(episode)).count(),
            irregularity: irregularity(episodes),
            likeness: likeness(episodes),
        }
    }
}

fn is_at_night(episode: &Episode) -> bool {
    episode.night >= 0.6 && episode.len() <= 7
}

/// The attack an episode resembles most.
pub(super) fn likely(episode: &Episode, pattern: &Pattern) -> Attack {
    let (views, likes) = (Metric::Views as usize, Metric::Likes as usize);
    let (comments, shares) = (Metric::Comments as usize, Metric::Shares as usize);
    let only = |metric| episode.metrics() == 1 && episode.has(metric);
    let hours = episode.len();
    if is_at_night(episode) && (pattern.at_night >= 2 || hours <= SHORT) {
        return Attack::OffPeakBursts;
    }
    if only(comments) {
        return Attack::CommentFlood;
    }
    if only(likes) && hours > SHORT {
        return Attack::LikeOnlyInflation;
    }
    if hours > SHORT && pattern.likeness > 0.5 {
        return Attack::CopyPasteCurve;
    }
    if hours <= SHORT {
        let is_regular = pattern.irregularity.is_some_and(|irregularity| irregularity < 0.25);
        return match pattern.short {
            3.. if is_regular && episode.metrics() >= 3 => Attack::SynchronizedBots,
            3.. => Attack::BurstsSmall,
            _ => Attack::SingleSpike,
        };
    }
    if episode.weekend >= 0.85 && hours >= LONG {
        return Attack::WeekendSurge;
    }
    if episode.waves > 0.5 {
        return Attack::WaveSpam;
    }
    if episode.ramp > 0.55 && hours >= 12 {
        return Attack::BoostProgressive;
    }
    if !episode.has(views) && (episode.has(shares) || episode.has(likes)) && hours < 120 {
        return Attack::RatioSkew;
    }
    Attack::DripFeed
}

/// What says so, in words.
pub(super) fn evidence(episode: &Episode, pattern: &Pattern) -> Vec<String> {
    let mut words = vec![format!("lasts {} h", episode.len())];
    let percent = |share: f64| (100.0 * share).round();
    if episode.mismatch > 0.0 {
        words.push(format!("does not fit the other metrics ({:.1} deviations)", episode.mismatch));
    }
    if episode.breadth < 0.6 {
        words.push("other metrics do not rise with it".to_owned());
    }
    if episode.night >= 0.6 {
        words.push(format!("{} % at night", percent(episode.night)));
    }
    if episode.weekend >= 0.85 && episode.len() >= LONG {
        words.push(format!("{} % on a weekend", percent(episode.weekend)));
    }
    if episode.ramp > 0.55 && episode.len() >= 12 {
        words.push(format!("grows all the while (correlation with time {:.2})", episode.ramp));
    }
    if episode.waves > 0.5 {
        words.push(format!("{} % of its variation is one wave", percent(episode.waves)));
    }
    if pattern.likeness > 0.5 && episode.len() > SHORT {
        words.push("its curve comes again".to_owned());
    }
    if let (3.., Some(irregularity)) = (pattern.short, pattern.irregularity)
        && episode.len() <= SHORT
    {
        words.push(format!(
            "one of {} short bursts, gaps varying by {} %",
            pattern.short,
            percent(irregularity)
        ));
    }
    if episode.decay > 0.1 {
        words.push("rises at once and falls slowly".to_owned());
    } else if episode.tail < 0.15 && episode.len() <= 2 * SHORT {
        words.push("ends suddenly".to_owned());
    }
    words
}
