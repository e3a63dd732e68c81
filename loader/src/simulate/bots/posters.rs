//! Bots that publish: by a timetable, or in bursts.

use rand::Rng;

use super::super::action::{Action, more_of};
use super::super::lean::Lean;
use super::super::random::Random;
use super::super::session::{Habits, Pattern, Steady, Timetable};
use super::super::text::StyleLean;
use super::BOT;

pub(super) const SCHEDULED: Lean = Lean { flat: 0.28, style: StyleLean { link: 2.8, ..BOT.style }, ..BOT };

pub(super) const BURST: Lean = Lean { session: 0.8, style: StyleLean { repeat: 2.2, ..BOT.style }, ..BOT };

/// Most sessions begin with a post close to a quarter of an hour, as `cron` and a queue would have it; some go on with
/// views and likes, one after the other.
pub(super) fn schedule(random: &mut Random, habits: &mut Habits) {
    let minutes = if random.random() { vec![0, 30] } else { vec![0, 15, 30, 45] };
    habits.timetable = Some(Timetable {
        minutes,
        jitter: random.random_range(4.0..16.0),
        share: random.random_range(0.7..0.98),
    });
    habits.steady = Some(Steady {
        gap: random.random_range(15.0..60.0),
        spread: 0.14,
        share: random.random_range(0.4..0.7),
    });
    habits.pattern = Some(Pattern {
        steps: &[Action::View, Action::Like],
        share: random.random_range(0.2..0.5),
        loyalty: 0.75,
    });
    habits.mix = more_of(habits.mix, Action::Post, 0.8);
    // A session a post: with many posts, sessions are short.
    habits.session_events = (habits.session_events * 0.85).max(2.0);
}

/// Text after text at one pace, interrupted by looks at other posts at human speed.
pub(super) fn burst(random: &mut Random, habits: &mut Habits) {
    habits.pattern = Some(Pattern {
        steps: if random.random() {
            &[Action::Post, Action::Post, Action::View]
        } else {
            &[Action::Post, Action::Comment, Action::Comment]
        },
        share: random.random_range(0.25..0.5),
        loyalty: 0.78,
    });
    habits.steady = Some(Steady {
        gap: random.random_range(18.0..50.0),
        spread: 0.14,
        share: random.random_range(0.35..0.65),
    });
    habits.again_every = Some((3, 0.35));
    habits.mix = more_of(more_of(habits.mix, Action::Post, 0.5), Action::Comment, 0.6);
}
