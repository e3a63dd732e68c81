//! Planted rings, ordinary traffic, and the edges of every threshold.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::*;
use crate::hash::mix64;

const HOUR: Timestamp = 3_600 * SECOND;
const WEEK: Timestamp = 7 * 24 * HOUR;

type Row = (i64, Timestamp, u64);

fn find(rows: &[Row], params: LockstepParams) -> LockstepGroups {
    let mut lockstep = Lockstep::new(params).unwrap();
    for ((account, at, target), row) in rows.iter().zip(0..) {
        lockstep.add(*account, *at, *target, row);
    }
    lockstep.find()
}

fn members(found: &LockstepGroups) -> Vec<Vec<i64>> {
    let ids = |group: &Group| group.members.iter().map(|member| member.account_id).collect();
    found.groups.iter().map(ids).collect()
}

/// Of two accounts it is enough to see whether they are linked.
fn pairs() -> LockstepParams {
    LockstepParams { min_accounts: 2, ..LockstepParams::default() }
}

/// Accounts that act on targets some of which are far more popular than others (Zipf's law).
fn traffic(
    random: &mut ChaCha12Rng,
    accounts: std::ops::Range<i64>,
    each: usize,
    targets: usize,
    span: Timestamp,
) -> Vec<Row> {
    let cumulative: Vec<f64> = (1..=targets)
        .scan(0.0, |sum, place| {
            *sum += 1.0 / place as f64;
            Some(*sum)
        })
        .collect();
    let mut rows = Vec::new();
    for account in accounts {
        for _ in 0..each {
            let drawn = random.random::<f64>() * cumulative[targets - 1];
            let target = cumulative.partition_point(|reached| *reached < drawn) as u64;
            rows.push((account, random.random_range(0..span), target));
        }
    }
    rows
}

/// Accounts that come to each of the campaigns with a probability, each some seconds after the call.
fn ring(random: &mut ChaCha12Rng, members: std::ops::Range<i64>, campaigns: usize, joins: f64) -> Vec<Row> {
    let mut rows = Vec::new();
    for campaign in 0..campaigns as u64 {
        let call = random.random_range(0..WEEK);
        for member in members.clone() {
            if !random.random_bool(joins) {
                continue;
            }
            let delay = random.random_range(0..60 * SECOND);
            for post in 0..3 {
                let target = mix64(members.start as u64 * 1_000 + campaign * 3 + post);
                rows.push((member, call + delay + post as i64 * 8 * SECOND, target));
            }
        }
    }
    rows
}

/// So many occasions on which all these accounts act on one target of their own, a second apart, hours between them.
fn together(accounts: &[i64], occasions: u64, first_target: u64) -> Vec<Row> {
    let mut rows = Vec::new();
    for occasion in 0..occasions {
        for (place, account) in (0..).zip(accounts) {
            rows.push((*account, (occasion + 1) as i64 * 2 * HOUR + place * SECOND, first_target + occasion));
        }
    }
    rows
}

#[test]
fn a_ring_in_ordinary_traffic_is_found_whole_and_alone() {
    let random = &mut ChaCha12Rng::seed_from_u64(1);
    let mut rows = traffic(random, 0..1_000, 60, 5_000, WEEK);
    rows.extend(ring(random, 5_000..5_008, 20, 1.0));
    let found = find(&rows, LockstepParams::default());
    assert_eq!(members(&found), [(5_000..5_008).collect::<Vec<i64>>()]);
    assert!(found.score(5_003) > 0.5, "{}", found.score(5_003));
    assert!((0..1_000).all(|account| found.score(account) == 0.0));
}

#[test]
fn rings_that_mostly_mind_their_own_business_are_found() {
    let random = &mut ChaCha12Rng::seed_from_u64(2);
    let mut rows = traffic(random, 0..2_000, 80, 5_000, WEEK);
    for start in (10_000..10_100).step_by(10) {
        // 20 campaigns, three of five joined, are 36 events; the own ones are 55 % of all.
        rows.extend(ring(random, start..start + 10, 20, 0.6));
        rows.extend(traffic(random, start..start + 10, 44, 5_000, WEEK));
    }
    let found = find(&rows, LockstepParams::default());
    let found: Vec<i64> = members(&found).concat();
    let right = found.iter().filter(|account| **account >= 10_000).count() as f64;
    assert!(right / 100.0 > 0.9, "recall {right} of 100");
    assert!(right / found.len() as f64 > 0.9, "precision {right} of {}", found.len());
}

#[test]
fn ordinary_accounts_with_popular_targets_are_no_groups() {
    let day = 24 * HOUR;
    // Large and quiet, small and busy, very small, crowded into an hour.
    let worlds = [
        (5_000, 20, 2_000, day),
        (300, 300, 200, day),
        (50, 400, 50, day),
        (400, 30, 100, HOUR),
        (3_000, 50, 20, day),
    ];
    for (seed, (accounts, each, targets, span)) in (3..).zip(worlds.repeat(4)) {
        let random = &mut ChaCha12Rng::seed_from_u64(seed);
        let rows = traffic(random, 0..accounts, each, targets, span);
        let found = find(&rows, LockstepParams::default());
        assert_eq!(members(&found), Vec::<Vec<i64>>::new(), "{accounts} accounts");
    }
}

#[test]
fn the_order_of_adding_does_not_matter() {
    let random = &mut ChaCha12Rng::seed_from_u64(4);
    let mut rows = traffic(random, 0..200, 40, 300, WEEK);
    rows.extend(ring(random, 500..512, 15, 0.7));
    rows.extend(ring(random, 600..604, 15, 0.9));
    let in_order = |order: &[usize]| {
        let mut lockstep = Lockstep::new(LockstepParams::default()).unwrap();
        for row in order {
            let (account, at, target) = rows[*row];
            lockstep.add(account, at, target, *row as u64);
        }
        lockstep.find()
    };
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let expected = in_order(&order);
    assert_eq!(expected.groups.len(), 2);
    for _ in 0..3 {
        order.shuffle(random);
        assert_eq!(in_order(&order), expected);
    }
}

#[test]
fn a_window_slides_and_includes_its_end() {
    // Wherever the minute of a clock ends, and not a microsecond more.
    for start in [0, 30 * SECOND, 59 * SECOND, 60 * SECOND - 1] {
        for (apart, is_found) in [(2 * SECOND, true), (60 * SECOND, true), (60 * SECOND + 1, false)] {
            let mut rows = Vec::new();
            for occasion in 0..3 {
                let at = start + occasion * 24 * HOUR;
                rows.extend([(1, at, occasion as u64), (2, at + apart, occasion as u64)]);
            }
            assert_eq!(find(&rows, pairs()).groups.len(), usize::from(is_found), "{start} {apart}");
        }
    }
}

#[test]
fn what_is_done_after_a_view_is_together_too() {
    let mut rows = Vec::new();
    for occasion in 0..3 {
        let at = occasion * 24 * HOUR;
        rows.extend([(1, at, occasion as u64), (1, at + 59 * SECOND, occasion as u64)]);
        rows.push((2, at + 61 * SECOND, occasion as u64));
    }
    assert_eq!(members(&find(&rows, pairs())), [[1, 2]]);
}

#[test]
fn many_actions_on_one_target_are_one_occasion() {
    let mut rows = Vec::new();
    for occasion in 0..2 {
        for second in 0..20 {
            let at = occasion * 24 * HOUR + second * SECOND;
            rows.extend([(1, at, occasion as u64), (2, at, occasion as u64)]);
        }
    }
    assert_eq!(find(&rows, pairs()).groups, []);
    rows.extend([(1, 48 * HOUR, 2), (2, 48 * HOUR, 2)]);
    let found = find(&rows, pairs());
    let counts: Vec<u32> = found.groups[0].members.iter().map(|member| member.count).collect();
    assert_eq!(counts, [3, 3]);
    assert_eq!(found.groups[0].members[0].rows.len(), 41);
}

#[test]
fn what_nobody_shared_does_not_dilute() {
    let mut rows = together(&[1, 2, 3], 4, 0);
    rows.extend((0..1_000).map(|own| (1, own * 60 * SECOND, 1_000 + own as u64)));
    let found = find(&rows, LockstepParams::default());
    assert_eq!(found.score(1), 1.0);
    assert_eq!(found.groups[0].members[0].count, 4);
}

#[test]
fn similarity_is_of_shared_occasions() {
    // 1 and 2 share all ten, 3 was there six times: 10/10 and 6/10.
    let mut rows = together(&[1, 2], 4, 0);
    rows.extend(together(&[1, 2, 3], 6, 100));
    let found = find(&rows, LockstepParams::default());
    assert_eq!((found.score(1), found.score(3), found.score(4)), (1.0, 0.6, 0.0));
    let third = &found.groups[0].members[2];
    assert_eq!((third.account_id, third.similarity, third.count), (3, 0.6, 6));
    let params = LockstepParams { min_similarity: 0.61, ..pairs() };
    assert_eq!(members(&find(&rows, params)), [[1, 2]]);
}

#[test]
fn too_few_occasions_are_none() {
    let rows = together(&[1, 2, 3], 3, 0);
    assert_eq!(find(&rows, LockstepParams::default()).groups.len(), 1);
    let found = find(&rows, LockstepParams { min_shared: 4, ..LockstepParams::default() });
    assert_eq!((found.groups.len(), found.score(1)), (0, 0.0));
    assert!(find(&rows, LockstepParams { min_accounts: 4, ..LockstepParams::default() }).groups.is_empty());
}

#[test]
fn a_target_too_popular_means_nothing() {
    let accounts: Vec<i64> = (0..51).collect();
    assert_eq!(find(&together(&accounts[..50], 5, 0), LockstepParams::default()).groups.len(), 1);
    assert_eq!(find(&together(&accounts, 5, 0), LockstepParams::default()), LockstepGroups::default());
}

#[test]
fn who_met_once_is_no_group() {
    // Three read through the same page, a target every two seconds.
    let page = |start: Timestamp, first_target: u64| {
        (0..10).flat_map(move |place| {
            [1, 2, 3]
                .map(|account| (account, start + (account + 2 * place) * SECOND, first_target + place as u64))
        })
    };
    let mut rows: Vec<Row> = page(0, 0).chain([(9, WEEK, 1_000)]).collect();
    assert!(find(&rows, LockstepParams::default()).groups.is_empty());
    rows.extend(page(HOUR, 100));
    assert_eq!(members(&find(&rows, LockstepParams::default())), [[1, 2, 3]]);
}

#[test]
fn accounts_that_never_rest_meet_more_than_once() {
    let rows: Vec<Row> = (0..200)
        .flat_map(|occasion| [1, 2, 3].map(|account| (account, occasion * 300 * SECOND, occasion as u64)))
        .collect();
    assert_eq!(members(&find(&rows, LockstepParams::default())), [[1, 2, 3]]);
}

#[test]
fn a_link_by_chance_does_not_join_two_rings() {
    let mut rows = together(&[1, 2, 3, 4], 6, 0);
    rows.extend(together(&[5, 6, 7, 8], 6, 100));
    rows.extend(together(&[4, 5], 4, 200));
    // Nor is a chain a group.
    rows.extend(together(&[11, 12], 4, 300));
    rows.extend(together(&[12, 13], 4, 400));
    assert_eq!(members(&find(&rows, LockstepParams::default())), [[1, 2, 3, 4], [5, 6, 7, 8]]);
}

#[test]
fn evidence_is_what_was_shared() {
    let mut rows = together(&[3, 1, 2], 3, 0);
    rows.extend([(1, 0, 77), (2, HOUR, 78)]);
    let found = find(&rows, LockstepParams::default());
    let [one, two, three] = &found.groups[0].members[..] else { panic!("{found:?}") };
    assert_eq!(
        (&one.rows[..], &two.rows[..], &three.rows[..]),
        (&[1, 4, 7][..], &[2, 5, 8][..], &[0, 3, 6][..])
    );
    assert_eq!([one, two, three].map(|member| member.is_first), [false, false, true]);
}

#[test]
fn the_ends_of_time_are_survived() {
    let times = [Timestamp::MIN, Timestamp::MIN + SECOND, 0, Timestamp::MAX - SECOND, Timestamp::MAX];
    let mut rows = Vec::new();
    for (at, target) in times.into_iter().zip([0, 0, 1, 2, 2]) {
        rows.extend([(i64::MIN, at, target), (7, at, target), (i64::MAX, at, target)]);
    }
    assert_eq!(members(&find(&rows, LockstepParams::default())), [[i64::MIN, 7, i64::MAX]]);
    assert_eq!(find(&[], LockstepParams::default()), LockstepGroups::default());
}

#[test]
fn impossible_parameters_are_refused_by_name_and_value() {
    let usual = LockstepParams::default();
    let refused = [
        (LockstepParams { window_seconds: 0, ..usual }, "window_seconds is 0, outside 1 to 3600"),
        (LockstepParams { min_accounts: 1, ..usual }, "min_accounts is 1, outside 2 to 1000000"),
        (LockstepParams { min_shared: 0, ..usual }, "min_shared is 0, outside 1 to 1000000"),
        (LockstepParams { min_meetings: 0, ..usual }, "min_meetings is 0, outside 1 to 1000000"),
        (LockstepParams { max_occasion: 1_001, ..usual }, "max_occasion is 1001, outside 2 to 1000"),
        (LockstepParams { min_similarity: 1.5, ..usual }, "min_similarity is 1.5, outside 0.001 to 1"),
        (LockstepParams { min_similarity: f64::NAN, ..usual }, "min_similarity is NaN, outside 0.001 to 1"),
    ];
    for (params, message) in refused {
        let error = Lockstep::new(params).unwrap_err();
        assert_eq!(error.to_string(), format!("groups: {message}"));
    }
}
