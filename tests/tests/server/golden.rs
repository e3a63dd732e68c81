//! Features and sequences equal what an independent implementation makes of the same accounts (`tests/reference`).

use std::collections::HashMap;

use botdet_models::features::ACCOUNT_FEATURES;
use botdet_models::sequence::{CHANNELS, Sequence};
use botdet_models::state::AccountState;
use botdet_tests::TestDatabase;

/// Rows of a golden file by account key; a missing value is `None`.
fn golden(file: &str) -> HashMap<String, Vec<Option<f64>>> {
    let path = format!("{}/golden/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| unreachable!("{path}: {error}"));
    let rows = text.lines().skip(1).map(|line| {
        let (key, values) = line.split_once(',').expect("a golden row has a key");
        let values = values
            .split(',')
            .map(|value| (!value.is_empty()).then(|| value.parse().expect("a golden value is a number")));
        (key.to_owned(), values.collect())
    });
    rows.collect()
}

fn assert_close(what: &str, found: f64, expected: f64) {
    let tolerance = 1e-6 * expected.abs().max(1.0);
    assert!((found - expected).abs() <= tolerance, "{what}: {found} where the reference has {expected}");
}

#[test]
fn features_equal_the_reference_to_a_millionth() {
    let expected = golden("features.csv");
    let database = TestDatabase::populated("golden_features");
    let rows = database
        .connect()
        .query(
            "SELECT a.account_key, f.* FROM botdet.account a CROSS JOIN LATERAL botdet_features(a.account_id) AS f",
            &[],
        )
        .unwrap();
    assert_eq!(rows.len(), expected.len());
    for row in rows {
        let key: &str = row.get(0);
        for (index, (feature, reference)) in ACCOUNT_FEATURES.iter().zip(&expected[key]).enumerate() {
            // What comparing accounts finds is no part of the reference; `groups` tests it.
            if index >= ACCOUNT_FEATURES.len() - 6 {
                continue;
            }
            let what = format!("{} of {key}", feature.name);
            match (row.get::<_, Option<f64>>(index + 1), reference) {
                (Some(found), Some(reference)) => assert_close(&what, found, *reference),
                (found, reference) => assert_eq!(found, *reference, "{what}"),
            }
        }
    }
}

#[test]
fn sequences_equal_the_reference() {
    let expected = golden("sequences.csv");
    let database = TestDatabase::populated("golden_sequences");
    let rows = database
        .connect()
        .query("SELECT account_key, botdet_account_state(account_id) FROM botdet.account", &[])
        .unwrap();
    assert_eq!(rows.len(), expected.len());
    for row in rows {
        let (key, state): (&str, &[u8]) = (row.get(0), row.get(1));
        let sequence = Sequence::of(&AccountState::from_bytes(state).unwrap()).unwrap();
        let reference = &expected[key];
        assert_eq!(Some(sequence.len() as f64), reference[0], "steps of {key}");
        for channel in 0..CHANNELS {
            let steps = sequence.steps().iter().skip(channel).step_by(CHANNELS);
            let sum: f64 = steps.map(|value| f64::from(*value)).sum();
            assert_close(&format!("channel {channel} of {key}"), sum, reference[channel + 1].unwrap());
        }
    }
}
