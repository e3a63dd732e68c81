//! What keeping states, and scores, adds to inserts: processor time of the server's process, against the same inserts with the
//! trigger switched off.

use std::io::Write;

use botdet_tests::model::activate;
use botdet_tests::population::{load, simulate};
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

use crate::measure::{Measurement, median, processor_seconds};
use crate::models::Models;

const COPIES: usize = 3;
/// Rows of each statement, as a loader of queued events sends them.
const ROWS_A_STATEMENT: u32 = 1_000;
const STATEMENTS: u32 = 200;
/// Nearly every row of a statement is another account's.
const MANY_ACCOUNTS: u32 = 100_000;
const SINGLE_ROWS: u32 = 10_000;
const ROUNDS: usize = 5;
pub const COLUMNS: &str = "account_id, occurred_at, action, content, device, ip, target, country";

/// One COPY of all that 3,000 accounts do in 30 days.
pub fn copies(models: &Models) -> Vec<Measurement> {
    let database = TestDatabase::new("bench_copies");
    let mut client = database.connect();
    client.run("UPDATE botdet.detector SET insert_mode = 'off'");
    let rows = load(&mut client, &simulate(3_000, 30));
    let copied =
        copied_out(&mut client, &format!("SELECT {COLUMNS} FROM botdet.activity ORDER BY occurred_at"));
    activate(&mut client, &models.full);
    ["off", "filter", "inline"]
        .map(|mode| {
            client.run(&format!("UPDATE botdet.detector SET insert_mode = '{mode}'"));
            let (with, without) = (0..COPIES)
                .map(|_| {
                    let mut copy = |trigger: &str| {
                        client.run(&format!("ALTER TABLE botdet.activity {trigger} TRIGGER botdet_insert"));
                        client
                            .run("TRUNCATE botdet.activity, botdet.account_state, botdet.score; CHECKPOINT");
                        processor_seconds(&mut client, |client| copy_in(client, &copied)) * 1e6 / rows as f64
                    };
                    (copy("ENABLE"), copy("DISABLE"))
                })
                .unzip();
            let name = format!("COPY of {rows} rows, insert_mode {mode}");
            Measurement::new(name, "µs/row", median(with), median(without))
        })
        .into()
}

/// Statements of 1,000 rows in order of time, each a transaction, over 100,000 accounts that have states; and what they write
/// ahead.
pub fn statements() -> Vec<Measurement> {
    let database = TestDatabase::new("bench_statements");
    let mut client = database.connect();
    client.run("UPDATE botdet.detector SET insert_mode = 'off'");
    let statements = |client: &mut Client, first: u32| -> Vec<Vec<u8>> {
        let next = |number: u32| first + number * ROWS_A_STATEMENT;
        (0..STATEMENTS)
            .map(|number| copied_out(client, &rows(next(number), next(number + 1) - 1, MANY_ACCOUNTS)))
            .collect()
    };
    // The first round is not measured: it gives every account its state.
    let mut figures = Vec::new();
    for round in 0..=ROUNDS as u32 {
        let first = statements(&mut client, 2 * round * STATEMENTS * ROWS_A_STATEMENT + 1);
        let second = statements(&mut client, (2 * round + 1) * STATEMENTS * ROWS_A_STATEMENT + 1);
        let mut run = |trigger: &str, statements: &[Vec<u8>]| {
            client.run(&format!("ALTER TABLE botdet.activity {trigger} TRIGGER botdet_insert; CHECKPOINT"));
            let before = written_ahead(&mut client);
            let seconds = processor_seconds(&mut client, |client| {
                statements.iter().for_each(|rows| copy_in(client, rows));
            });
            let rows = f64::from(STATEMENTS * ROWS_A_STATEMENT);
            [seconds * 1e6 / rows, (written_ahead(&mut client) - before) / rows]
        };
        let with = run("ENABLE", &first);
        figures.push((with, run("DISABLE", &second)));
        // What the second half inserted is not in the states; nothing that is measured depends on it.
    }
    figures.remove(0);
    let of = |index: usize| {
        let (with, without) = figures.iter().map(|(with, without)| (with[index], without[index])).unzip();
        (median(with), median(without))
    };
    let ((time, plain_time), (bytes, plain_bytes)) = (of(0), of(1));
    let what = format!("{ROWS_A_STATEMENT}-row statements, {MANY_ACCOUNTS} accounts");
    vec![
        Measurement::new(what.clone(), "µs/row", time, plain_time),
        Measurement::new(format!("{what}, WAL"), "bytes/row", bytes, plain_bytes),
    ]
}

/// Transactions that insert one row, in a loop on the server: what a client's messages cost varies more than what is measured.
pub fn single_rows(models: &Models) -> Vec<Measurement> {
    let database = TestDatabase::new("bench_rows");
    let mut client = database.connect();
    client.run("UPDATE botdet.detector SET insert_mode = 'off'");
    client.run(&format!("INSERT INTO botdet.activity ({COLUMNS}) {}", rows(1, SINGLE_ROWS, 1_000)));
    client.run("VACUUM ANALYZE");
    activate(&mut client, &models.filter);
    let mut first = SINGLE_ROWS + 1;
    let mut inserts = |client: &mut Client, setting: &str| {
        client.run(setting);
        let row = ROW.replace("{n}", "n").replace("{accounts}", "1000");
        let last = first + SINGLE_ROWS - 1;
        let sql = format!(
            "DO $$ BEGIN FOR n IN {first}..{last} LOOP
                 INSERT INTO botdet.activity ({COLUMNS}) {row}; COMMIT;
             END LOOP; END $$"
        );
        first = last + 1;
        processor_seconds(client, |client| client.run(&sql)) * 1e6 / f64::from(SINGLE_ROWS)
    };
    // The later rows are newer than all before them, inserted with the trigger or without: no state becomes stale.
    let settings = [
        "ALTER TABLE botdet.activity DISABLE TRIGGER botdet_insert",
        "ALTER TABLE botdet.activity ENABLE TRIGGER botdet_insert; UPDATE botdet.detector SET insert_mode = 'off'",
        "UPDATE botdet.detector SET insert_mode = 'filter'",
    ];
    let mut figures = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for (setting, figures) in settings.iter().zip(&mut figures) {
            figures.push(inserts(&mut client, setting));
        }
    }
    let [without, off, filter] = figures.map(median);
    vec![
        Measurement::new("one-row INSERT, states", "µs/row", off, without),
        Measurement::new("one-row INSERT, states and filter", "µs/row", filter, without),
        Measurement::new("one-row INSERT, what states add", "µs/row", off - without, without),
        Measurement::new("one-row INSERT, what states and filter add", "µs/row", filter - without, without),
    ]
}

/// Event number `{n}`, in order of time, of some account.
const ROW: &str = "SELECT 1 + (hashint8extended({n}, 0) & 2147483647) % {accounts} AS account_id,
    timestamptz '2026-01-01' + {n} * interval '1 second' AS occurred_at,
    (ARRAY['post', 'like', 'view', 'comment', 'view', 'like'])[1 + {n} % 6] AS action,
    CASE WHEN {n} % 3 = 0 THEN 'have you seen number ' || {n} % 997 || ' of all that happened on day ' || {n} % 31 END AS content,
    'phone-' || {n} % 7 AS device,
    ('10.' || {n} % 3 || '.' || {n} % 101 || '.' || {n} % 97)::inet AS ip,
    'post:' || {n} % 1013 AS target,
    (ARRAY['de', 'fr', 'us'])[1 + {n} % 3] AS country";

/// A query for events `first` to `last` in order of time, over so many accounts.
pub fn rows(first: u32, last: u32, accounts: u32) -> String {
    let row = ROW.replace("{n}", "n").replace("{accounts}", &accounts.to_string());
    format!("{row} FROM generate_series({first}, {last}) AS n")
}

fn written_ahead(client: &mut Client) -> f64 {
    client.value("SELECT (pg_current_wal_insert_lsn() - '0/0')::float8", &[])
}

fn copied_out(client: &mut Client, query: &str) -> Vec<u8> {
    let mut copied = Vec::new();
    let read = client
        .copy_out(&format!("COPY ({query}) TO STDOUT (FORMAT binary)"))
        .map(|mut reader| std::io::copy(&mut reader, &mut copied));
    assert!(matches!(read, Ok(Ok(_))), "rows can be copied out: {:?}", read.err());
    copied
}

fn copy_in(client: &mut Client, rows: &[u8]) {
    let copied = client
        .copy_in(&format!("COPY botdet.activity ({COLUMNS}) FROM STDIN (FORMAT binary)"))
        .map(|mut writer| writer.write_all(rows).map(|()| writer.finish()));
    assert!(matches!(copied, Ok(Ok(Ok(_)))), "rows can be copied in");
}
