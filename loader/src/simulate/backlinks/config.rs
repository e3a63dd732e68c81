//! How many links, and how many of them networks set.

use crate::simulate::SimulationError;
use crate::simulate::config::SECOND;

/// Fewest links: some networks and some targets without any.
const FEWEST_LINKS: u32 = 500;

/// What a caller asks for. [`BacklinkParams::check`] turns it into a [`BacklinkConfig`].
#[derive(Clone, Debug, PartialEq)]
pub struct BacklinkParams {
    /// Number of links, about, at least 500; default 20,000.
    pub links: u32,
    /// Share of them that networks set, 0.01..=0.6; default 0.25.
    pub network_share: f64,
    /// Seed: the same seed gives the same links; default 1.
    pub seed: u64,
    /// First moment after the links, microseconds since 1970; default 2026-01-01.
    pub end: i64,
}

impl Default for BacklinkParams {
    fn default() -> Self {
        Self { links: 20_000, network_share: 0.25, seed: 1, end: 1_767_225_600 * SECOND }
    }
}

impl BacklinkParams {
    /// Checks every parameter.
    ///
    /// # Errors
    /// [`SimulationError`] with the one that is impossible.
    pub fn check(self) -> Result<BacklinkConfig, SimulationError> {
        if self.links < FEWEST_LINKS {
            return Err(SimulationError::FewLinks { links: self.links, least: FEWEST_LINKS });
        }
        if !(0.01..=0.6).contains(&self.network_share) {
            return Err(SimulationError::NetworkShare(self.network_share));
        }
        Ok(BacklinkConfig { params: self })
    }
}

/// Checked parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct BacklinkConfig {
    params: BacklinkParams,
}

impl BacklinkConfig {
    /// Links there are to be.
    #[must_use]
    pub fn links(&self) -> usize {
        self.params.links as usize
    }

    /// Links that networks are to set, at least.
    #[must_use]
    pub fn network_links(&self) -> usize {
        (f64::from(self.params.links) * self.params.network_share).round() as usize
    }

    pub(super) fn seed(&self) -> u64 {
        self.params.seed
    }

    pub(super) fn end(&self) -> i64 {
        self.params.end
    }
}
