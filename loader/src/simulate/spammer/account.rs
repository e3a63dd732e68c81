//! What is behind the numbers of one account.

use rand::seq::SliceRandom;

use super::config::SpammerConfig;
use crate::simulate::random::{Random, chance, normal};

/// Reports that are mistaken, as a share of all reports.
const MISTAKEN: f64 = 0.02;
/// Spammers that nobody has reported, per report.
const UNREPORTED: f64 = 0.07;
/// Share of the spammers that make no secret of it.
const CRUDE: f64 = 0.56;
/// Share of the spammers that buy a few reviews to look settled.
const BUYS_REVIEWS: f64 = 0.5;

/// Who an account is, and whether it was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Honest,
    /// Honest, and reported all the same.
    Mistaken,
    /// A spammer that was reported.
    Spammer,
    /// A spammer that nobody has reported.
    Unreported,
}

/// The causes of an account's numbers; among honest accounts each is spread with mean 0 and standard deviation 1.
#[derive(Clone, Debug)]
pub(super) struct Account {
    /// How hard it presses others: what all signs of spam have in common.
    pub push: f64,
    /// How much it does.
    pub activity: f64,
    /// How long it has been there, and how well it is known.
    pub standing: f64,
    /// How much care goes into its profile.
    pub care: f64,
    /// Whether its reviews are bought.
    pub buys_reviews: bool,
}

/// The role of every account, in random order.
pub(super) fn roles(random: &mut Random, config: &SpammerConfig) -> Vec<Role> {
    let reported = config.reported();
    let mistaken = (MISTAKEN * reported as f64).round() as usize;
    let unreported = (UNREPORTED * reported as f64).round() as usize;
    let mut roles = vec![Role::Spammer; reported - mistaken];
    roles.resize(reported, Role::Mistaken);
    roles.resize(reported + unreported, Role::Unreported);
    roles.resize(config.accounts(), Role::Honest);
    roles.shuffle(random);
    roles
}

impl Account {
    pub(super) fn draw(random: &mut Random, role: Role) -> Self {
        let spams = matches!(role, Role::Spammer | Role::Unreported);
        let shift = |by: f64| if spams { by } else { 0.0 };
        let push = match (spams, chance(random, CRUDE)) {
            (false, _) => normal(random, 0.0, 1.0),
            (true, true) => normal(random, 5.2, 0.7),
            (true, false) => normal(random, 2.15, 0.9),
        };
        Self {
            push,
            activity: normal(random, shift(0.5), 1.0),
            standing: normal(random, shift(-0.5), 1.0),
            care: normal(random, shift(-0.3), 1.0),
            buys_reviews: spams && chance(random, BUYS_REVIEWS),
        }
    }
}
