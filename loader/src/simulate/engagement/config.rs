//! How many accounts, for how long, and how many of them are attacked.

use crate::simulate::SimulationError;

/// Fewest accounts: each profile and each attack should have a chance.
const FEWEST_ACCOUNTS: u32 = 20;
/// Hours that a series can have: days are needed for windows, and a year is all that is looked at.
const HOURS: std::ops::RangeInclusive<u32> = 168..=8_784;

/// What a caller asks for. [`EngagementParams::check`] turns it into an [`EngagementConfig`].
#[derive(Clone, Debug, PartialEq)]
pub struct EngagementParams {
    /// Number of accounts, at least 20; default 500.
    pub accounts: u32,
    /// Hours of each series, 168..=8,784; default 336.
    pub hours: u32,
    /// Share of the accounts whose engagement is faked, 0..=1; default 0.35.
    pub fake_share: f64,
    /// Hours over which the ends of the series are spread, so that some are older than others; default 1,344.
    pub spread: u32,
    /// End of the last series (exclusive), microseconds since 1970; default 2026-01-01.
    pub end: i64,
    /// Seed: the same seed gives the same series; default 1.
    pub seed: u64,
}

impl Default for EngagementParams {
    fn default() -> Self {
        let end = crate::simulate::SimulationParams::default().end;
        Self { accounts: 500, hours: 336, fake_share: 0.35, spread: 1_344, end, seed: 1 }
    }
}

impl EngagementParams {
    /// Checks every parameter.
    ///
    /// # Errors
    /// [`SimulationError`] with the one that is impossible.
    pub fn check(self) -> Result<EngagementConfig, SimulationError> {
        if self.accounts < FEWEST_ACCOUNTS {
            return Err(SimulationError::FewAccounts { accounts: self.accounts, least: FEWEST_ACCOUNTS });
        }
        if !HOURS.contains(&self.hours) {
            return Err(SimulationError::Hours {
                hours: self.hours,
                least: *HOURS.start(),
                most: *HOURS.end(),
            });
        }
        if !(0.0..=1.0).contains(&self.fake_share) {
            return Err(SimulationError::BotShare(self.fake_share));
        }
        crate::simulate::Window::new(
            self.end.saturating_sub(i64::from(self.hours + self.spread) * crate::simulate::config::HOUR),
            self.end,
        )?;
        Ok(EngagementConfig { params: self })
    }
}

/// Checked parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct EngagementConfig {
    params: EngagementParams,
}

impl EngagementConfig {
    /// The parameters that passed the checks.
    #[must_use]
    pub fn params(&self) -> &EngagementParams {
        &self.params
    }

    /// Accounts whose engagement is faked.
    #[must_use]
    pub fn fakes(&self) -> usize {
        (self.params.fake_share * f64::from(self.params.accounts)).round() as usize
    }
}
