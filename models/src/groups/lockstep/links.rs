//! Pairs of accounts that share enough.

use super::LockstepParams;
use super::visits::Visits;

/// Deviance from which chance is ruled out: by Chernoff's bound, a pair exceeds it by chance once in exp(7) = 1,100. More
/// would ask for four occasions in a window of some hours; three pairs of a triangle must pass it.
const MIN_DEVIANCE: f64 = 7.0;
/// How much likelier than evenly spread over the day two actions are to fall together: everybody sleeps at night.
const DAILY_RHYTHM: f64 = 3.0;

/// Two accounts, `a < b` by index, and the Jaccard similarity of their occasions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Link {
    pub(super) a: u32,
    pub(super) b: u32,
    pub(super) similarity: f64,
}

/// Links in ascending order of their accounts.
pub(super) struct Links {
    pub(super) all: Vec<Link>,
}

/// A visit of one account together with one of another account of higher index.
#[derive(Clone, Copy, Debug)]
struct Encounter {
    other: u32,
    own_visit: u32,
    other_visit: u32,
}

impl Encounter {
    fn order(&self) -> u64 {
        u64::from(self.other) << 32 | u64::from(self.own_visit)
    }
}

impl Links {
    /// All pairs that share enough occasions, and more than chance explains. One account's pairs are gathered at a time:
    /// those of all at once could take fifty times the memory of the events.
    pub(super) fn between(visits: &Visits, params: &LockstepParams) -> Self {
        let mut all = Vec::new();
        let mut encounters = Vec::new();
        let mut scratch = Vec::new();
        // Encounters with each account, and whose they are.
        let mut counts = vec![(u32::MAX, 0); visits.accounts.len()];
        let occasions = |account| visits.shared_by(account).len();
        let similarity = |a, b, shared| shared as f64 / (occasions(a) + occasions(b) - shared) as f64;
        for a in 0..visits.accounts.len() as u32 {
            encounters.clear();
            for visit in visits.shared_by(a) {
                let others = visits.together(visit).map(|other| (visits.all[other].account, other));
                encounters.extend(others.filter(|(other, _)| *other > a).map(|(other, other_visit)| {
                    let count = &mut counts[other as usize];
                    *count = (a, if count.0 == a { count.1 + 1 } else { 1 });
                    Encounter { other, own_visit: visit as u32, other_visit: other_visit as u32 }
                }));
            }
            let is_enough = |b, shared: usize| {
                shared >= params.min_shared as usize && similarity(a, b, shared) >= params.min_similarity
            };
            // Most pairs met once or twice. What is left is worth sorting.
            encounters.retain(|encounter| {
                let b = encounter.other;
                is_enough(b, counts[b as usize].1.min(occasions(a)).min(occasions(b)))
            });
            encounters.sort_unstable_by_key(Encounter::order);
            for pair in encounters.chunk_by(|x, y| x.other == y.other) {
                let b = pair[0].other;
                let of_a = distinct(pair.iter().map(|encounter| encounter.own_visit), &mut scratch);
                let of_b = distinct(pair.iter().map(|encounter| encounter.other_visit), &mut scratch);
                // One visit may be together with several of the other account's; it is one occasion.
                let shared = of_a.min(of_b);
                if is_enough(b, shared) && !is_chance(shared as f64, expected(a, b, visits)) {
                    all.push(Link { a, b, similarity: similarity(a, b, shared) });
                }
            }
        }
        Self { all }
    }

    /// Raises each account's value to its strongest similarity.
    pub(super) fn raise_to_strongest(&self, values: &mut [f64]) {
        for link in &self.all {
            for account in [link.a, link.b] {
                let value = &mut values[account as usize];
                *value = value.max(link.similarity);
            }
        }
    }

    /// Removes links that no third account supports. One pass is enough: what is in no triangle is missing from none.
    pub(super) fn keep_supported(&mut self) {
        let mut neighbours: Vec<(u32, u32)> =
            self.all.iter().flat_map(|link| [(link.a, link.b), (link.b, link.a)]).collect();
        neighbours.sort_unstable();
        let of = |account: u32| {
            let start = neighbours.partition_point(|(from, _)| *from < account);
            let end = neighbours.partition_point(|(from, _)| *from <= account);
            &neighbours[start..end]
        };
        let has_support = |link: &Link| {
            let (a, b) = (of(link.a), of(link.b));
            let (few, many) = if a.len() < b.len() { (a, b) } else { (b, a) };
            few.iter().any(|(_, third)| many.binary_search_by_key(third, |(_, to)| *to).is_ok())
        };
        self.all.retain(has_support);
    }
}

fn distinct(values: impl Iterator<Item = u32>, scratch: &mut Vec<u32>) -> usize {
    scratch.clear();
    scratch.extend(values);
    if !scratch.is_sorted() {
        scratch.sort_unstable();
    }
    scratch.dedup();
    scratch.len()
}

/// Occasions that two accounts would share if each went to the targets it goes to at times of its own.
fn expected(a: u32, b: u32, visits: &Visits) -> f64 {
    let mut of_a = visits.targets_of(a).peekable();
    let mut pairs = 0.0;
    for (target, visits_of_b) in visits.targets_of(b) {
        while of_a.next_if(|(other, _)| *other < target).is_some() {}
        if let Some((_, visits_of_a)) = of_a.next_if(|(other, _)| *other == target) {
            pairs += (visits_of_a * visits_of_b) as f64;
        }
    }
    pairs * visits.chance_of_together() * DAILY_RHYTHM
}

/// Whether a Poisson variable of this mean could well reach what was observed.
fn is_chance(observed: f64, mean: f64) -> bool {
    let deviance = observed * (observed / mean).ln() - observed + mean;
    observed <= mean || deviance < MIN_DEVIANCE
}
