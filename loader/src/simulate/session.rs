//! Sessions: how an account spends the minutes it is active, as drafts of events without texts yet.

use rand::Rng;

use super::action::{Action, Mix};
use super::config::{HOUR, SECOND, Window};
use super::random::{Random, chance, log_normal, normal, pick, weighted};
use super::rhythm::Rhythm;

/// Longest pause inside a session, seconds; a session ends after 1,800 s of silence.
const LONGEST_PAUSE: f64 = 1_700.0;

/// Where an event's text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// Whatever the action and the account's style say.
    Own,
    /// An earlier text of the account, slightly changed.
    Again,
    /// A popular text of somebody else.
    Copied,
}

/// What an event is aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Something new.
    Fresh,
    /// The same as the event before.
    Same,
    /// This post.
    Post(u64),
}

/// An event before it is dressed with text, device and address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draft {
    /// Microseconds since 1970.
    pub at: i64,
    pub action: Action,
    pub target: Target,
    pub text: Text,
    /// Events of one session come from one device.
    pub session: usize,
    /// Who is at the keys: 0 the owner, 1 whoever took the account over.
    pub hands: usize,
}

/// A fixed order of actions on one target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pattern {
    pub steps: &'static [Action],
    /// Share of sessions that follow the pattern.
    pub share: f64,
    /// Probability that a step in such a session keeps to it.
    pub loyalty: f64,
}

/// Pauses of nearly the same length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steady {
    /// Median pause, seconds.
    pub gap: f64,
    /// Spread of its logarithm.
    pub spread: f64,
    /// Share of pauses that are of this kind.
    pub share: f64,
}

/// Minutes of the hour at which publications come out.
#[derive(Clone, Debug)]
pub(super) struct Timetable {
    pub minutes: Vec<i64>,
    /// Standard deviation around them, seconds.
    pub jitter: f64,
    /// Share of sessions that begin with such a publication.
    pub share: f64,
}

/// How an account behaves within sessions. Humans have such habits too: what tells them apart is how strong they are.
#[derive(Clone, Debug)]
pub(super) struct Habits {
    /// Mean events of a session.
    pub session_events: f64,
    /// Median pause, seconds, and the spread of its logarithm.
    pub gap: f64,
    pub gap_spread: f64,
    pub mix: Mix,
    /// Probability to react to what was just viewed.
    pub follow_up: f64,
    pub pattern: Option<Pattern>,
    pub steady: Option<Steady>,
    pub timetable: Option<Timetable>,
    /// Every so manieth publication is an earlier one again, with this probability.
    pub again_every: Option<(usize, f64)>,
    /// Share of posts that are copied from others.
    pub copied: f64,
}

/// Drafts of about `expected` events in the window, in order of time.
pub(super) fn plan(
    random: &mut Random,
    habits: &Habits,
    rhythm: &Rhythm,
    window: Window,
    expected: f64,
    hands: usize,
) -> Vec<Draft> {
    let count = (expected / habits.session_events + random.random::<f64>()) as usize;
    let hours = rhythm.hours_of(random, window);
    let starts = hours.moments(random, count.max(1));
    let mut planner =
        Planner { habits, window, hands, drafts: Vec::new(), publications: 0, clock: window.start };
    for (session, start) in starts.into_iter().enumerate() {
        planner.session(random, session, start);
    }
    planner.drafts
}

struct Planner<'a> {
    habits: &'a Habits,
    window: Window,
    hands: usize,
    drafts: Vec<Draft>,
    publications: usize,
    /// No event before this moment any more.
    clock: i64,
}

impl Planner<'_> {
    fn session(&mut self, random: &mut Random, session: usize, start: i64) {
        let habits = self.habits;
        // Cutting the fraction costs half an event, and a log-normal's mean is exp(0.85² / 2) = 1.435 times its median.
        let events = 1 + log_normal(random, (habits.session_events - 0.5) / 1.435, 0.85) as usize;
        let pattern = habits.pattern.filter(|pattern| chance(random, pattern.share));
        let mut at = start.max(self.clock);
        let mut timed = false;
        if let Some(timetable) = habits.timetable.as_ref().filter(|timetable| chance(random, timetable.share))
        {
            let due = next_due(random, timetable, at);
            timed = due < self.window.end;
            at = if timed { due } else { at };
        }
        let mut step = 0;
        let mut previous = None;
        for index in 0..events {
            if at >= self.window.end {
                break;
            }
            let (action, target) = match pattern {
                _ if index == 0 && timed => (Action::Post, Target::Fresh),
                Some(pattern) if chance(random, pattern.loyalty) => {
                    let place = step % pattern.steps.len();
                    step += 1;
                    (pattern.steps[place], if place == 0 { Target::Fresh } else { Target::Same })
                }
                _ => self.free_action(random, previous),
            };
            let text = self.text(random, action);
            self.drafts.push(Draft { at, action, target, text, session, hands: self.hands });
            previous = Some(action);
            at += self.pause(random);
        }
        self.clock = at;
    }

    fn free_action(&self, random: &mut Random, previous: Option<Action>) -> (Action, Target) {
        if previous == Some(Action::View) && chance(random, self.habits.follow_up) {
            let reactions = [Action::Like, Action::Like, Action::Like, Action::Comment, Action::Repost];
            return (pick(random, &reactions), Target::Same);
        }
        (Action::ALL[weighted(random, &self.habits.mix)], Target::Fresh)
    }

    fn text(&mut self, random: &mut Random, action: Action) -> Text {
        if !matches!(action, Action::Post | Action::Comment) {
            return Text::Own;
        }
        self.publications += 1;
        match self.habits.again_every {
            Some((every, share)) if self.publications.is_multiple_of(every) && chance(random, share) => {
                Text::Again
            }
            _ if action == Action::Post && chance(random, self.habits.copied) => Text::Copied,
            _ => Text::Own,
        }
    }

    /// Microseconds until the next event of the session.
    fn pause(&self, random: &mut Random) -> i64 {
        let seconds = match self.habits.steady {
            Some(steady) if chance(random, steady.share) => log_normal(random, steady.gap, steady.spread),
            _ => log_normal(random, self.habits.gap, self.habits.gap_spread),
        };
        (seconds.clamp(1.0, LONGEST_PAUSE) * SECOND as f64) as i64
    }
}

/// The first moment of the timetable at or after `at`, give or take the jitter, but not before `at`.
fn next_due(random: &mut Random, timetable: &Timetable, at: i64) -> i64 {
    let hour = at - at.rem_euclid(HOUR);
    let minute = pick(random, &timetable.minutes);
    let due = hour + minute * 60 * SECOND + (normal(random, 0.0, timetable.jitter) * SECOND as f64) as i64;
    if due < at { due + HOUR } else { due }
}
