//! Accounts that act on the same targets within the same seconds, again and again.
//!
//! After SynchroTrap (Cao, Yang, Yu & Palow, "Uncovering large groups of active malicious accounts in online social
//! networks", CCS 2014): pairs of accounts are compared by the Jaccard similarity of what they did on which target at
//! which time, and connected pairs are groups. What differs:
//!
//! - Time has no slots. Two actions are together when they are no more than a window apart, wherever a clock's minute ends.
//! - Occasions that nobody shared do not count. With them, an account could hide by doing enough on its own; without them,
//!   what is compared is whom an account meets when it meets somebody.
//! - An occasion with many accounts means nothing and is left out, for everybody: a post that all the world looks at.
//! - A pair must share more occasions than it would by chance, given how often both go to which target. In a small or
//!   busy community this, and not similarity, is what keeps strangers apart.
//! - A member must have met others of its group at separate times. Some who happened to read through the same page in
//!   the same minute share many targets, but met once.
//! - A link needs a third account that is linked with both (Cohen, "Trusses: cohesive subgraphs for social network
//!   analysis", 2008). Links by chance are sparse and form chains; those of a ring close triangles.

mod links;
#[cfg(test)]
mod tests;
mod visits;

use super::union_find::UnionFind;
use super::{Group, GroupError, Member, check, sort_groups};
use crate::event::{SECOND, SESSION_SILENCE_SECONDS, Timestamp};
use links::Links;
use visits::{Action, Visits};

/// What counts as lockstep, not yet checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LockstepParams {
    /// Seconds within which two actions on one target are together, 1 to 3,600; default 60.
    pub window_seconds: u32,
    /// Accounts of a group at least, 2 to 1,000,000; default 3. With 2, a link needs no third account.
    pub min_accounts: u32,
    /// Occasions that two accounts must share, 1 to 1,000,000; default 3.
    pub min_shared: u32,
    /// Meetings, half an hour or more apart, that an account must have had with others of its group, 1 to 1,000,000;
    /// default 2. For the events of a day or two, 1 finds more, and strangers who happened to meet once.
    pub min_meetings: u32,
    /// Jaccard similarity of two accounts' occasions from which they are linked, 0.001 to 1; default 0.05.
    /// Members of a ring who each come to some of its calls, a minute or two apart, are no more alike than 0.1.
    pub min_similarity: f64,
    /// Accounts on one target within a window above which it is too popular to mean anything, 2 to 1,000; default
    /// 50. Work grows with it.
    pub max_occasion: u32,
}

impl Default for LockstepParams {
    fn default() -> Self {
        Self {
            window_seconds: 60,
            min_accounts: 3,
            min_shared: 3,
            min_meetings: 2,
            min_similarity: 0.05,
            max_occasion: 50,
        }
    }
}

/// Collects actions, 2^32 at most. Each takes 32 bytes, and about 80 while groups are looked for.
#[derive(Clone, Debug)]
pub struct Lockstep {
    params: LockstepParams,
    actions: Vec<Action>,
}

/// Who acts together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LockstepGroups {
    /// The groups, largest first. An account is in one at most.
    pub groups: Vec<Group>,
    /// By account, without those that score 0.
    scores: Vec<(i64, f64)>,
}

impl Lockstep {
    /// An empty collection.
    ///
    /// # Errors
    /// [`GroupError::Setting`] with the parameter that is out of bounds.
    pub fn new(params: LockstepParams) -> Result<Self, GroupError> {
        check("window_seconds", f64::from(params.window_seconds), 1.0, 3_600.0)?;
        check("min_accounts", f64::from(params.min_accounts), 2.0, 1e6)?;
        check("min_shared", f64::from(params.min_shared), 1.0, 1e6)?;
        check("min_meetings", f64::from(params.min_meetings), 1.0, 1e6)?;
        check("min_similarity", params.min_similarity, 0.001, 1.0)?;
        check("max_occasion", f64::from(params.max_occasion), 2.0, 1_000.0)?;
        Ok(Self { params, actions: Vec::new() })
    }

    /// Adds an action on the target with this hash. `row` is the caller's number for it, given back as evidence.
    pub fn add(&mut self, account_id: i64, at: Timestamp, target: u64, row: u64) {
        self.actions.push(Action { target, account_id, at, row });
    }

    /// Looks for groups among all that was added.
    #[must_use]
    pub fn find(self) -> LockstepGroups {
        let visits = Visits::of(self.actions, &self.params);
        let mut links = Links::between(&visits, &self.params);
        let mut scores = vec![0.0; visits.accounts.len()];
        links.raise_to_strongest(&mut scores);
        let scores = visits.accounts.iter().copied().zip(scores).filter(|(_, score)| *score > 0.0).collect();
        if self.params.min_accounts > 2 {
            links.keep_supported();
        }
        let groups = groups(&links, &visits, &self.params);
        LockstepGroups { groups, scores }
    }
}

impl LockstepGroups {
    /// How strongly an account acts in lockstep, 0..=1: its strongest Jaccard similarity with another account that it
    /// shares enough occasions with, and more than chance explains, whether or not a group came of it. 0 where no
    /// similarity reaches the least that links two.
    #[must_use]
    pub fn score(&self, account_id: i64) -> f64 {
        let found = self.scores.binary_search_by_key(&account_id, |(account, _)| *account);
        found.map_or(0.0, |index| self.scores[index].1)
    }
}

/// A root for accounts that are in no group.
const NONE: u32 = u32::MAX;
/// Times that accounts with too few meetings are taken out. Others may then have too few in turn; a bound, so that a
/// long chain of such accounts does not cost the square of its length.
const ROUNDS: usize = 8;

/// Connected accounts, where they are enough.
fn groups(links: &Links, visits: &Visits, params: &LockstepParams) -> Vec<Group> {
    let accounts = visits.accounts.len();
    let mut sets = UnionFind::new(accounts);
    links.all.iter().for_each(|link| sets.unite(link.a, link.b));
    let mut similarities = vec![0.0; accounts];
    links.raise_to_strongest(&mut similarities);
    let root = |account: u32| if similarities[account as usize] > 0.0 { sets.root(account) } else { NONE };
    let mut roots: Vec<u32> = (0..accounts as u32).map(root).collect();
    let mut found = Vec::new();
    for _ in 0..ROUNDS {
        found = encounters(&roots, visits);
        let before = found.len();
        found.retain(|member| member.meetings >= params.min_meetings as usize);
        if found.len() == before {
            break;
        }
        roots.fill(NONE);
        found.iter().for_each(|member| roots[member.account as usize] = member.root);
    }
    found.sort_unstable_by_key(|member| (member.root, member.account));
    let sets = found.chunk_by(|a, b| a.root == b.root);
    let mut groups: Vec<Group> = sets
        .filter(|set| set.len() >= params.min_accounts as usize)
        .map(|set| group(set, &similarities, visits))
        .collect();
    sort_groups(&mut groups);
    groups
}

/// What an account shares with others of the same root.
struct Encounters {
    root: u32,
    account: u32,
    /// Its visits that are together with theirs.
    visits: Vec<usize>,
    meetings: usize,
    /// When the first of these visits began.
    first: Timestamp,
}

fn encounters(roots: &[u32], visits: &Visits) -> Vec<Encounters> {
    let accounts = (0..).zip(roots).filter(|(_, root)| **root != NONE);
    let encounters = accounts.map(|(account, root)| {
        let is_shared = |visit: &usize| {
            visits.together(*visit).any(|other| roots[visits.all[other].account as usize] == *root)
        };
        let shared: Vec<usize> = visits.shared_by(account).filter(is_shared).collect();
        let mut times: Vec<Timestamp> = shared.iter().map(|visit| visits.all[*visit].first).collect();
        times.sort_unstable();
        let first = times.first().copied().unwrap_or(Timestamp::MAX);
        Encounters { root: *root, account, visits: shared, meetings: meetings(&times), first }
    });
    encounters.collect()
}

/// Meetings among ascending times. Counted from the start of one to that of the next, not by the silence between them:
/// accounts that never rest would have met once.
fn meetings(times: &[Timestamp]) -> usize {
    let mut count = 0;
    let mut next = Timestamp::MIN;
    for at in times {
        if *at >= next {
            count += 1;
            next = at.saturating_add(SESSION_SILENCE_SECONDS * SECOND);
        }
    }
    count
}

fn group(set: &[Encounters], similarities: &[f64], visits: &Visits) -> Group {
    // Accounts are in ascending order: of simultaneous firsts, the lowest id's counts.
    let first = set.iter().min_by_key(|member| member.first).map(|member| member.account);
    let members = set.iter().map(|member| {
        let mut rows: Vec<u64> = member.visits.iter().flat_map(|visit| visits.rows(*visit)).collect();
        rows.sort_unstable();
        Member {
            account_id: visits.accounts[member.account as usize],
            similarity: similarities[member.account as usize],
            count: member.visits.len() as u32,
            is_first: first == Some(member.account),
            rows,
        }
    });
    Group { members: members.collect() }
}
