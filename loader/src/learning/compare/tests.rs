use super::*;

fn pair(is_bot: bool, champion: f64, candidate: f64) -> Pair {
    Pair {
        champion,
        candidate,
        called_by_champion: champion >= 0.5,
        called_by_candidate: candidate >= 0.5,
        is_bot,
        weight: 1.0,
    }
}

/// Accounts whose probabilities waver by a little, the same way for both versions.
fn pairs(champion: f64, candidate: f64, count: usize) -> Vec<Pair> {
    (0..count)
        .flat_map(|row| {
            let noise = (row as f64 * 0.7).sin() * 0.1;
            [pair(true, champion + noise, candidate + noise), pair(false, 0.2 + noise, 0.2 + noise)]
        })
        .collect()
}

#[test]
fn classes_count_alike_and_accounts_by_their_weight() {
    let mut rows: Vec<Pair> = (0..10).map(|_| pair(true, 0.0, 1.0)).collect();
    rows.extend((0..90).map(|_| pair(false, 0.0, 1.0)));
    let found = compare(&rows, 1).expect("both classes are there");
    assert_eq!((found.champion, found.candidate), (0.5, 0.5));
    assert_eq!((found.champion_recall, found.candidate_recall), (0.0, 1.0));
    assert_eq!((found.champion_false_positives, found.candidate_false_positives), (0.0, 1.0));
    // Two bots that count half, of ten: 1 of 9.
    rows.iter_mut().take(2).for_each(|row| *row = Pair { weight: 0.5, ..pair(true, 1.0, 1.0) });
    let found = compare(&rows, 1).expect("both classes are there");
    assert!((found.champion - (8.0 / 9.0) / 2.0).abs() < 1e-12, "{found:?}");
}

#[test]
fn an_interval_holds_the_difference_and_shrinks_with_what_is_known() {
    let few = compare(&pairs(0.5, 0.7, 20), 1).expect("both classes are there");
    let many = compare(&pairs(0.5, 0.7, 500), 1).expect("both classes are there");
    for found in [few, many] {
        assert!(
            found.low < found.difference && found.difference < found.high && found.high < 0.0,
            "{found:?}"
        );
    }
    assert!(many.high - many.low < 0.4 * (few.high - few.low), "{few:?} {many:?}");
    assert_eq!(compare(&pairs(0.5, 0.7, 20), 1), Some(few), "the same seed gives the same interval");
    assert_eq!(compare(&pairs(0.5, 0.7, 9), 1), None);
}

#[test]
fn equal_versions_are_called_better_in_few_of_many_comparisons() {
    // Errors of both are drawn alike: the interval should lie below 0 in 2.5 % of the comparisons.
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut found = 0;
    for round in 0..400 {
        let rows: Vec<Pair> = (0..120)
            .map(|row| {
                let is_bot = row % 2 == 0;
                let mut drawn = || (f64::from(is_bot) - random.random_range(0.0..0.9_f64)).abs();
                pair(is_bot, drawn(), drawn())
            })
            .collect();
        found += usize::from(compare(&rows, round).expect("both classes are there").high < 0.0);
    }
    println!("called better: {found} of 400");
    assert!((1..=24).contains(&found), "{found} of 400");
}

#[test]
fn better_is_better_somewhere_and_worse_nowhere() {
    let of = |low: f64, high: f64| Difference {
        low,
        high,
        difference: (low + high) / 2.0,
        ..compare(&pairs(0.5, 0.5, 20), 1).expect("both classes are there")
    };
    let outcome = |before: Option<Difference>, recent: Option<Difference>| {
        judge(&[("before", before.as_ref()), ("recent", recent.as_ref())], 0.02).0
    };
    let (same, better, worse) = (of(-0.01, 0.01), of(-0.2, -0.1), of(0.1, 0.2));
    assert_eq!(outcome(Some(same), Some(better)), Outcome::Better);
    assert_eq!(outcome(Some(better), Some(same)), Outcome::Better);
    assert_eq!(outcome(Some(better), None), Outcome::Better);
    assert_eq!(outcome(Some(same), Some(same)), Outcome::NotBetter);
    // A poisoned set: better by its own labels, worse by those of before.
    assert_eq!(outcome(Some(worse), Some(better)), Outcome::NotBetter);
    assert_eq!(outcome(Some(better), Some(worse)), Outcome::NotBetter);
    // Not shown to be worse is not shown to be no worse.
    assert_eq!(outcome(Some(of(-0.3, 0.03)), Some(better)), Outcome::NotBetter);
    assert_eq!(outcome(None, Some(better)), Outcome::Insufficient);
}
