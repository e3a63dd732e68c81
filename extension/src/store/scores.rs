//! Writing `botdet.score`.

use pgrx::pg_sys::{self, Datum};

use crate::postgres::spi::Statement;
use crate::postgres::values::{Element, array_datum, float8_datum, text_datum};
use crate::scoring::AccountScore;

const COLUMNS: [Element; 12] = [
    Element::Bigint,
    Element::Float8,
    Element::Boolean,
    Element::Float8,
    Element::Float8,
    Element::Float8,
    Element::Float8,
    Element::Boolean,
    Element::Bigint,
    Element::Text,
    Element::Text,
    Element::Text,
];

thread_local! {
    static WRITE: Statement = const {
        Statement::writing(
            include_str!("../sql/write_scores.sql"),
            &[
                pg_sys::INT8ARRAYOID,
                pg_sys::FLOAT8ARRAYOID,
                pg_sys::BOOLARRAYOID,
                pg_sys::FLOAT8ARRAYOID,
                pg_sys::FLOAT8ARRAYOID,
                pg_sys::FLOAT8ARRAYOID,
                pg_sys::FLOAT8ARRAYOID,
                pg_sys::BOOLARRAYOID,
                pg_sys::INT8ARRAYOID,
                pg_sys::TEXTARRAYOID,
                pg_sys::TEXTARRAYOID,
                pg_sys::TEXTARRAYOID,
            ],
        )
        .planned_once()
    };
}

/// Writes scores over what is there. Accounts must be in ascending order and come once each.
pub fn write(scores: &[AccountScore]) {
    let rows: Vec<[Option<Datum>; COLUMNS.len()]> = scores.iter().map(row).collect();
    write_rows(&rows);
}

/// Says of accounts, in ascending order, why they have no score.
pub fn write_failure(account_ids: &[i64], reason: &str) {
    // A line is a reason.
    let reason = reason.replace('\n', " ");
    let rows: Vec<_> = account_ids
        .iter()
        .map(|account_id| {
            let mut row = [None; COLUMNS.len()];
            row[0] = Some(Datum::from(*account_id));
            row[9] = Some(text_datum("failed"));
            row[11] = Some(text_datum(&reason));
            row
        })
        .collect();
    write_rows(&rows);
}

fn write_rows(rows: &[[Option<Datum>; COLUMNS.len()]]) {
    let arguments: Vec<Option<Datum>> = COLUMNS
        .iter()
        .enumerate()
        .map(|(index, element)| Some(array_datum(*element, rows.iter().map(|row| row[index]))))
        .collect();
    WRITE.with(|statement| statement.run(&arguments, |_| {}));
}

fn row(scored: &AccountScore) -> [Option<Datum>; COLUMNS.len()] {
    let score = scored.score.as_ref();
    let float8 = |value: Option<f64>| value.map(float8_datum);
    let anomaly = score.and_then(|score| score.anomaly);
    let interval = score.and_then(|score| score.interval);
    [
        Some(Datum::from(scored.account_id)),
        float8(score.map(|score| score.probability)),
        score.map(|score| Datum::from(score.is_bot)),
        float8(score.map(|score| score.confidence)),
        float8(interval.map(|(low, _)| low)),
        float8(interval.map(|(_, high)| high)),
        float8(anomaly.map(|anomaly| anomaly.score)),
        anomaly.map(|anomaly| Datum::from(anomaly.is_anomaly)),
        scored.events.map(|events| Datum::from(events as i64)),
        Some(text_datum(scored.stage())),
        scored.version.as_deref().map(text_datum),
        Some(text_datum(&scored.reasons().join("\n"))),
    ]
}
