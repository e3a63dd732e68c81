//! What is wrong is refused, and the message says what and where.

use super::*;

#[test]
fn documents_that_are_not_json() {
    let refused = |content: &[u8]| message(import_document(content, &[]));
    assert!(refused(br#"{"users": [{"id": 1}"#).contains("EOF while parsing a list"));
    assert!(refused(br#"{"users": [{"id": "#).contains("EOF while parsing"));
    assert!(refused(b"").contains("EOF while parsing a value"));
    assert!(refused(br#"{"users": [], "posts": []} x"#).contains("trailing characters"));
    assert!(refused(b"{\"users\": [{\"id\": \"\xff\"}]}").contains("invalid unicode code point"));
    assert!(refused(b"\xff\xfe{\x00}\x00").contains("UTF-16"));
    assert!(refused(&b"[".repeat(100_000)).contains("one array"));
    let deep = [br#"{"users": "#.as_slice(), &b"[".repeat(100_000)].concat();
    assert!(refused(&deep).contains("recursion limit"));
}

#[test]
fn documents_without_the_arrays() {
    let refused = |content: &str| message(import_document(content, &[]));
    assert_eq!(
        refused(r#"{"id": 1, "people": []}"#),
        "no array of account records at 'users'; the document has 'id', 'people'"
    );
    assert_eq!(
        refused(r#"{"users": []}"#),
        "no array of activity records at 'posts'; the document has 'users'"
    );
    assert!(refused("[]").starts_with("the document is one array"));
    assert!(refused(r#"{"users": {}}"#).contains("expected an array of account records at 'users'"));
    assert!(refused(r#"{"users": null}"#).contains("expected an array of account records at 'users'"));
    assert!(refused(r#"{"users": [], "users": []}"#).contains("'users' is there twice"));
    assert!(refused("5").contains("expected an object with 'users'"));
}

#[test]
fn elements_that_are_no_objects() {
    let refused = |content: &str| message(import_document(content, &[]));
    assert_eq!(refused(r#"{"users": [{"id": 1}, 5]}"#), "record 2: a number in the place of an object");
    assert_eq!(refused(r#"{"users": [null]}"#), "record 1: null in the place of an object");
    assert_eq!(refused(r#"{"users": [[]]}"#), "record 1: an array in the place of an object");
}

#[test]
fn values_of_the_wrong_type() {
    let refused = |fields: &str| {
        message(import_accounts(ImportFormat::Ndjson, format!("{{\"id\": 1}}\n{{\"id\": 2, {fields}}}"), &[]))
    };
    let at = "record 2 (line 2): ";
    assert_eq!(refused(r#""name": 5"#), format!("{at}'display_name' from 'name': expected a text, found 5"));
    assert_eq!(refused(r#""followers": -1"#), format!("{at}'followers' from 'followers': -1 is below zero"));
    assert_eq!(
        refused(r#""followers": "many""#),
        format!("{at}'followers' from 'followers': expected a count, found 'many'")
    );
    assert!(refused(r#""created_at": "soon""#).starts_with(&format!("{at}'created_at' from 'created_at': ")));
    assert!(refused(r#""label": "spam""#).ends_with("found 'spam'"));
    assert!(refused(r#""bio": {"text": "x"}"#).ends_with("expected a text, found an object"));
    assert!(refused(r#""bio": "\u0000""#).contains("NUL"));
}

#[test]
fn required_values_that_are_missing() {
    let refused = |line: &str| message(import_activity(ImportFormat::Ndjson, line, &[]));
    assert!(refused(r#"{"time": 1710547208, "text": ""}"#).starts_with(
        "record 1 (line 1): no value for 'account_key', looked for in 'account_key', 'author_id',"
    ));
    assert!(refused(r#"{"user_id": "", "time": 1710547208}"#).contains("no value for 'account_key'"));
    assert!(refused(r#"{"user_id": 1, "time": null}"#).contains("no value for 'occurred_at'"));
    assert!(refused(r#"{"user_id": 1, "time": 1710547208}"#).contains("no action and no content"));
}

#[test]
fn lines_that_are_not_json() {
    let refused = |lines: &[u8]| message(import_activity(ImportFormat::Ndjson, lines, &[]));
    assert!(refused(b"\n{\"user_id\": ").starts_with("record 1 (line 2): not JSON: EOF while parsing"));
    assert!(refused(b"{} {}").contains("trailing characters"));
    assert!(refused(b"{\"user_id\": \"\xe9\"}").starts_with("record 1 (line 1): not UTF-8"));
    assert!(refused(b"[]").ends_with("an array in the place of an object"));
}

#[test]
fn tables_with_broken_rows() {
    let refused = |table: &[u8]| message(import_accounts(ImportFormat::Csv, table, &[]));
    assert_eq!(refused(b"id,name\n1,a\n2\n"), "record 2 (line 3): 1 values for 2 columns");
    assert_eq!(refused(b"id,name\n1,a,b\n"), "record 1 (line 2): 3 values for 2 columns");
    assert!(refused(b"id,name\n1,\"a\nb\"\n2,\xe9\n").starts_with("record 2 (line 4): not UTF-8"));
}

#[test]
fn tables_with_a_quote_that_is_never_closed() {
    let refused = |table: &[u8]| message(import_accounts(ImportFormat::Csv, table, &[]));
    assert_eq!(refused(b"id,name\n1,a\n2,\"b\n3,c\n4,d\n"), "record 2 (line 3): a quote is never closed");
    assert_eq!(refused(b"id,name\n\"1,a\n3,c"), "record 1 (line 2): a quote is never closed");
    assert!(refused(b"id,\"name\n1,a\n").ends_with("a quote is never closed"));
    let file = TemporaryFile::new(b"id,name\n1,\"\xe9\n2,a\n");
    let params = ImportParams { accounts: file.path(), skip_bad: 9, ..ImportParams::new(ImportFormat::Csv) };
    assert!(matches!(import(params), Err(ImportError::OpenQuote { .. })));
}

#[test]
fn tables_with_broken_headers() {
    let refused = |table: &[u8], map: &[&str]| message(import_accounts(ImportFormat::Csv, table, map));
    assert_eq!(refused(b"", &[]), "no line with the columns' names: the file is empty");
    assert_eq!(refused(b"id,a,a\n", &[]), "no line with the columns' names: 'a' is there twice");
    assert!(refused(b"\xe9,id\n", &[]).starts_with("no line with the columns' names: "));
    assert!(refused(b"name;bio\n", &[]).starts_with("no column 'key', 'account_key', 'id',"));
    assert_eq!(
        refused(b"id,fullname\n", &["display_name=full name"]),
        "no column 'full name' for 'display_name'; there are 'id', 'fullname'"
    );
}

#[test]
fn accounts_that_appear_twice() {
    let refused = message(import_accounts(ImportFormat::Csv, "id\n1\n2\n 1 \n", &[]));
    assert_eq!(refused, "record 3 (line 4): the account '1' appears a second time");
}

#[test]
fn files_that_are_not_there() {
    let missing = || Some(env::temp_dir().join("botdet-import-is-not-there"));
    for format in ImportFormat::ALL {
        let params = ImportParams { accounts: missing(), ..ImportParams::new(format) };
        assert!(matches!(import(params), Err(ImportError::Io { .. })), "{format}");
    }
    let params =
        ImportParams { accounts: missing(), labels: missing(), ..ImportParams::new(ImportFormat::Json) };
    assert!(matches!(params.check(), Err(ImportError::Io { .. })));
    let folder = ImportParams { accounts: Some(env::temp_dir()), ..ImportParams::new(ImportFormat::Json) };
    assert!(matches!(import(folder), Err(ImportError::Io { .. })));
}

#[test]
fn choices_of_files_that_make_no_sense() {
    let file = || Some(PathBuf::from("x"));
    let nothing = ImportParams::new(ImportFormat::Json);
    assert!(matches!(nothing.check(), Err(ImportError::Nothing)));
    let both = ImportParams { document: file(), accounts: file(), ..ImportParams::new(ImportFormat::Json) };
    assert!(matches!(both.check(), Err(ImportError::DocumentAndParts)));
    let table = ImportParams { document: file(), ..ImportParams::new(ImportFormat::Csv) };
    assert!(matches!(table.check(), Err(ImportError::NoDocument { format: ImportFormat::Csv })));
    let mapping =
        ImportParams { accounts: file(), map: owned(&["x=y"]), ..ImportParams::new(ImportFormat::Csv) };
    assert!(matches!(mapping.check(), Err(ImportError::Mapping(_))));
}
