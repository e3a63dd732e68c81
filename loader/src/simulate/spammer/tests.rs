use std::sync::OnceLock;

use botdet_models::metrics::roc_auc;

use super::{SPAMMER_COLUMNS, SpammerColumnKind, SpammerParams, SpammerRow, spammer_rows};
use crate::simulate::SimulationError;

/// Columns that say nothing: they are the same for all.
const CONSTANT: [usize; 7] = [27, 29, 30, 33, 46, 47, 48];

fn rows() -> &'static [SpammerRow] {
    static ROWS: OnceLock<Vec<SpammerRow>> = OnceLock::new();
    ROWS.get_or_init(|| simulated(60_000, 1))
}

fn simulated(accounts: u32, seed: u64) -> Vec<SpammerRow> {
    let params = SpammerParams { accounts, seed, ..SpammerParams::default() };
    spammer_rows(&params.check().expect("the parameters are possible")).collect()
}

/// A column by its number, from 1.
fn column(number: usize) -> Vec<f64> {
    rows().iter().map(|row| row.values[number - 1]).collect()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (mean_a, mean_b) = (mean(a.iter().copied()), mean(b.iter().copied()));
    let product = |x: f64, mean_x: f64, y: f64, mean_y: f64| (x - mean_x) * (y - mean_y);
    let covariance = mean(a.iter().zip(b).map(|(x, y)| product(*x, mean_a, *y, mean_b)));
    let variance = |x: &[f64], mean_x: f64| mean(x.iter().map(|x| product(*x, mean_x, *x, mean_x)));
    covariance / (variance(a, mean_a) * variance(b, mean_b)).sqrt()
}

/// How well a column alone tells spammers from others, whichever way it points.
fn separation(number: usize) -> f64 {
    let labels: Vec<bool> = rows().iter().map(|row| row.is_spammer).collect();
    let auc = roc_auc(&column(number), &labels).expect("both classes are there");
    auc.max(1.0 - auc)
}

#[test]
fn columns_have_the_names_of_the_table() {
    let names: Vec<&str> = SPAMMER_COLUMNS.iter().map(|column| column.name).collect();
    assert_eq!((names[0], names[18], names[50]), ("messages_sent_total", "urgent_message_count", "x51"));
    assert_eq!(names[super::column::PHONE_VERIFIED], "phone_verified");
    let unknown: Vec<&str> = names.iter().copied().filter(|name| name.starts_with('x')).collect();
    assert_eq!(unknown, ["x4", "x5", "x9", "x51"]);
}

#[test]
fn exactly_the_share_asked_for_is_reported() {
    let reported = |rows: &[SpammerRow]| rows.iter().filter(|row| row.is_spammer).count();
    assert_eq!(reported(rows()), 1_614);
    assert_eq!(reported(&simulated(1_000, 3)), 27);
    let whole = SpammerParams::default().check().expect("the defaults are possible");
    assert_eq!((whole.accounts(), whole.reported()), (458_798, 12_342));
}

#[test]
fn rows_depend_on_the_seed_and_on_nothing_else() {
    let again = |seed| format!("{:?}", simulated(500, seed));
    assert_eq!(again(1), again(1));
    assert_ne!(again(1), again(2));
    assert!(rows().iter().zip(1..).all(|(row, account_id)| row.account_id == account_id));
}

#[test]
fn six_telephones_are_not_known_and_nothing_else_is_missing() {
    for number in 1..=51 {
        let missing = column(number).iter().filter(|value| value.is_nan()).count();
        assert_eq!(missing, if number == 13 { 6 } else { 0 }, "column {number}");
    }
}

#[test]
fn values_are_what_their_columns_hold() {
    for (column, number) in SPAMMER_COLUMNS.iter().zip(1..) {
        let mut values = self::column(number).into_iter().filter(|value| !value.is_nan());
        let fits = |value: f64| match column.kind {
            SpammerColumnKind::Flag => value == 0.0 || value == 1.0,
            SpammerColumnKind::Count => value.fract() == 0.0 && (0.0..32_768.0).contains(&value),
            SpammerColumnKind::Decimal => value.is_finite(),
        };
        assert!(values.all(fits), "{}", column.name);
    }
}

#[test]
fn ranges_are_those_of_the_original() {
    for (number, low, high) in
        [(6, 2.0, 4.0), (8, 4.0, 25.0), (16, 3.0, 18.0), (17, 1.0, 8.0), (18, 3.0, 13.0)]
    {
        let values = column(number);
        let (least, most) = (
            values.iter().copied().fold(f64::INFINITY, f64::min),
            values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        );
        assert_eq!((least, most), (low, high), "column {number}");
    }
}

#[test]
fn constant_columns_are_constant_and_only_they() {
    for number in 1..=51 {
        let values = column(number);
        let is_constant = values.iter().all(|value| *value == values[0]);
        assert_eq!(is_constant, CONSTANT.contains(&number), "column {number}");
    }
}

#[test]
fn pairs_are_correlated_as_in_the_original() {
    for (a, b, expected) in [(18, 16, 0.84), (20, 10, 0.86), (35, 34, 0.97), (44, 41, 0.93)] {
        let found = correlation(&column(a), &column(b));
        assert!((found - expected).abs() < 0.03, "columns {a} and {b}: {found}");
    }
}

#[test]
fn five_to_ten_reviews_are_more_often_those_of_spammers() {
    let share = |is_in: fn(f64) -> bool| {
        let chosen = rows().iter().filter(|row| is_in(row.values[7]));
        mean(chosen.map(|row| f64::from(u8::from(row.is_spammer))))
    };
    let (few, settled) = (share(|reviews| (5.0..=10.0).contains(&reviews)), share(|reviews| reviews > 10.0));
    assert!(few > 2.0 * settled, "{few} and {settled}");
}

#[test]
fn single_columns_tell_some_and_none_tells_all() {
    let strongest =
        (1..=51).filter(|number| *number != 13).max_by(|a, b| separation(*a).total_cmp(&separation(*b)));
    assert_eq!(strongest, Some(19));
    let bounds = [
        (19, 0.86, 0.94),
        (1, 0.74, 0.86),
        (2, 0.75, 0.87),
        (7, 0.75, 0.87),
        (22, 0.72, 0.85),
        (21, 0.68, 0.80),
        (5, 0.50, 0.60),
    ];
    for (number, low, high) in bounds {
        let found = separation(number);
        assert!((low..high).contains(&found), "column {number}: {found}");
    }
}

#[test]
fn impossible_parameters_are_named() {
    let refused = |params: SpammerParams| params.check().expect_err("the parameters are impossible");
    let few = SpammerParams { accounts: 99, ..SpammerParams::default() };
    assert_eq!(refused(few).to_string(), "99 accounts are fewer than 100");
    let share = SpammerParams { spammer_share: f64::NAN, ..SpammerParams::default() };
    assert!(matches!(refused(share), SimulationError::SpammerShare(_)));
}
