//! Bad records that are left out, labels from a file, fields that are never found.

use super::*;
use crate::import::Field;
use crate::records::LabelRecord;

const ACCOUNTS: &str = "id,followers\n1,5\n2,x\n3,-1\n1,6\n4,7\n";

fn skipping(skip_bad: u64) -> Result<Imported, ImportError> {
    let accounts = TemporaryFile::new(ACCOUNTS);
    let activity = TemporaryFile::new("user_id,time,text\n2,1710547208,a\n5,never,b\n4,1710547208,c\n");
    import(ImportParams {
        accounts: accounts.path(),
        activity: activity.path(),
        skip_bad,
        ..ImportParams::new(ImportFormat::Csv)
    })
}

#[test]
fn bad_records_are_left_out_and_counted() {
    let imported = skipping(4).unwrap();
    let keys: Vec<&str> = imported.accounts.iter().map(|account| account.key.as_str()).collect();
    assert_eq!(keys, ["1", "4", "2"]);
    assert_eq!(imported.activity, [post("2", "a"), post("4", "c")]);
    assert_eq!(imported.summary.skipped_records, 4);
    assert!(imported.summary.skipped[0].to_string().ends_with("found 'x'"));
    assert!(imported.summary.skipped[3].to_string().contains("'occurred_at' from 'time'"));
}

#[test]
fn there_may_be_no_more_of_them_than_allowed() {
    assert!(skipping(3).unwrap_err().to_string().starts_with("more than 3 bad records; the next is "));
    assert!(matches!(skipping(2), Err(ImportError::TooManyBad { limit: 2, .. })));
    assert!(matches!(skipping(0), Err(ImportError::Record { .. })));
}

#[test]
fn few_errors_are_kept() {
    let file = TemporaryFile::new(format!("id\n{}", "1\n".repeat(1_000)));
    let params =
        ImportParams { accounts: file.path(), skip_bad: 999, ..ImportParams::new(ImportFormat::Csv) };
    let summary = import(params).unwrap().summary;
    assert_eq!((summary.skipped_records, summary.skipped.len()), (999, 10));
}

#[test]
fn a_broken_file_ends_the_import_whatever_is_allowed() {
    let file = TemporaryFile::new(r#"[{"id": 1}, {"id": 2}"#);
    let params =
        ImportParams { accounts: file.path(), skip_bad: 100, ..ImportParams::new(ImportFormat::Json) };
    let mut import = params.check().unwrap();
    let accounts: Vec<_> = import.accounts().unwrap().take(10).collect();
    assert_eq!(accounts.len(), 3);
    assert!(matches!(accounts[2], Err(ImportError::Json { .. })));
}

#[test]
fn an_error_in_the_activity_shows_before_it_is_handed_out() {
    let file = TemporaryFile::new("user_id,time,text\n1,never,a\n");
    let params = ImportParams { activity: file.path(), ..ImportParams::new(ImportFormat::Csv) };
    let mut import = params.check().unwrap();
    assert!(import.accounts().unwrap().next().unwrap().is_err());
}

#[test]
fn readers_may_stop_early() {
    let file = TemporaryFile::new(format!("[{}]", vec![r#"{"id": 1}"#; 10_000].join(",")));
    let params = ImportParams { accounts: file.path(), ..ImportParams::new(ImportFormat::Json) };
    let mut import = params.check().unwrap();
    assert!(import.accounts().unwrap().next().unwrap().is_ok());
}

fn labelled(labels: &str, table: &str) -> Result<Imported, ImportError> {
    let accounts = TemporaryFile::new(table);
    let labels = TemporaryFile::new(labels);
    import(ImportParams {
        accounts: accounts.path(),
        labels: labels.path(),
        ..ImportParams::new(ImportFormat::Csv)
    })
}

#[test]
fn labels_from_a_file_hold_for_all_accounts() {
    let imported =
        labelled("\u{feff}2\r\n\r\n 3 \n9", "id,is_bot,strategy\n1,1,x\n2,0,\n3,1,spam\n").unwrap();
    let labels: Vec<_> = imported.accounts.into_iter().map(|account| account.label.unwrap()).collect();
    let label = |is_bot| LabelRecord { is_bot, strategy: None };
    let spam = LabelRecord { is_bot: true, strategy: Some("spam".into()) };
    assert_eq!(labels, [label(false), label(true), spam]);
    assert_eq!(imported.summary.labels_without_account, 1);
}

#[test]
fn labels_of_other_accounts_are_refused() {
    assert_eq!(message(labelled("8\n9\n", "id\n1\n")), "none of its 2 keys is the key of an account");
    assert!(labelled("", "id\n1\n").is_ok());
}

#[test]
fn paths_that_lead_nowhere_are_told() {
    let document = r#"{"users": [{"id": 1}], "posts": [{"user_id": 1, "time": 1710547208, "text": "a"}]}"#;
    let map = ["content=txet", "action:=post", "region=where", "account_key=user_id"];
    let summary = import_document(document, &map).unwrap().summary;
    assert_eq!(summary.never_found, [Field::Region, Field::Content]);
}
