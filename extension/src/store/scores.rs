//! Writing `botdet.score`.

use std::collections::HashMap;

use pgrx::pg_sys::{self, Datum};

use crate::postgres::spi::Statement;
use crate::postgres::state_table::with_rights;
use crate::postgres::values::{Element, array_datum, float8_datum, text_datum};
use crate::scoring::AccountScore;

/// Columns of a score that are written.
const SCORE_COLUMNS: usize = 13;
/// Columns of what a version in shadow says, which stand behind those.
const SHADOW_COLUMNS: usize = 5;
/// Both.
pub const COLUMN_COUNT: usize = SCORE_COLUMNS + SHADOW_COLUMNS;

/// Types of the columns.
pub const COLUMNS: [Element; COLUMN_COUNT] = [
    Element::Bigint,
    Element::Float8,
    Element::Boolean,
    Element::Text,
    Element::Float8,
    Element::Float8,
    Element::Float8,
    Element::Float8,
    Element::Boolean,
    Element::Bigint,
    Element::Text,
    Element::Text,
    Element::Text,
    Element::Text,
    Element::Float8,
    Element::Boolean,
    Element::Text,
    Element::Text,
];

/// Types of those columns, one by one and as arrays.
const TYPES: [[pg_sys::Oid; SCORE_COLUMNS]; 2] = {
    let mut types = [[pg_sys::Oid::INVALID; SCORE_COLUMNS]; 2];
    let mut index = 0;
    while index < SCORE_COLUMNS {
        types[0][index] = COLUMNS[index].oid();
        types[1][index] = COLUMNS[index].array_oid();
        index += 1;
    }
    types
};

thread_local! {
    static WRITE: Statement = const {
        Statement::writing(
            concat!(include_str!("../sql/insert_scores.sql"), include_str!("../sql/or_overwrite_score.sql")),
            &TYPES[1],
        )
        .planned_once()
    };
    static WRITE_ONE: Statement = const {
        Statement::writing(
            concat!(include_str!("../sql/insert_score.sql"), include_str!("../sql/or_overwrite_score.sql")),
            &TYPES[0],
        )
        .planned_once()
    };
    static INSERT_OR_LOCK: Statement = const {
        Statement::writing(
            concat!(include_str!("../sql/insert_scores.sql"), include_str!("../sql/or_lock_score.sql")),
            &TYPES[1],
        )
        .planned_once()
    };
    static WRITE_SHADOWS: Statement = const {
        Statement::writing(
            include_str!("../sql/write_shadows.sql"),
            &[
                pg_sys::INT8ARRAYOID,
                pg_sys::TEXTARRAYOID,
                pg_sys::FLOAT8ARRAYOID,
                pg_sys::BOOLARRAYOID,
                pg_sys::TEXTARRAYOID,
                pg_sys::TEXTARRAYOID,
            ],
        )
        .planned_once()
    };
    static WRITERS: Statement = const {
        Statement::reading(include_str!("../sql/score_writers.sql"), &[pg_sys::INT8ARRAYOID]).planned_once()
    };
}

/// A row of `botdet.score` to be written, and one of `botdet.shadow_score` if a version is in shadow. Values lie in the current
/// memory context.
pub struct ScoreRow([Option<Datum>; COLUMN_COUNT]);

impl ScoreRow {
    /// A row of these columns: account and score, in the order of `insert_scores.sql`, then those of the shadow, in that of
    /// `write_shadows.sql`.
    pub fn new(columns: [Option<Datum>; COLUMN_COUNT]) -> Self {
        Self(columns)
    }

    pub fn of(scored: &AccountScore) -> Self {
        let score = scored.score.as_ref();
        let float8 = |value: Option<f64>| value.map(float8_datum);
        let anomaly = score.and_then(|score| score.anomaly);
        let interval = score.and_then(|score| score.interval);
        let shadow = scored.shadow.as_ref();
        let shadow_score = shadow.and_then(|shadow| shadow.score.as_ref().ok());
        let text = |text: Option<&str>| text.map(text_datum);
        Self([
            Some(Datum::from(scored.account_id)),
            float8(score.map(|score| score.probability)),
            score.map(|score| Datum::from(score.is_bot)),
            text(score.map(|score| score.action.name())),
            float8(score.map(|score| score.confidence)),
            float8(interval.map(|(low, _)| low)),
            float8(interval.map(|(_, high)| high)),
            float8(anomaly.map(|anomaly| anomaly.score)),
            anomaly.map(|anomaly| Datum::from(anomaly.is_anomaly)),
            scored.events.map(|events| Datum::from(events as i64)),
            Some(text_datum(scored.stage())),
            scored.version.as_deref().map(text_datum),
            Some(text_datum(&scored.reasons().join("\n"))),
            text(shadow.map(|shadow| shadow.version.as_str())),
            float8(shadow_score.map(|score| score.probability)),
            shadow_score.map(|score| Datum::from(score.is_bot)),
            text(shadow_score.map(|score| score.stage.name())),
            text(shadow.and_then(|shadow| shadow.score.as_ref().err()).map(String::as_str)),
        ])
    }

    fn failed(account_id: i64, reason: &str) -> Self {
        let mut columns = [None; COLUMN_COUNT];
        columns[0] = Some(Datum::from(account_id));
        columns[10] = Some(text_datum("failed"));
        // A line is a reason.
        columns[12] = Some(text_datum(&reason.replace('\n', " ")));
        Self(columns)
    }

    pub fn account_id(&self) -> i64 {
        self.0[0].map_or(0, |datum| datum.value() as i64)
    }
}

/// Writes scores over what is there. Accounts must be in ascending order and come once each.
pub fn write(rows: &[ScoreRow]) {
    with_rights(|| match rows {
        [row] => WRITE_ONE.with(|statement| statement.run(&row.0[..SCORE_COLUMNS], |_| {})),
        rows => WRITE.with(|statement| statement.run(&arrays(rows, 0..SCORE_COLUMNS), |_| {})),
    });
    write_shadows(rows);
}

/// Writes what a version in shadow says, if one is. Whoever holds the lock of a score may write its shadow.
pub fn write_shadows(rows: &[ScoreRow]) {
    let shadowed: Vec<&ScoreRow> = rows.iter().filter(|row| row.0[SCORE_COLUMNS].is_some()).collect();
    if !shadowed.is_empty() {
        let columns = std::iter::once(0).chain(SCORE_COLUMNS..COLUMN_COUNT);
        with_rights(|| WRITE_SHADOWS.with(|statement| statement.run(&arrays(shadowed, columns), |_| {})));
    }
}

/// Inserts scores of accounts that have none, locks those of all others until the transaction ends, and says which were
/// inserted. Accounts must be in ascending order, and the result is.
pub fn insert_or_lock(rows: &[ScoreRow]) -> Vec<i64> {
    let mut inserted = Vec::new();
    with_rights(|| {
        INSERT_OR_LOCK.with(|statement| {
            statement.run(&arrays(rows, 0..SCORE_COLUMNS), |row| inserted.extend(row.bigint(1)));
        });
    });
    inserted
}

/// Which transaction wrote the score of each account, as the active snapshot sees it.
pub fn writers(account_ids: &[i64]) -> HashMap<i64, u32> {
    let ids = array_datum(Element::Bigint, account_ids.iter().map(|id| Some((*id).into())));
    let mut writers = HashMap::with_capacity(account_ids.len());
    WRITERS.with(|statement| {
        statement.run(&[Some(ids)], |row| writers.extend(row.bigint(1).zip(row.xid(2))));
    });
    writers
}

/// Says of accounts, in ascending order, why they have no score.
pub fn write_failure(account_ids: &[i64], reason: &str) {
    let rows: Vec<_> = account_ids.iter().map(|account_id| ScoreRow::failed(*account_id, reason)).collect();
    write(&rows);
}

/// Some columns of rows, an array each.
fn arrays<'a>(
    rows: impl IntoIterator<Item = &'a ScoreRow> + Clone,
    columns: impl IntoIterator<Item = usize>,
) -> Vec<Option<Datum>> {
    let array =
        |column: usize| array_datum(COLUMNS[column], rows.clone().into_iter().map(|row| row.0[column]));
    columns.into_iter().map(|column| Some(array(column))).collect()
}
