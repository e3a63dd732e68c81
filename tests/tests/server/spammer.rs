//! The spammer detector's table: written by the simulator, filled by the program, read as any table is.

use std::fs::{create_dir_all, read_to_string, remove_dir_all, write};
use std::path::PathBuf;
use std::process::Command;

use botdet_loader::simulate::spammer::{SPAMMER_COLUMNS, SpammerParams, SpammerRow, spammer_rows};
use botdet_loader::tables::{TableSource, read_table};
use botdet_models::schema::{ColumnDefinition, ColumnKind};
use botdet_tests::programs::{botdet, output};
use botdet_tests::{Sql, TestDatabase};

const COUNT: &str = "SELECT count(*) FROM botdet.spammer";

/// A folder with a file of simulated rows, removed with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(database: &TestDatabase) -> Self {
        let folder = std::env::temp_dir().join(database.name());
        create_dir_all(&folder).expect("a folder can be made");
        let arguments = ["simulate", "--detector", "spammer", "--accounts", "3000", "--seed", "5", "--out"];
        output(botdet(&database.config()).args(arguments).arg(&folder));
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = remove_dir_all(&self.0);
    }
}

fn load(database: &TestDatabase, file: PathBuf) -> Command {
    let mut command = botdet(&database.config());
    command.args(["load", "--detector", "spammer"]).arg(file);
    command
}

fn refused(mut command: Command) -> String {
    let output = command.output().expect("the program can be run");
    assert!(!output.status.success(), "{command:?} should have failed");
    String::from_utf8(output.stderr).expect("errors are text")
}

fn simulated() -> Vec<SpammerRow> {
    let params = SpammerParams { accounts: 3_000, seed: 5, ..SpammerParams::default() };
    spammer_rows(&params.check().expect("the parameters are possible")).collect()
}

#[test]
fn simulated_rows_go_through_file_and_table_unchanged() {
    let database = TestDatabase::new("spammer_rows");
    let folder = Folder::new(&database);
    let text = output(&mut load(&database, folder.file("spammer.csv")));
    assert!(text.starts_with("3000 rows in ") && !text.contains("not known"), "{text}");
    let mut client = database.connect();
    let source = TableSource {
        relation: "botdet.spammer".to_owned(),
        key: "account_id".to_owned(),
        label: "is_spammer".to_owned(),
        ..TableSource::default()
    };
    let data = read_table(&mut client, &source, &mut || Ok(())).unwrap();
    assert_eq!(data.notices, Vec::<String>::new());
    let names: Vec<&str> = SPAMMER_COLUMNS.iter().map(|column| column.name).collect();
    assert_eq!(data.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), names);
    let is_category = |column: &ColumnDefinition| matches!(column.kind, ColumnKind::Category { .. });
    assert!(!data.columns.iter().any(is_category));
    for row in simulated() {
        let index = data.keys.binary_search(&row.account_id.to_string()).unwrap();
        let expected = row.values.map(|value| value as f32);
        assert_eq!(format!("{:?}", data.rows.row(index)), format!("{expected:?}"), "{}", row.account_id);
        assert_eq!(data.labels[index], row.is_spammer);
    }
}

#[test]
fn a_table_is_filled_whole_or_not_at_all() {
    let database = TestDatabase::new("spammer_load");
    let folder = Folder::new(&database);
    let file = folder.file("spammer.csv");
    output(&mut load(&database, file.clone()));
    let again = "botdet.spammer has rows already; --replace deletes them first";
    assert!(refused(load(&database, file.clone())).contains(again));
    output(load(&database, file.clone()).arg("--replace"));
    let mut client = database.connect();
    assert_eq!(client.value::<i64>(COUNT, &[]), 3_000);

    let text = read_to_string(&file).unwrap();
    for (name, broken, reason) in [
        ("misspelt", text.replacen("link_count", "link_cuont", 1), "botdet.spammer has no column link_cuont"),
        ("twice", text.replacen("x4", "x5", 1), "column x5 cannot be both"),
        ("words", format!("{}many,many\n", text), "SQLSTATE 22P02"),
        ("short", format!("{text}1,2\n"), "where: COPY spammer, line 3002"),
        ("doubled", format!("{text}{}\n", text.lines().nth(1).unwrap()), "SQLSTATE 23505"),
        ("nothing", String::new(), "is empty; its first line names the columns"),
    ] {
        let file = folder.file(name);
        write(&file, broken).unwrap();
        let mut command = load(&database, file);
        command.arg("--replace");
        let error = refused(command);
        assert!(error.contains(reason), "{name}: {error}");
        assert_eq!(client.value::<i64>(COUNT, &[]), 3_000, "{name}");
    }
    let mut command = load(&database, file);
    command.args(["--replace", "--source", "mine"]);
    assert!(refused(command).contains("'--detector <DETECTOR>' cannot be used with '--source <SOURCE>'"));
}

#[test]
fn rows_without_activity_have_no_days() {
    let database = TestDatabase::new("spammer_days");
    for option in [["--days", "7"], ["--until", "2026-01-01T00:00:00Z"]] {
        let mut command = botdet(&database.config());
        command.args(["simulate", "--detector", "spammer", "--accounts", "100", "--out"]);
        command.arg(std::env::temp_dir().join("none")).args(option);
        assert!(refused(command).contains(&format!("{} means nothing for detector spammer", option[0])));
    }
}

#[test]
fn columns_come_in_any_order_and_some_may_be_absent() {
    let database = TestDatabase::new("spammer_columns");
    let folder = Folder::new(&database);
    let file = folder.file("few.csv");
    write(&file, "\u{feff}link_count,account_id\n3,7\n,8\n").unwrap();
    let text = output(&mut load(&database, file));
    assert!(text.contains("not in the file, so not known: messages_sent_total, "), "{text}");
    let rows: String = database.connect().value(
        "SELECT string_agg(concat(account_id, ':', link_count), ' ' ORDER BY account_id) FROM botdet.spammer",
        &[],
    );
    assert_eq!(rows, "7:3 8:");
}
