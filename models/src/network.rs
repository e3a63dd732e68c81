//! What comparing an account with others says of it.

/// Facts about one account that its own events cannot show, found by comparing accounts: see [`crate::groups`]. `None`
/// means not known; by default nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Network {
    /// Share of its texts that nearly equal a text another account was the first to use, 0..=1.
    pub copied_rate: Option<f64>,
    /// Other accounts that use nearly the same texts.
    pub copy_accounts: Option<f64>,
    /// Other accounts on the most widely shared of its devices.
    pub shared_device_degree: Option<f64>,
    /// Other accounts on the most widely shared of its addresses.
    pub shared_ip_degree: Option<f64>,
    /// Strongest similarity with another account in what was done to which targets at the same time, 0..=1.
    pub lockstep_score: Option<f64>,
    /// Other accounts of the group it acts in lockstep with; 0 in no group.
    pub lockstep_accounts: Option<f64>,
}
