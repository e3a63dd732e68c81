//! Any table as labelled rows: what is read, what is left out, and what is refused.

use std::fs::read_to_string;
use std::io::Write;
use std::path::Path;

use botdet_loader::tables::{TableData, TableSource, read_table};
use botdet_models::schema::{ColumnDefinition, ColumnKind};
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;
use serde_json::{Map, Value};

/// Forty rows with a column of every type that can be used, and some that cannot; some values are null.
const MADE: &str = r#"
CREATE TYPE tier AS ENUM ('free', 'paid', '3');
CREATE DOMAIN share AS numeric CHECK (VALUE <= 100);
CREATE DOMAIN small_share AS share;
CREATE SCHEMA "Odd Schema";
CREATE TABLE "Odd Schema"."Wide ""Table""" (
    id bigint PRIMARY KEY, spam boolean, "Large, Count" bigint, small smallint, ratio real, "double" double precision,
    exact numeric(20, 6), "share" small_share, flag boolean, plan tier, country text, code char(4), region varchar(20),
    made_at timestamptz, made_on date, document jsonb, tags text[], uid uuid
);
INSERT INTO "Odd Schema"."Wide ""Table"""
SELECT n, n % 3 = 0, n * 1000000007::bigint, CASE WHEN n % 5 <> 0 THEN n END, n / 7.0, exp(n - 20), n / 3.0, n / 2.0,
       CASE WHEN n % 7 <> 0 THEN n % 2 = 0 END, (ARRAY['free', 'paid', '3'])[n % 3 + 1]::tier,
       CASE WHEN n % 11 <> 0 THEN 'country ' || n % 4 END, 'c' || n % 3, 'r' || n % 2, to_timestamp(n * 1000.5),
       date '2026-01-01' + n, '{}', '{a}', gen_random_uuid()
FROM generate_series(1, 40) AS n
"#;

fn source(relation: &str) -> TableSource {
    TableSource {
        relation: relation.to_owned(),
        key: "id".to_owned(),
        label: "spam".to_owned(),
        ..TableSource::default()
    }
}

fn read(client: &mut Client, source: &TableSource) -> TableData {
    read_table(client, source, &mut || Ok(())).unwrap_or_else(|error| unreachable!("{source:?}: {error}"))
}

fn refused(client: &mut Client, source: &TableSource) -> String {
    match read_table(client, source, &mut || Ok(())) {
        Ok(_) => unreachable!("{source:?} should have been refused"),
        Err(error) => error.to_string(),
    }
}

fn names(data: &TableData) -> Vec<&str> {
    data.columns.iter().map(|column| column.name.as_str()).collect()
}

/// A table t with the columns given, and forty rows of them.
fn table(client: &mut Client, columns: &str, values: &str) -> TableSource {
    client.run(&format!(
        "DROP TABLE IF EXISTS t; CREATE TABLE t (id integer, spam boolean, {columns});
         INSERT INTO t SELECT n, n % 2 = 0, {values} FROM generate_series(1, 40) AS n"
    ));
    source("t")
}

#[test]
fn values_are_read_as_json_would_give_them() {
    let database = TestDatabase::new("table_values");
    let mut client = database.connect();
    client.run(MADE);
    let data = read(&mut client, &source(r#""Odd Schema"."Wide ""Table""""#));
    let usable = [
        "Large, Count",
        "small",
        "ratio",
        "double",
        "exact",
        "share",
        "flag",
        "plan",
        "country",
        "code",
        "region",
    ];
    assert_eq!(names(&data), usable);
    assert_eq!(data.ignored, ["id", "spam", "made_at", "made_on", "document", "tags", "uid"]);
    let notice =
        "column made_at is left out: it is of type timestamp with time zone, of which nothing is learned";
    assert_eq!((data.notices.len(), data.notices[0].as_str()), (5, notice));
    let ColumnKind::Category { levels } = &data.columns[9].kind else { panic!("a category") };
    assert_eq!(levels, &["c1  ", "c0  ", "c2  "]);

    let schema = data.schema().unwrap();
    let rows = client.query(r#"SELECT id::text, to_jsonb(t) FROM "Odd Schema"."Wide ""Table""" AS t"#, &[]);
    let rows = rows.unwrap();
    assert_eq!((rows.len(), data.rows.len()), (40, 40));
    for row in rows {
        let (key, object): (String, Value) = (row.get(0), row.get(1));
        let object: Map<String, Value> = serde_json::from_value(object).unwrap();
        let values = schema.read_json(&object).unwrap();
        let index = data.keys.iter().position(|known| *known == key).unwrap();
        let expected: Vec<Option<u32>> = values.iter().map(|v| v.map(|v| (v as f32).to_bits())).collect();
        let found = data.rows.row(index).iter().map(|v| (!v.is_nan()).then(|| v.to_bits()));
        assert_eq!(found.collect::<Vec<_>>(), expected, "row {key}");
        assert_eq!(object["spam"], Value::Bool(data.labels[index]));
    }
}

#[test]
fn the_same_rows_are_read_alike_wherever_they_lie() {
    let database = TestDatabase::new("table_kinds");
    let mut client = database.connect();
    let plain = table(&mut client, "messages integer, plan text", "n * 3 % 17, 'plan ' || n % 5");
    client.run(
        "CREATE TABLE parts (LIKE t) PARTITION BY RANGE (id);
         CREATE TABLE late PARTITION OF parts FOR VALUES FROM (21) TO (100);
         CREATE TABLE early PARTITION OF parts FOR VALUES FROM (0) TO (21);
         INSERT INTO parts SELECT * FROM t ORDER BY md5(id::text);
         CREATE VIEW seen AS SELECT * FROM t ORDER BY id DESC;
         CREATE MATERIALIZED VIEW kept AS SELECT * FROM t",
    );
    let expected = read(&mut client, &plain);
    assert_eq!(expected.rows.len(), 40);
    for relation in ["parts", "seen", "kept", "public.t", "\"t\""] {
        let data = read(&mut client, &source(relation));
        assert_eq!(data.rows.values(), expected.rows.values(), "{relation}");
        assert_eq!((data.keys, data.labels, data.columns), {
            let TableData { keys, labels, columns, .. } = expected.clone();
            (keys, labels, columns)
        });
    }
    client.run("CREATE TABLE \"Mixed Case\" AS SELECT * FROM t");
    assert_eq!(read(&mut client, &source("Mixed Case")).rows.len(), 40);
}

#[test]
fn groups_times_and_labels_of_other_types_are_read() {
    let database = TestDatabase::new("table_roles");
    let mut client = database.connect();
    let plain = table(
        &mut client,
        "messages integer, verdict text, tier integer, made_at timestamptz, made_on date, number integer",
        "n, CASE WHEN n <= 20 THEN 'bad' WHEN n < 40 THEN 'good' END, n % 4, to_timestamp(n) + interval '1 us', date '1970-01-01' + n, n",
    );
    let named = TableSource {
        label: "verdict".to_owned(),
        positive: Some("bad".to_owned()),
        group: Some("tier".to_owned()),
        time: Some("made_at".to_owned()),
        columns: Some(vec!["messages".to_owned()]),
        ..plain.clone()
    };
    let data = read(&mut client, &named);
    assert_eq!((data.rows.len(), names(&data)), (39, vec!["messages"]));
    assert_eq!(data.notices, ["1 rows are left out: column verdict, the label, is null"]);
    let at = data.keys.iter().position(|key| key == "7").unwrap();
    assert_eq!(data.labels.iter().filter(|label| **label).count(), 20);
    assert_eq!((data.labels[at], data.rows.row(at)), (true, &[7.0][..]));
    assert_eq!(data.groups.unwrap()[at], "3");
    assert_eq!(data.times.unwrap()[at], 7_000_001);
    let by_day = TableSource { time: Some("made_on".to_owned()), ..plain.clone() };
    let data = read(&mut client, &by_day);
    let at = data.keys.iter().position(|key| key == "7").unwrap();
    assert_eq!(data.times.unwrap()[at], 7 * 86_400_000_000);
    let by_number = TableSource { time: Some("number".to_owned()), ..plain.clone() };
    assert_eq!(read(&mut client, &by_number).times.unwrap()[at], 7);
    // No integer holds these; their order is what counts.
    client.run(
        "ALTER TABLE t ADD epoch numeric, ADD seconds double precision;
         UPDATE t SET epoch = 10::numeric ^ 30 + ceil(n / 2.0) / 1000, seconds = -n / 8.0 FROM (SELECT id AS n FROM t) AS o WHERE id = n",
    );
    for (time, rank) in [("epoch", 4), ("seconds", 34)] {
        let by_fraction = TableSource { time: Some(time.to_owned()), ..plain.clone() };
        assert_eq!(read(&mut client, &by_fraction).times.unwrap()[at], rank, "{time}");
        client.run(&format!("UPDATE t SET {time} = 'NaN' WHERE id = 5"));
        let expected = format!("column {time}, the time, is null or not finite in the row with key 5");
        assert_eq!(refused(&mut client, &by_fraction), expected);
        client.run(&format!("ALTER TABLE t DROP {time}"));
    }

    client.run("ALTER TABLE t ALTER spam TYPE smallint USING spam::int; ALTER TABLE t ADD more numeric; UPDATE t SET more = spam");
    assert_eq!(read(&mut client, &plain).labels.len(), 40);
    let decimal = TableSource { label: "more".to_owned(), ..plain.clone() };
    assert_eq!(read(&mut client, &decimal).labels.len(), 40);
    client.run("UPDATE t SET spam = 2 WHERE id = 5");
    let expected = "label column spam is 2 in the row with key 5, not 0 or 1";
    assert_eq!(refused(&mut client, &plain), expected);
    let untold = TableSource { label: "verdict".to_owned(), ..plain.clone() };
    assert!(refused(&mut client, &untold).starts_with("column verdict of type text cannot be the label"));
    client.run("UPDATE t SET verdict = 'ugly' WHERE id = 39; UPDATE t SET tier = NULL WHERE id = 5");
    client.run("UPDATE t SET made_at = 'infinity' WHERE id = 5");
    let third = refused(&mut client, &TableSource { columns: None, group: None, ..named.clone() });
    assert!(third.contains(" in the row with key "), "{third}");
    let absent = TableSource { label: "more".to_owned(), positive: None, ..named };
    let expected = "column tier, the group, is null in the row with key 5";
    assert_eq!(refused(&mut client, &absent), expected);
    let expected = "column made_at, the time, is null or not finite in the row with key 5";
    assert_eq!(refused(&mut client, &TableSource { group: None, ..absent }), expected);
}

#[test]
fn what_is_not_there_or_has_two_roles_is_named() {
    let database = TestDatabase::new("table_absent");
    let mut client = database.connect();
    let plain = table(&mut client, "messages integer, seen point", "n, NULL");
    client.run("CREATE SEQUENCE numbers; CREATE INDEX places ON t (id)");
    assert_eq!(refused(&mut client, &source("nowhere")), "there is no table nowhere");
    assert_eq!(refused(&mut client, &source("nowhere.t")), "there is no table nowhere.t");
    assert_eq!(refused(&mut client, &source("numbers")), "public.numbers is not a table or view");
    assert_eq!(refused(&mut client, &source("places")), "public.places is not a table or view");
    let no_column = |name: &str| format!("public.t has no column {name}");
    let key = TableSource { key: "Id".to_owned(), ..plain.clone() };
    assert_eq!(refused(&mut client, &key), no_column("Id"));
    let columns = TableSource { columns: Some(vec!["message".to_owned()]), ..plain.clone() };
    assert_eq!(refused(&mut client, &columns), no_column("message"));
    let ignored = TableSource { ignored: vec!["message".to_owned()], ..plain.clone() };
    assert_eq!(refused(&mut client, &ignored), no_column("message"));
    let twice = TableSource { columns: Some(vec!["spam".to_owned()]), ..plain.clone() };
    assert_eq!(refused(&mut client, &twice), "column spam cannot be both the label and a column to judge by");
    let asked = TableSource { columns: Some(vec!["seen".to_owned()]), ..plain.clone() };
    let expected = "column seen was asked for and is of type point, of which nothing is learned";
    assert_eq!(refused(&mut client, &asked), expected);
    let same = vec!["messages".to_owned(), "messages".to_owned()];
    let same = TableSource { columns: Some(same), ..plain.clone() };
    assert_eq!(refused(&mut client, &same), "column messages is named twice");
    let time = TableSource { time: Some("seen".to_owned()), ..plain.clone() };
    assert!(
        refused(&mut client, &time).starts_with("column seen of type point cannot be the time"),
        "the type"
    );
    let nothing = TableSource { ignored: vec!["messages".to_owned()], ..plain };
    let expected = "public.t has no column to judge by; column seen is left out: it is of type point, of which nothing is \
                    learned";
    assert_eq!(refused(&mut client, &nothing), expected);
}

#[test]
fn names_that_look_like_places_in_our_sql_are_names() {
    let database = TestDatabase::new("table_braces");
    let mut client = database.connect();
    client.run(
        r#"CREATE TABLE "{columns}" AS
           SELECT n AS id, n % 2 = 0 AS spam, n AS "{relation}", -n AS "{columns}" FROM generate_series(1, 40) AS n"#,
    );
    let data = read(&mut client, &source("{columns}"));
    assert_eq!(names(&data), ["{relation}", "{columns}"]);
    let at = data.keys.iter().position(|key| key == "7").unwrap();
    assert_eq!(data.rows.row(at), [7.0, -7.0]);
}

#[test]
fn rows_that_teach_nothing_are_refused() {
    let database = TestDatabase::new("table_rows");
    let mut client = database.connect();
    let plain = table(&mut client, "messages double precision, exact numeric", "n, n");
    let mut after = |change: &str| {
        client.run(&format!("BEGIN; {change}; COMMIT"));
        let refusal = refused(&mut client, &plain);
        let _ = table(&mut client, "messages double precision, exact numeric", "n, n");
        refusal
    };
    assert_eq!(after("UPDATE t SET id = 7 WHERE id = 8"), "key column id is 7 in more than one row");
    assert_eq!(after("UPDATE t SET id = NULL WHERE id = 8"), "key column id is null in a row");
    let expected = "all 40 labelled rows are negative by column spam; both classes are needed";
    assert_eq!(after("UPDATE t SET spam = false"), expected);
    let too_few = |positives: u32, negatives: u32| {
        format!(
            "public.t has {positives} positive and {negatives} negative rows by column spam; at least 10 of each are needed"
        )
    };
    assert_eq!(after("UPDATE t SET spam = id < 10"), too_few(9, 31));
    let unlabelled = "column spam, the label, is null in all 40 rows of public.t; without labels there is nothing to tell apart";
    assert_eq!(after("UPDATE t SET spam = NULL"), unlabelled);
    assert_eq!(after("DELETE FROM t"), too_few(0, 0));
    let not_finite = |column: &str, value: &str| {
        format!(
            "column {column} is {value} in the row with key 3, not a finite number of single precision; make it null, or \
             leave the column out"
        )
    };
    for (value, shown) in [("NaN", "NaN"), ("-Infinity", "-inf"), ("1e300", &format!("{}", 1e300))] {
        let change = format!("UPDATE t SET messages = '{value}' WHERE id = 3");
        assert_eq!(after(&change), not_finite("messages", shown));
    }
    for (value, shown) in
        [("NaN", "NaN"), ("Infinity", "Infinity"), ("1e400", "10000000000000000000… (401 digits)")]
    {
        let change = format!("UPDATE t SET exact = '{value}' WHERE id = 3");
        assert_eq!(after(&change), not_finite("exact", shown));
    }
}

#[test]
fn texts_become_categories_unless_they_are_none() {
    let database = TestDatabase::new("table_texts");
    let mut client = database.connect();
    let columns = "messages integer, username text, digits text, void text, empty integer";
    let plain = table(&mut client, columns, "n, 'user ' || n, (n % 3)::text");
    let numbers = "column digits is text, and all its values are numbers: as names they would lose their order; give the \
                   column a numeric type, read a view that casts it, or leave it out";
    assert_eq!(refused(&mut client, &plain), numbers);
    let without = TableSource { ignored: vec!["digits".to_owned()], ..plain.clone() };
    let data = read(&mut client, &without);
    assert_eq!(names(&data), ["messages"]);
    let notices = [
        "column username is left out: it has 40 different texts in 40 rows, like an identifier",
        "column void is left out: it is null in all rows",
        "column empty is left out: it is null in all rows",
    ];
    assert_eq!(data.notices, notices);
    let asked = TableSource { columns: Some(vec!["username".to_owned()]), ..plain };
    let expected = "column username was asked for and has 40 different texts in 40 rows, like an identifier";
    assert_eq!(refused(&mut client, &asked), expected);
}

/// The data is not ours to ship: see the tests of learning.
#[test]
fn a_public_table_of_profiles_is_read_whole() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/instagram/train.csv");
    if !file.exists() {
        writeln!(std::io::stderr(), "skipped: a_public_table_of_profiles, for ../shared/data is not there")
            .unwrap();
        return;
    }
    let text = read_to_string(file).unwrap();
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let columns: Vec<String> = header.iter().map(|name| format!("\"{name}\" double precision")).collect();
    let quoted: Vec<String> = header.iter().map(|name| format!("\"{name}\"")).collect();
    let database = TestDatabase::new("profiles");
    let mut client = database.connect();
    client.run(&format!("CREATE TABLE instagram (number serial, {})", columns.join(", ")));
    let copy = format!("COPY instagram ({}) FROM STDIN (FORMAT csv, HEADER)", quoted.join(", "));
    let mut writer = client.copy_in(&copy).unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap();
    let (key, label) = ("number".to_owned(), "fake".to_owned());
    let data = read(&mut client, &TableSource { key, label, ..source("instagram") });
    assert_eq!((data.rows.len(), data.labels.iter().filter(|fake| **fake).count()), (576, 288));
    assert_eq!(names(&data), header[..11]);
    assert!(data.columns.iter().all(|column| *column == ColumnDefinition::number(&column.name)));
}
