//! Who was where when: actions folded into visits, and which visits are together.

use super::LockstepParams;
use crate::event::{SECOND, Timestamp};

/// An action as it was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Action {
    pub(super) target: u64,
    pub(super) account_id: i64,
    pub(super) at: Timestamp,
    pub(super) row: u64,
}

/// What an account did on a target within one window from the first action on: viewing, liking and reposting is one visit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visit {
    /// Number of the target.
    pub(super) target: u32,
    /// Index of the account.
    pub(super) account: u32,
    pub(super) first: Timestamp,
    last: Timestamp,
    /// Where its actions begin, and how many they are.
    actions: u32,
    len: u32,
}

/// All visits of all accounts.
///
/// Two visits are together when an action of one is no more than a window from an action of the other. A visit is no
/// longer than a window, so that it is enough to look at their ends.
pub(super) struct Visits {
    window: Timestamp,
    /// From the first action to the last, at least a microsecond.
    span: Timestamp,
    /// By target, account and time.
    actions: Vec<Action>,
    /// By target and time: visits that are together are neighbours.
    pub(super) all: Vec<Visit>,
    /// Whether a visit counts as an occasion: not too popular, and together with another such visit.
    is_shared: Vec<bool>,
    /// Ids of the accounts, ascending.
    pub(super) accounts: Vec<i64>,
    /// Indices of the shared visits, by account.
    by_account: Vec<u32>,
    /// Where each account's shared visits begin, and where the last ones end.
    starts: Vec<u32>,
}

impl Visits {
    pub(super) fn of(mut actions: Vec<Action>, params: &LockstepParams) -> Self {
        actions.sort_unstable();
        let mut accounts: Vec<i64> = actions.iter().map(|action| action.account_id).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let window = Timestamp::from(params.window_seconds) * SECOND;
        let times = || actions.iter().map(|action| action.at);
        let span = times().max().unwrap_or(0).saturating_sub(times().min().unwrap_or(0)).max(1);
        let all = fold(&actions, &accounts, window);
        let mut visits = Self {
            window,
            span,
            actions,
            is_shared: vec![true; all.len()],
            all,
            accounts,
            by_account: Vec::new(),
            starts: Vec::new(),
        };
        visits.leave_out_the_popular(params.max_occasion as usize);
        visits.leave_out_the_lonely();
        visits.index();
        visits
    }

    /// Other accounts' occasions that this visit is together with, by index.
    pub(super) fn together(&self, index: usize) -> impl Iterator<Item = usize> {
        let visit = self.all[index];
        // Nearest first: what is too far back to have lasted until this visit ends the search.
        let before = (0..index).rev().take_while(move |other| {
            let other = self.all[*other];
            other.target == visit.target && visit.first.saturating_sub(other.first) <= 2 * self.window
        });
        let before =
            before.filter(move |other| visit.first.saturating_sub(self.all[*other].last) <= self.window);
        let after = (index + 1..self.all.len()).take_while(move |other| {
            let other = self.all[*other];
            other.target == visit.target && other.first.saturating_sub(visit.last) <= self.window
        });
        before
            .chain(after)
            .filter(move |other| self.all[*other].account != visit.account && self.is_shared[*other])
    }

    /// The occasions of an account, by index.
    pub(super) fn shared_by(&self, account: u32) -> impl ExactSizeIterator<Item = usize> {
        self.indices_of(account).iter().map(|index| *index as usize)
    }

    fn indices_of(&self, account: u32) -> &[u32] {
        let account = account as usize;
        &self.by_account[self.starts[account] as usize..self.starts[account + 1] as usize]
    }

    /// The targets of an account's occasions in ascending order, each with the number of these occasions.
    pub(super) fn targets_of(&self, account: u32) -> impl Iterator<Item = (u32, usize)> {
        let target = |index: u32| self.all[index as usize].target;
        let runs = self.indices_of(account).chunk_by(move |a, b| target(*a) == target(*b));
        runs.map(move |run| (target(run[0]), run.len()))
    }

    /// Probability that two visits to a target at random times are together.
    pub(super) fn chance_of_together(&self) -> f64 {
        (2.0 * self.window as f64 / self.span as f64).min(1.0)
    }

    /// The caller's numbers of a visit's actions.
    pub(super) fn rows(&self, index: usize) -> impl Iterator<Item = u64> {
        let visit = self.all[index];
        let start = visit.actions as usize;
        self.actions[start..start + visit.len as usize].iter().map(|action| action.row)
    }

    fn leave_out_the_popular(&mut self, max_accounts: usize) {
        let is_popular = |index| self.together(index).take(max_accounts).count() == max_accounts;
        self.is_shared = (0..self.all.len()).map(|index| !is_popular(index)).collect();
    }

    fn leave_out_the_lonely(&mut self) {
        let is_lonely = |index| self.together(index).next().is_none();
        self.is_shared =
            (0..self.all.len()).map(|index| self.is_shared[index] && !is_lonely(index)).collect();
    }

    fn index(&mut self) {
        self.by_account =
            (0..self.all.len() as u32).filter(|index| self.is_shared[*index as usize]).collect();
        self.by_account.sort_unstable_by_key(|index| (self.all[*index as usize].account, *index));
        self.starts = vec![0; self.accounts.len() + 1];
        for index in &self.by_account {
            self.starts[self.all[*index as usize].account as usize + 1] += 1;
        }
        for account in 1..self.starts.len() {
            self.starts[account] += self.starts[account - 1];
        }
    }
}

/// The visits of actions in order, by target and time.
fn fold(actions: &[Action], accounts: &[i64], window: Timestamp) -> Vec<Visit> {
    let mut visits: Vec<Visit> = Vec::new();
    let mut target = 0;
    for (position, action) in actions.iter().enumerate() {
        let previous = position.checked_sub(1).map(|previous| actions[previous]);
        let is_same_target = previous.is_none_or(|previous| previous.target == action.target);
        target += u32::from(!is_same_target);
        let is_same =
            is_same_target && previous.is_some_and(|previous| previous.account_id == action.account_id);
        match visits.last_mut() {
            Some(visit) if is_same && action.at.saturating_sub(visit.first) <= window => {
                visit.last = action.at;
                visit.len += 1;
            }
            last => {
                let account = match last {
                    Some(visit) if is_same => visit.account,
                    _ => accounts.partition_point(|account| *account < action.account_id) as u32,
                };
                let (first, actions) = (action.at, position as u32);
                visits.push(Visit { target, account, first, last: first, actions, len: 1 });
            }
        }
    }
    visits.sort_unstable_by_key(|visit| (visit.target, visit.first, visit.account));
    visits
}
