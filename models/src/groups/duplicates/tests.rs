//! Copies exact and altered, who was first, and what is nobody's copy.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::*;

const TEXT: &str =
    "the quick brown fox jumps over the lazy dog while the old cat sleeps near the warm stove all day";

fn find(texts: &[(i64, Timestamp, &str)]) -> DuplicateGroups {
    let mut duplicates = Duplicates::new(DuplicatesParams::default()).unwrap();
    for ((account, at, text), row) in texts.iter().zip(0..) {
        duplicates.add(*account, *at, text, row);
    }
    duplicates.find()
}

/// Words that do not exist, out of so many.
fn words(random: &mut ChaCha12Rng, len: usize, vocabulary: u32) -> Vec<String> {
    (0..len).map(|_| format!("w{}", random.random_range(0..vocabulary))).collect()
}

fn ids(group: &Group) -> Vec<i64> {
    group.members.iter().map(|member| member.account_id).collect()
}

#[test]
fn exact_copies_are_one_group_with_the_earliest_first() {
    let decorated = format!("@friend {} https://example.org/1", TEXT.to_uppercase());
    let found = find(&[
        (7, 30, TEXT),
        (3, 20, &decorated),
        (5, 40, TEXT),
        (5, 50, TEXT),
        (9, 10, "unlike the others"),
    ]);
    let member = |account_id, count, is_first, rows: &[u64]| Member {
        account_id,
        similarity: 1.0,
        count,
        is_first,
        rows: rows.to_vec(),
    };
    let members = vec![member(3, 1, true, &[1]), member(5, 2, false, &[2, 3]), member(7, 1, false, &[0])];
    assert_eq!(found.groups, [Group { members }]);
}

#[test]
fn one_word_changed_in_twenty_is_a_copy() {
    let random = &mut ChaCha12Rng::seed_from_u64(1);
    let mut found = 0;
    for _ in 0..300 {
        let mut text = words(random, 20, 5_000);
        let original = text.join(" ");
        let changed = random.random_range(0..20);
        text[changed] = "another".to_owned();
        found += find(&[(1, 0, &original), (2, 1, &text.join(" "))]).groups.len();
    }
    assert!(found > 270, "{found} of 300");
}

#[test]
fn half_the_words_changed_is_no_copy() {
    let random = &mut ChaCha12Rng::seed_from_u64(2);
    for _ in 0..300 {
        let mut text = words(random, 20, 5_000);
        let original = text.join(" ");
        (0..20).step_by(4).for_each(|place| text[place] = "another".to_owned());
        assert!(find(&[(1, 0, &original), (2, 1, &text.join(" "))]).groups.is_empty());
    }
}

#[test]
fn unrelated_texts_are_no_group() {
    let random = &mut ChaCha12Rng::seed_from_u64(3);
    let texts: Vec<String> = (0..20_000).map(|_| words(random, 12, 500).join(" ")).collect();
    let texts: Vec<_> = texts.iter().zip(0..).map(|(text, at)| (at % 3_000, at, text.as_str())).collect();
    let found = find(&texts);
    assert!(found.groups.is_empty());
    assert_eq!((found.accounts.len(), found.copied_rate(5), found.copy_accounts(5)), (3_000, Some(0.0), 0));
}

#[test]
fn long_unrelated_texts_are_no_group() {
    let random = &mut ChaCha12Rng::seed_from_u64(4);
    let texts: Vec<String> = (0..300).map(|_| words(random, 600, 2_000).join(" ")).collect();
    let texts: Vec<_> = texts.iter().zip(0..).map(|(text, at)| (at, at, text.as_str())).collect();
    assert!(find(&texts).groups.is_empty());
}

#[test]
fn copies_are_found_in_a_crowd_of_texts() {
    let random = &mut ChaCha12Rng::seed_from_u64(5);
    let mut texts: Vec<(i64, String)> =
        (0..20_000).map(|at| (at % 2_000, words(random, 15, 3_000).join(" "))).collect();
    for copy in 0..500 {
        // The last word is another one: one pair of fourteen.
        let source = &texts[copy * 30].1;
        let cut = source.rfind(' ').unwrap();
        let text = format!("{} altogether", &source[..cut]);
        texts.push((100_000 + copy as i64 % 10, text));
    }
    let texts: Vec<_> =
        texts.iter().zip(0..).map(|((account, text), at)| (*account, at, text.as_str())).collect();
    let found = find(&texts);
    for copier in 100_000..100_010 {
        assert!(found.copied_rate(copier) > Some(0.9), "{:?}", found.of(copier));
        assert!(found.copy_accounts(copier) >= 15, "{:?}", found.of(copier));
    }
    assert!((0..2_000).all(|account| found.copied_rate(account) == Some(0.0)));
}

#[test]
fn a_million_copies_cost_one_signature() {
    let mut duplicates = Duplicates::new(DuplicatesParams::default()).unwrap();
    for row in 0..200_000 {
        duplicates.add(row as i64 % 50_000, row as i64, TEXT, row);
    }
    assert_eq!(duplicates.signatures.len(), 1);
    let found = duplicates.find();
    assert_eq!((found.groups.len(), found.groups[0].members.len()), (1, 50_000));
    // Counted up to a hundred.
    assert_eq!(
        found.of(1),
        Some(&AccountCopies { account_id: 1, texts: 4, copied_rate: 1.0, copy_accounts: 100 })
    );
    assert_eq!(found.copied_rate(0), Some(0.0));
}

#[test]
fn variants_of_one_text_are_compared_with_few_and_found() {
    let random = &mut ChaCha12Rng::seed_from_u64(6);
    let texts: Vec<String> =
        (0..20_000).map(|k| format!("{TEXT} {} number {k}", words(random, 1, 9).join(""))).collect();
    let texts: Vec<_> = texts.iter().zip(0..).map(|(text, at)| (at, at, text.as_str())).collect();
    let found = find(&texts);
    let copies = found.accounts.iter().filter(|account| account.copied_rate > 0.0).count();
    assert!(copies > 19_000, "{copies}");
}

#[test]
fn only_those_who_come_later_copy() {
    let other = TEXT.replace("fox", "wolf").replace("cat", "ox").replace("stove", "fire");
    let own = "nobody but this account alone has ever written or will ever write these words";
    let found =
        find(&[(1, 10, TEXT), (2, 20, TEXT), (1, 30, TEXT), (2, 40, own), (3, 10, TEXT), (2, 50, &other)]);
    // 1 and 3 wrote at the same time; the lower account counts as the first, and copies nobody by repeating itself.
    assert_eq!([1, 2, 3].map(|account| found.copied_rate(account)), [Some(0.0), Some(1.0 / 3.0), Some(1.0)]);
    assert_eq!([1, 2, 3].map(|account| found.copy_accounts(account)), [2, 2, 2]);
}

#[test]
fn repeating_oneself_is_no_copy() {
    let found = find(&[(1, 10, TEXT), (1, 20, TEXT), (1, 30, TEXT)]);
    assert!(found.groups.is_empty());
    assert_eq!((found.copied_rate(1), found.copy_accounts(1)), (Some(0.0), 0));
}

#[test]
fn short_texts_are_passed_over() {
    let found = find(&[(1, 10, "thank you"), (2, 20, "thank you"), (1, 30, ""), (1, 40, "👍👍👍")]);
    assert_eq!((found.groups.len(), found.copied_rate(1), found.copy_accounts(1)), (0, None, 0));
    let params = DuplicatesParams { min_words: 2, ..DuplicatesParams::default() };
    let mut duplicates = Duplicates::new(params).unwrap();
    duplicates.add(1, 10, "thank you", 0);
    duplicates.add(2, 10, "Thank you!", 1);
    assert_eq!(ids(&duplicates.find().groups[0]), [1, 2]);
}

#[test]
fn texts_of_any_script_are_compared() {
    let texts = [
        "В лесу родилась ёлочка, в лесу она росла, зимой и летом стройная, зелёная была",
        "Ça me fait très plaisir de vous revoir ici ce soir, à bientôt j’espère, mes amis",
        "यह एक बहुत लंबा वाक्य है जिसमें दस से अधिक शब्द हैं और कुछ नहीं",
    ];
    for text in texts {
        let upper = text.to_uppercase();
        let found = find(&[(1, 10, text), (2, 20, &upper), (3, 20, texts[0]), (4, 30, "👋🏽 ok")]);
        let expected = if text == texts[0] { vec![1, 2, 3] } else { vec![1, 2] };
        assert_eq!(ids(&found.groups[0]), expected, "{text}");
    }
}

#[test]
fn small_changes_do_not_chain() {
    // Each text has one word less of the first and one more of the second.
    let random = &mut ChaCha12Rng::seed_from_u64(7);
    let (from, to) = (words(random, 40, 5_000), words(random, 40, 5_000));
    let texts: Vec<String> = (0..=40).map(|k| [&to[..k], &from[k..]].concat().join(" ")).collect();
    let texts: Vec<_> = texts.iter().zip(0..).map(|(text, at)| (at, at, text.as_str())).collect();
    let found = find(&texts);
    assert!(found.groups.iter().all(|group| group.members.len() < 20));
    assert!(found.groups.iter().flat_map(|group| &group.members).all(|member| member.similarity >= 0.75));
}

#[test]
fn the_order_of_adding_does_not_matter() {
    let random = &mut ChaCha12Rng::seed_from_u64(8);
    let mut texts: Vec<String> = (0..1_000).map(|_| words(random, 15, 300).join(" ")).collect();
    for copy in 0..1_000 {
        texts.push(texts[copy % 90].replacen("w1", &format!("x{}", copy % 7), 1));
    }
    let in_order = |order: &[usize]| {
        let mut duplicates = Duplicates::new(DuplicatesParams::default()).unwrap();
        for row in order {
            duplicates.add((row % 37) as i64, (row % 500) as i64, &texts[*row], *row as u64);
        }
        duplicates.find()
    };
    let mut order: Vec<usize> = (0..texts.len()).collect();
    let expected = in_order(&order);
    assert!(!expected.groups.is_empty());
    for _ in 0..3 {
        order.shuffle(random);
        assert_eq!(in_order(&order), expected);
    }
}

#[test]
fn groups_of_few_accounts_are_left_out() {
    let params = DuplicatesParams { min_accounts: 3, ..DuplicatesParams::default() };
    let mut duplicates = Duplicates::new(params).unwrap();
    duplicates.add(1, 10, TEXT, 0);
    duplicates.add(2, 20, TEXT, 1);
    let found = duplicates.find();
    // It still is a copy.
    assert_eq!((found.groups.len(), found.copy_accounts(2), found.copied_rate(2)), (0, 0, Some(1.0)));
}

#[test]
fn impossible_parameters_are_refused_by_name_and_value() {
    let usual = DuplicatesParams::default();
    let refused = [
        (DuplicatesParams { min_similarity: 0.2, ..usual }, "min_similarity is 0.2, outside 0.3 to 1"),
        (DuplicatesParams { min_similarity: f64::NAN, ..usual }, "min_similarity is NaN, outside 0.3 to 1"),
        (DuplicatesParams { min_words: 1, ..usual }, "min_words is 1, outside 2 to 1000"),
        (DuplicatesParams { min_accounts: 0, ..usual }, "min_accounts is 0, outside 2 to 1000000"),
    ];
    for (params, message) in refused {
        assert_eq!(Duplicates::new(params).unwrap_err().to_string(), format!("groups: {message}"));
    }
}
