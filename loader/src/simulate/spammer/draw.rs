//! From what is behind an account to its numbers.

use rand::Rng;
use rand_distr::{Binomial, Poisson};

use super::account::Account;
use super::column::SPAMMER_COLUMNS;
use crate::simulate::random::{Random, chance, normal, weighted};

/// Sellers by what they sell, most frequent first.
const CATEGORIES: [f64; 8] = [0.30, 0.20, 0.14, 0.11, 0.09, 0.07, 0.05, 0.04];

/// The values of an account, in the order of the columns.
pub(super) fn values(random: &mut Random, account: &Account) -> [f64; SPAMMER_COLUMNS.len()] {
    let Account { push, activity, standing, care, buys_reviews } = *account;
    let mut draw = Draw { random, push };

    let messages_sent_total = draw.count(3.6 + 0.26 * push + 0.7 * activity + 0.3 * standing, 0.25);
    let latest_share = logistic(-0.8 - 0.25 * standing + draw.noise(0.4));
    let messages_sent_last_30_days = draw.part(messages_sent_total, latest_share);
    let urgent_message_count = draw.count(-1.0 + 0.72 * push + 0.15 * activity, 0.0);
    let link_in_message = draw.flag(-1.2, 0.45);
    let links_more = draw.count(-0.5 + 0.45 * push, 0.0);

    // Both follow from how busy the account is, one as its pace and the other as what it leaves undone.
    let pace = 8.0 + 2.6 * activity + 0.35 * push;
    let messages_per_day = draw.level(pace, 0.7, 3.0, 18.0);
    let incomplete_order_count = draw.level(2.5 + 0.5 * pace, 0.62, 3.0, 13.0);

    // The service assesses an account by its picture; without one it mostly stays where it began.
    let has_profile_picture = draw.flag_of(0.9 + 0.6 * care - 0.3 * push);
    let assessed_further = draw.flag_with(if has_profile_picture > 0.0 { 0.10 } else { 0.05 });
    let risk_level = 1.0 + has_profile_picture + assessed_further;

    // Who asks for one thing asks for the other, but for a few.
    let asked_financial_details = draw.flag(-3.6, 0.45);
    let impersonation_attempt = draw.follow(asked_financial_details, 0.99, 0.002);
    let asked_for_personal_info = draw.flag(-2.8, 0.45);
    let suspicious_actions = draw.follow(asked_for_personal_info, 0.96, 0.006);

    [
        messages_sent_total,
        messages_sent_last_30_days,
        draw.one_of(&CATEGORIES),
        draw.level(3.0 + 0.15 * push, 1.2, 0.0, 9.0),
        draw.flag(-1.0, 0.15),
        2.0 + draw.above(0.25 * push, 0.2) + draw.above(0.35 * push, 1.4),
        draw.level(2.2 - 0.25 * push + 0.8 * standing + 0.4 * care, 0.6, 0.0, 5.0),
        draw.reviews(standing, buys_reviews),
        draw.count(0.5 + 0.3 * activity, 0.0),
        has_profile_picture,
        draw.flag(-3.2, 0.5),
        link_in_message,
        draw.flag_of(0.8 + 0.5 * standing - 0.35 * push),
        draw.count(1.4 + 0.3 * care, 0.0).min(20.0),
        draw.flag_of(1.8 + 0.4 * standing - 0.3 * push),
        messages_per_day,
        draw.level(5.0 + 1.3 * care + 0.4 * standing - 0.25 * push, 0.6, 1.0, 8.0),
        incomplete_order_count,
        urgent_message_count,
        risk_level,
        if link_in_message > 0.0 { 1.0 + links_more } else { 0.0 },
        draw.count(-1.2 + 0.43 * push, 0.0),
        draw.count(-2.5 + 0.4 * push, 0.0),
        draw.flag(-0.3, 0.15),
        draw.flag(-1.8, 0.1),
        draw.flag(-3.5, 0.45),
        1.0,
        draw.flag(-2.5, 0.3),
        0.0,
        0.0,
        draw.flag(-4.0, 0.5),
        draw.flag(-2.0, 0.15),
        0.0,
        impersonation_attempt,
        asked_financial_details,
        draw.flag(-4.2, 0.5),
        draw.count(-2.0 + 0.4 * push, 0.0),
        draw.flag(-3.0, 0.35),
        draw.flag(-1.5, 0.2),
        draw.flag(-3.5, 0.5),
        asked_for_personal_info,
        draw.flag(-1.6, 0.35),
        draw.flag_of(-2.0 + 0.5 * activity + 0.3 * push),
        suspicious_actions,
        draw.flag(-1.7, 0.2),
        0.0,
        0.0,
        0.0,
        draw.flag(-3.8, 0.4),
        draw.flag(-4.2, 0.4),
        ((0.05 * push + draw.noise(0.4)).exp() * 10.0).round() / 10.0,
    ]
}

struct Draw<'a> {
    random: &'a mut Random,
    push: f64,
}

impl Draw<'_> {
    fn noise(&mut self, deviation: f64) -> f64 {
        normal(self.random, 0.0, deviation)
    }

    fn flag_with(&mut self, probability: f64) -> f64 {
        f64::from(u8::from(chance(self.random, probability)))
    }

    fn flag_of(&mut self, logit: f64) -> f64 {
        self.flag_with(logistic(logit))
    }

    /// A sign of spam: its logit without any push, and what a unit of push adds.
    fn flag(&mut self, logit: f64, slope: f64) -> f64 {
        self.flag_of(logit + slope * self.push)
    }

    /// Another flag for one that is set, and for one that is not, with these probabilities.
    fn follow(&mut self, flag: f64, if_set: f64, if_not: f64) -> f64 {
        self.flag_with(if flag > 0.0 { if_set } else { if_not })
    }

    fn above(&mut self, mean: f64, bar: f64) -> f64 {
        f64::from(u8::from(mean + self.noise(1.0) > bar))
    }

    fn level(&mut self, mean: f64, deviation: f64, low: f64, high: f64) -> f64 {
        // Adding 0 makes zero of what was rounded to minus zero.
        (mean + self.noise(deviation)).round().clamp(low, high) + 0.0
    }

    /// A number of events, Poisson around a log-normal mean.
    fn count(&mut self, log_mean: f64, deviation: f64) -> f64 {
        let mean = (log_mean + self.noise(deviation)).exp().min(1e6);
        Poisson::new(mean).map_or(0.0, |poisson| self.random.sample(poisson))
    }

    /// How many of `whole` things, each with this probability.
    fn part(&mut self, whole: f64, probability: f64) -> f64 {
        Binomial::new(whole as u64, probability).map_or(0.0, |binomial| self.random.sample(binomial) as f64)
    }

    fn one_of(&mut self, weights: &[f64]) -> f64 {
        weighted(self.random, weights) as f64 + 1.0
    }

    /// Reviews come with standing; who buys them buys 5 to 10.
    fn reviews(&mut self, standing: f64, buys: bool) -> f64 {
        if buys {
            return f64::from(self.random.random_range(5..=10));
        }
        let earned = (1.9 + 0.5 * standing + self.noise(0.35)).exp();
        (3.4 + earned).round().clamp(4.0, 25.0)
    }
}

fn logistic(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}
