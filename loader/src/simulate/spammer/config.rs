//! How many accounts, and how many spammers.

use crate::simulate::SimulationError;

/// Fewest accounts: some of them are spammers, and six have a value missing.
const FEWEST_ACCOUNTS: u32 = 100;

/// What a caller asks for. [`SpammerParams::check`] turns it into a [`SpammerConfig`].
#[derive(Clone, Debug, PartialEq)]
pub struct SpammerParams {
    /// Number of accounts, at least 100; default 458,798.
    pub accounts: u32,
    /// Share of them that are reported as spammers, 0.001..=0.5; default 0.0269.
    pub spammer_share: f64,
    /// Seed: the same seed gives the same rows; default 1.
    pub seed: u64,
}

impl Default for SpammerParams {
    fn default() -> Self {
        Self { accounts: 458_798, spammer_share: 0.0269, seed: 1 }
    }
}

impl SpammerParams {
    /// Checks every parameter.
    ///
    /// # Errors
    /// [`SimulationError`] with the one that is impossible.
    pub fn check(self) -> Result<SpammerConfig, SimulationError> {
        if self.accounts < FEWEST_ACCOUNTS {
            return Err(SimulationError::FewAccounts { accounts: self.accounts, least: FEWEST_ACCOUNTS });
        }
        if !(0.001..=0.5).contains(&self.spammer_share) {
            return Err(SimulationError::SpammerShare(self.spammer_share));
        }
        Ok(SpammerConfig { params: self })
    }
}

/// Checked parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct SpammerConfig {
    params: SpammerParams,
}

impl SpammerConfig {
    /// Number of accounts.
    #[must_use]
    pub fn accounts(&self) -> usize {
        self.params.accounts as usize
    }

    /// Accounts that are reported as spammers.
    #[must_use]
    pub fn reported(&self) -> usize {
        (self.params.spammer_share * f64::from(self.params.accounts)).round() as usize
    }

    pub(super) fn seed(&self) -> u64 {
        self.params.seed
    }
}
