//! Humans, the ordinary and the odd.

use rand::Rng;

use super::action::{Action, more_of};
use super::lean::Lean;
use super::persona::Persona;
use super::random::{Random, chance, weighted};
use super::session::{Pattern, Steady, Timetable};
use super::text::StyleLean;

/// What kind of human.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walk {
    Ordinary,
    /// Awake while the neighbours sleep.
    NightShift,
    /// Several people and a scheduling tool behind one account.
    Newsroom,
    /// Opened the account lately and has not filled in much.
    Newcomer,
    /// Likes and reposts everything about one thing.
    Fan,
}

impl Walk {
    pub fn draw(random: &mut Random) -> Self {
        let walks = [Self::Ordinary, Self::NightShift, Self::Newsroom, Self::Newcomer, Self::Fan];
        walks[weighted(random, &[0.76, 0.06, 0.04, 0.08, 0.06])]
    }

    /// The usual hour of getting up.
    pub fn wakes(self, random: &mut Random) -> f64 {
        match self {
            Self::NightShift => random.random_range(14.0..22.0),
            _ => 7.3,
        }
    }

    pub fn lean(self) -> Lean {
        match self {
            Self::Ordinary => Lean::NONE,
            Self::NightShift => Lean { flat: 0.15, ..Lean::NONE },
            Self::Newsroom => Lean {
                followers: 4.0,
                following: 0.7,
                devices: 2.0,
                flat: 0.35,
                completeness: 2.0,
                verified: 3.0,
                style: StyleLean { typo: 0.4, repeat: 2.5, link: 8.0, length: 1.2 },
                ..Lean::NONE
            },
            Self::Newcomer => {
                Lean { age: 0.06, followers: 0.7, completeness: 0.5, verified: 0.3, ..Lean::NONE }
            }
            Self::Fan => {
                Lean { following: 1.8, style: StyleLean { repeat: 2.0, ..Lean::NONE.style }, ..Lean::NONE }
            }
        }
    }

    /// Gives the persona the habits of this walk of life.
    pub fn shape(self, random: &mut Random, persona: &mut Persona) {
        let habits = &mut persona.habits;
        // Everybody is a little mechanical at times: scrolling and liking at one pace, looking in on the hour.
        if chance(random, 0.3) {
            habits.steady = Some(Steady {
                gap: random.random_range(8.0..60.0),
                spread: random.random_range(0.3..0.6),
                share: random.random_range(0.05..0.35),
            });
        }
        match self {
            Self::Newsroom => {
                habits.timetable = Some(Timetable {
                    minutes: vec![0, 30],
                    jitter: 45.0,
                    share: random.random_range(0.2..0.6),
                });
                habits.mix = more_of(habits.mix, Action::Post, 1.8);
            }
            Self::Fan => {
                habits.pattern = Some(Pattern {
                    steps: &[Action::View, Action::Like, Action::Repost],
                    share: random.random_range(0.1..0.5),
                    loyalty: 0.75,
                });
                habits.mix = more_of(more_of(habits.mix, Action::Repost, 2.0), Action::Like, 1.4);
            }
            Self::Ordinary | Self::NightShift | Self::Newcomer => {}
        }
    }
}
