//! Simulated accounts of a market place, as a wide table: 51 numbers an account, and whether it was reported as a spammer.
//!
//! Every number has the same few causes behind it: how hard the account pushes, how active, how old and how careful it is
//! (`account`). Honest accounts push too, some as hard as a careful spammer; some spammers nobody has reported, and a few
//! reports are mistaken. So the label cannot be told for certain, however good the model.

mod account;
mod column;
mod config;
mod csv;
mod draw;
#[cfg(test)]
mod tests;

use account::{Account, Role, roles};
pub use column::{SPAMMER_COLUMNS, SpammerColumn, SpammerColumnKind};
pub use config::{SpammerConfig, SpammerParams};
pub use csv::write_csv;
use draw::values;

use super::random::{Purpose, stream};

/// Accounts of which it is not known whether the telephone is verified.
const MISSING: usize = 6;

/// An account as one row.
#[derive(Clone, Debug, PartialEq)]
pub struct SpammerRow {
    /// Number of the account, from 1.
    pub account_id: i64,
    /// Its values, in the order of [`SPAMMER_COLUMNS`]; NaN is missing.
    pub values: [f64; SPAMMER_COLUMNS.len()],
    /// Whether it was reported as a spammer.
    pub is_spammer: bool,
}

/// The rows of a configuration, one after another. Each account has a random stream of its own.
pub fn spammer_rows(config: &SpammerConfig) -> impl Iterator<Item = SpammerRow> {
    let seed = config.seed();
    let mut random = stream(seed, Purpose::SpammerRoles, 0);
    let roles = roles(&mut random, config);
    let unknown = rand::seq::index::sample(&mut random, roles.len(), MISSING);
    roles.into_iter().enumerate().map(move |(index, role)| {
        let mut random = stream(seed, Purpose::Spammer, index as u64);
        let account = Account::draw(&mut random, role);
        let mut values = values(&mut random, &account);
        if unknown.iter().any(|one| one == index) {
            values[column::PHONE_VERIFIED] = f64::NAN;
        }
        let is_spammer = matches!(role, Role::Spammer | Role::Mistaken);
        SpammerRow { account_id: index as i64 + 1, values, is_spammer }
    })
}
