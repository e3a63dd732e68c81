//! Who the accounts are, and what their hours look like when nobody interferes.

use crate::simulate::random::{Random, between, log_normal, normal, probability};

/// A kind of account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EngagementProfile {
    /// The same every week.
    Regular,
    /// By fits and starts.
    Impulsive,
    /// Hardly anything.
    Dormant,
    /// A large audience, and posts that catch on.
    Influencer,
    /// Begins small and grows.
    New,
    /// Little, mostly in the evening.
    Casual,
    /// A lot at all hours.
    Power,
}

impl EngagementProfile {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Regular,
        Self::Impulsive,
        Self::Dormant,
        Self::Influencer,
        Self::New,
        Self::Casual,
        Self::Power,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::Impulsive => "impulsive",
            Self::Dormant => "dormant",
            Self::Influencer => "influencer",
            Self::New => "new",
            Self::Casual => "casual",
            Self::Power => "power",
        }
    }

    /// How many of a hundred accounts are of this kind.
    pub(super) fn weight(self) -> f64 {
        match self {
            Self::Regular => 26.0,
            Self::Impulsive => 12.0,
            Self::Dormant => 10.0,
            Self::Influencer => 10.0,
            Self::New => 12.0,
            Self::Casual => 20.0,
            Self::Power => 10.0,
        }
    }
}

/// What is behind the counts of one account.
pub(super) struct Temper {
    /// Views in a typical hour.
    pub level: f64,
    /// Likes, comments and shares per view.
    pub rates: [f64; 3],
    /// How much the hours of a day differ, 0..1.
    pub daily: f64,
    /// Hours east of UTC.
    pub offset: i64,
    /// Hour at which most is seen, in the audience's time.
    pub peak: f64,
    /// Factor of weekends.
    pub weekend: f64,
    /// By how many hours weekends begin later.
    pub late: f64,
    /// Growth over a week, as a logarithm.
    pub growth: f64,
    /// Extra variance of an hour's count.
    pub dispersion: f64,
    /// Deviation of what all metrics of an hour have in common, as a logarithm.
    pub common: f64,
    /// Deviation of days.
    pub days: f64,
    /// Bursts in two weeks, none of them an attack.
    pub bursts: f64,
    /// Hours in which these fall to 1/e.
    pub decay: f64,
}

impl Temper {
    pub(super) fn draw(random: &mut Random, profile: EngagementProfile) -> Self {
        use EngagementProfile::{Casual, Dormant, Impulsive, Influencer, New, Power, Regular};
        let (level, dispersion, bursts, decay) = match profile {
            Regular => (150.0, 0.03, 0.5, 8.0),
            Impulsive => (100.0, 0.15, 3.0, 4.0),
            Dormant => (14.0, 0.10, 0.2, 6.0),
            Influencer => (3_000.0, 0.04, 2.0, 12.0),
            New => (60.0, 0.06, 0.8, 8.0),
            Casual => (50.0, 0.08, 0.4, 6.0),
            Power => (600.0, 0.04, 1.0, 8.0),
        };
        let daily = match profile {
            Power => 0.45,
            Casual => 0.85,
            _ => 0.7,
        };
        Self {
            level: log_normal(random, level, 0.8),
            rates: [0.08, 0.02, 0.015].map(|rate| probability(random, rate, 0.5)),
            daily: probability(random, daily, 0.4),
            offset: between(random, -8.0, 11.0).round() as i64,
            peak: normal(random, 19.5, 1.5),
            weekend: log_normal(random, 1.1, 0.25),
            late: between(random, 0.0, 2.5),
            growth: match profile {
                New => between(random, 0.2, 0.9),
                Dormant => normal(random, -0.1, 0.15),
                _ => normal(random, 0.0, 0.1),
            },
            dispersion: log_normal(random, dispersion, 0.4),
            common: log_normal(random, if profile == Impulsive { 0.25 } else { 0.10 }, 0.3),
            days: log_normal(random, 0.10, 0.3),
            bursts,
            decay,
        }
    }

    /// What an hour multiplies the level by; `hour` since 1970 (UTC).
    pub(super) fn season(&self, hour: i64) -> f64 {
        let local = hour + self.offset;
        let weekday = (local.div_euclid(24) + 4).rem_euclid(7);
        let is_weekend = weekday == 0 || weekday == 6;
        let peak = self.peak + if is_weekend { self.late } else { 0.0 };
        let angle = std::f64::consts::TAU * (local.rem_euclid(24) as f64 - peak) / 24.0;
        // A broad day with a pronounced evening, and a trough twelve hours away.
        let day = (1.0 + self.daily * angle.cos()) * (0.25 * self.daily * (2.0 * angle).cos()).exp();
        day.max(0.02) * if is_weekend { self.weekend } else { 1.0 }
    }
}
