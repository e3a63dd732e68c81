//! Which accounts act together: what no account's own history can show.
//!
//! ```text
//! (account, time, target) ─► Lockstep   ─► groups, a score for each account
//! (account, time, text)   ─► Duplicates ─► groups, share of copies for each account
//! (account, key)          ─► SharedKeys ─► how many others use the same device or address
//! (page, domain, text)    ─► Pages      ─► for each page how like it is to one of another domain
//! ```
//!
//! Each is a builder that a window of events is added to, in any order, and a result that does not depend on that order.
//! Memory is linear in the number of events, whatever they hold; so is work, apart from sorting, with a bound on how many
//! others each is compared with.

mod duplicates;
mod lockstep;
mod pages;
mod shared;
mod signature;
mod union_find;

pub use duplicates::{AccountCopies, DuplicateGroups, Duplicates, DuplicatesParams};
pub use lockstep::{Lockstep, LockstepGroups, LockstepParams};
pub use pages::{Pages, PagesParams, Resemblance};
pub use shared::{KeyDegrees, SharedKeys};

/// Accounts that act together.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The accounts by id, at least two.
    pub members: Vec<Member>,
}

/// An account in a group, with what it is there for.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The account.
    pub account_id: i64,
    /// How like the others it is, 0..=1. Lockstep: the strongest Jaccard similarity with another member's occasions.
    /// Duplicates: the strongest estimated similarity of a text of its to the group's earliest.
    pub similarity: f64,
    /// Occasions shared with other members, or texts in the group.
    pub count: u32,
    /// Whether the earliest evidence of the group is this account's: the original, where the group is of copies.
    pub is_first: bool,
    /// The evidence, by the numbers it was added with, ascending. A caller that shows it will want to cap it.
    pub rows: Vec<u64>,
}

/// Why groups cannot be looked for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GroupError {
    /// A setting is out of bounds.
    #[error("groups: {name} is {value}, outside {low} to {high}")]
    Setting {
        /// Which setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Smallest possible value.
        low: f64,
        /// Largest possible value.
        high: f64,
    },
}

fn check(name: &'static str, value: f64, low: f64, high: f64) -> Result<(), GroupError> {
    // A NaN is in no range.
    if (low..=high).contains(&value) { Ok(()) } else { Err(GroupError::Setting { name, value, low, high }) }
}

/// Largest groups first, then by account, then by evidence.
fn sort_groups(groups: &mut [Group]) {
    groups.sort_by(|a, b| {
        let by_size = b.members.len().cmp(&a.members.len());
        let (a, b) = (&a.members, &b.members);
        by_size
            .then_with(|| {
                a.iter().map(|member| member.account_id).cmp(b.iter().map(|member| member.account_id))
            })
            .then_with(|| a.iter().map(|member| &member.rows).cmp(b.iter().map(|member| &member.rows)))
    });
}
