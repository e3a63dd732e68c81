//! When an account is awake: hours of the day, days of the week, days off.

use rand::Rng;

use super::config::{DAY, HOUR, Window};
use super::random::{Random, chance, log_normal, normal};

/// Daily and weekly cycle of one account.
#[derive(Clone, Debug)]
pub(super) struct Rhythm {
    /// Offset of the account's clock from UTC, whole hours.
    utc_hours: i64,
    /// Weights of the hours of the local day.
    hours: [f64; 24],
    /// Activity on Saturdays and Sundays relative to other days.
    weekend: f64,
    /// Spread of the logarithm of a day's activity.
    day_spread: f64,
    /// Share of days without any activity.
    days_off: f64,
}

impl Rhythm {
    /// A person who gets up at about `wakes` o'clock, and for `flat` (0..=1) of the activity does not care.
    pub fn draw(random: &mut Random, utc_hours: i64, wakes: f64, flat: f64) -> Self {
        let up = normal(random, wakes, 1.4);
        let awake_hours = normal(random, 16.0, 1.0);
        let morning = log_normal(random, 0.5, 0.6);
        let noon = log_normal(random, 0.5, 0.5);
        let evening = log_normal(random, 1.2, 0.5);
        let mut hours = [0.0; 24];
        for (hour, weight) in hours.iter_mut().enumerate() {
            let since_up = (hour as f64 + 0.5 - up).rem_euclid(24.0);
            let bump = |center: f64, width: f64| (-((since_up - center) / width).powi(2) / 2.0).exp();
            let awake = 1.0 / (1.0 + ((since_up - awake_hours) * 2.5).exp());
            *weight = 0.004
                + awake
                    * (0.25 + morning * bump(1.0, 1.0) + noon * bump(5.5, 1.5) + evening * bump(13.0, 2.0));
        }
        let total: f64 = hours.iter().sum();
        for weight in &mut hours {
            *weight = (1.0 - flat) * *weight / total + flat / 24.0;
        }
        Self {
            utc_hours,
            hours,
            weekend: log_normal(random, 1.0, 0.35),
            day_spread: random.random_range(0.2..0.8),
            days_off: random.random::<f64>().powi(3) * 0.5,
        }
    }

    /// The hours of a window with their weights, for drawing moments from.
    pub fn hours_of(&self, random: &mut Random, window: Window) -> Hours {
        let mut starts = Vec::new();
        let mut cumulative = Vec::new();
        let mut total = 0.0;
        let mut today = None;
        let mut day_weight = 1.0;
        let mut start = window.start - window.start.rem_euclid(HOUR);
        while start < window.end {
            let local = start + self.utc_hours * HOUR;
            let day = local.div_euclid(DAY);
            if today.replace(day) != Some(day) {
                // 1970-01-01 was a Thursday: days 2 and 3 of each week of seven are its weekend.
                let weekend = matches!(day.rem_euclid(7), 2 | 3);
                let base = if weekend { self.weekend } else { 1.0 };
                // Never quite 0, so that a window of days off can still be drawn from.
                let off = if chance(random, self.days_off) { 1e-6 } else { 1.0 };
                day_weight = base * off * log_normal(random, 1.0, self.day_spread);
            }
            let hour = local.rem_euclid(DAY) / HOUR;
            let inside = (start + HOUR).min(window.end) - start.max(window.start);
            total += day_weight * self.hours[hour as usize] * (inside as f64 / HOUR as f64);
            starts.push(start.max(window.start));
            cumulative.push(total);
            start += HOUR;
        }
        Hours { starts, cumulative, end: window.end }
    }
}

/// Hours of a window, weighted.
pub(super) struct Hours {
    starts: Vec<i64>,
    cumulative: Vec<f64>,
    end: i64,
}

impl Hours {
    /// A moment in the window.
    pub fn moment(&self, random: &mut Random) -> i64 {
        let total = self.cumulative.last().copied().unwrap_or(0.0);
        let drawn = random.random::<f64>() * total;
        let index = self.cumulative.partition_point(|reached| *reached <= drawn).min(self.starts.len() - 1);
        let start = self.starts[index];
        let end = self.starts.get(index + 1).copied().unwrap_or(self.end);
        random.random_range(start..end)
    }

    /// So many moments, in order.
    pub fn moments(&self, random: &mut Random, count: usize) -> Vec<i64> {
        let mut moments: Vec<i64> = (0..count).map(|_| self.moment(random)).collect();
        moments.sort_unstable();
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::{Purpose, stream};
    use super::*;

    #[test]
    fn people_sleep() {
        let mut random = stream(1, Purpose::Events, 7);
        let window = Window { start: 0, end: 30 * DAY };
        let mut by_hour = [0; 24];
        for _ in 0..40 {
            let rhythm = Rhythm::draw(&mut random, 0, 7.5, 0.0);
            let hours = rhythm.hours_of(&mut random, window);
            for moment in hours.moments(&mut random, 200) {
                by_hour[(moment.rem_euclid(DAY) / HOUR) as usize] += 1;
            }
        }
        let count = |hours: std::ops::Range<usize>| by_hour[hours].iter().sum::<u32>();
        assert!(count(2..5) * 8 < count(18..21), "{by_hour:?}");
    }

    #[test]
    fn moments_stay_inside_a_short_window() {
        let mut random = stream(1, Purpose::Events, 7);
        let rhythm = Rhythm::draw(&mut random, -5, 7.5, 0.1);
        let window = Window { start: HOUR / 3, end: HOUR / 2 };
        let hours = rhythm.hours_of(&mut random, window);
        assert!(hours.moments(&mut random, 500).iter().all(|at| (window.start..window.end).contains(at)));
    }
}
