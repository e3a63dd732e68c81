//! How far a kind of account leans away from the ordinary human, in what can be counted.
//!
//! Everything a lean touches overlaps between humans and bots: the draws around it are wider than the lean.

use super::random::{Random, normal};
use super::text::StyleLean;

/// Factors on medians and on odds; 1 changes nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lean {
    /// On the age of the account.
    pub age: f64,
    /// On the followers an account of its age attracts.
    pub followers: f64,
    /// On the accounts it follows.
    pub following: f64,
    /// On the odds that a profile field is filled.
    pub completeness: f64,
    /// On the odds to be verified.
    pub verified: f64,
    /// On the odds to have one more device.
    pub devices: f64,
    /// On the events of a session, and on the pauses within.
    pub session: f64,
    /// On the number of events.
    pub activity: f64,
    /// Share of the activity that ignores day and night, 0..=1.
    pub flat: f64,
    pub style: StyleLean,
}

impl Lean {
    pub const NONE: Self = Self {
        age: 1.0,
        followers: 1.0,
        following: 1.0,
        completeness: 1.0,
        verified: 1.0,
        devices: 1.0,
        session: 1.0,
        activity: 1.0,
        flat: 0.0,
        style: StyleLean { typo: 1.0, repeat: 1.0, link: 1.0, length: 1.0 },
    };

    /// The same lean, but stronger or weaker for this one account: some bots are made with more care than others.
    pub fn individual(self, random: &mut Random) -> Self {
        let strength = normal(random, 1.0, 0.45).clamp(0.0, 2.0);
        let bend = |factor: f64| factor.powf(strength);
        Self {
            age: bend(self.age),
            followers: bend(self.followers),
            following: bend(self.following),
            completeness: bend(self.completeness),
            verified: bend(self.verified),
            devices: bend(self.devices),
            session: bend(self.session),
            activity: self.activity,
            flat: (self.flat * strength).min(1.0),
            style: StyleLean {
                typo: bend(self.style.typo),
                repeat: bend(self.style.repeat),
                link: bend(self.style.link),
                length: bend(self.style.length),
            },
        }
    }
}
