//! What each format gives when nothing is wrong.

use super::*;
use crate::records::LabelRecord;

#[test]
fn a_document_has_accounts_and_activity() {
    let imported = import_document(
        r#"{"id": 1, "meta": {"users": [1], "posts": 2},
            "posts": [{"id": 9, "author_id": 1, "created_at": "2024-03-16T00:00:08.000Z", "text": "RT @x: hi"},
                      {"id": 10, "author": {"id": "guest"}, "timestamp": 1710547208, "type": "Like", "text": null}],
            "users": [{"id": 1, "username": "a", "description": "", "location": null, "followers_count": 12,
                       "label": "bot", "strategy": "amplifier"}]}"#,
        &[],
    )
    .unwrap();
    let listed = AccountRecord {
        username: Some("a".into()),
        description: Some(String::new()),
        followers: Some(12),
        label: Some(LabelRecord { is_bot: true, strategy: Some("amplifier".into()) }),
        ..account("1")
    };
    assert_eq!(imported.accounts, [listed, account("guest")]);
    let like = ActivityRecord { action: "like".into(), content: None, ..post("guest", "") };
    assert_eq!(imported.activity, [post("1", "RT @x: hi"), like]);
    assert_eq!((imported.summary.accounts, imported.summary.accounts_from_activity), (2, 1));
    assert_eq!(imported.summary.activity, 2);
}

#[test]
fn arrays_of_a_document_may_be_anywhere() {
    let file = TemporaryFile::new(
        r#"{"data": {"people": [{"id": "a"}], "said": [{"user_id": "a", "time": 1710547208, "body": "x"}]}}"#,
    );
    let imported = import(ImportParams {
        document: file.path(),
        accounts_at: Some("data.people".into()),
        activity_at: Some("data.said".into()),
        ..ImportParams::new(ImportFormat::Json)
    })
    .unwrap();
    assert_eq!(imported.accounts, [account("a")]);
    assert_eq!(imported.activity, [post("a", "x")]);
}

#[test]
fn a_document_may_be_one_array() {
    let accounts = import_accounts(ImportFormat::Json, r#"[{"id": "a"}, {"id": "b"}]"#, &[]).unwrap();
    assert_eq!(accounts, [account("a"), account("b")]);
    assert_eq!(import_accounts(ImportFormat::Json, " [ ] ", &[]).unwrap(), []);
}

#[test]
fn accounts_and_activity_may_be_two_files() {
    let accounts = TemporaryFile::new("id\na\nb\n");
    let activity = TemporaryFile::new("user_id,time,text\nb,1710547208,x\nc,1710547208,y\n");
    let imported = import(ImportParams {
        accounts: accounts.path(),
        activity: activity.path(),
        ..ImportParams::new(ImportFormat::Csv)
    })
    .unwrap();
    assert_eq!(imported.accounts, [account("a"), account("b"), account("c")]);
    assert_eq!(imported.activity, [post("b", "x"), post("c", "y")]);
}

#[test]
fn lines_of_json_may_end_in_any_way() {
    let lines = "\u{feff}{\"user\":{\"id\":1},\"time\":1710547208,\"text\":\"a\"}\r\n\r\n  \n\
                 {\"author_id\":2,\"time\":1710547208000,\"text\":\"b\"}";
    let activity = import_activity(ImportFormat::Ndjson, lines, &[]).unwrap();
    assert_eq!(activity, [post("1", "a"), post("2", "b")]);
    assert_eq!(import_activity(ImportFormat::Ndjson, "", &[]).unwrap(), []);
}

#[test]
fn tables_may_have_marks_quotes_and_line_breaks() {
    let table = "\u{feff}user_id,time,\"text\"\r\n1,2024-03-16 00:00:08,\"one\r\ntwo, \"\"three\"\"\"\r\n\r\n\
                 2,2024-03-16T00:00:08Z,\r\n";
    let activity = import_activity(ImportFormat::Csv, table, &[]).unwrap();
    let empty = ActivityRecord { content: None, ..post("2", "") };
    assert_eq!(activity, [post("1", "one\r\ntwo, \"three\""), empty]);
}

#[test]
fn tables_may_have_tabs() {
    let accounts = import_accounts(ImportFormat::Tsv, "id\tname\tfollowers\n1\ta, b\t\n", &[]).unwrap();
    assert_eq!(accounts, [AccountRecord { display_name: Some("a, b".into()), ..account("1") }]);
}

#[test]
fn empty_cells_are_empty_profile_texts_and_no_values_elsewhere() {
    let table = "id,username,bio,followers,verified,created_at,is_bot\n7,,,,,,\n";
    let accounts = import_accounts(ImportFormat::Csv, table, &[]).unwrap();
    assert_eq!(accounts, [AccountRecord { description: Some(String::new()), ..account("7") }]);
}

#[test]
fn a_table_without_keys_is_numbered() {
    let map = ["key=@record", "display_name=full name", "region:=europe", "is_bot=fake", "username="];
    let table = "full name,#followers,fake,username\nA,5,0,x\nB,6,1,y\n";
    let accounts = import_accounts(ImportFormat::Csv, table, &map).unwrap();
    let numbered = |key, name: &str, followers, is_bot| AccountRecord {
        display_name: Some(name.into()),
        followers: Some(followers),
        region: Some("europe".into()),
        label: Some(LabelRecord { is_bot, strategy: None }),
        ..account(key)
    };
    assert_eq!(accounts, [numbered("1", "A", 5, false), numbered("2", "B", 6, true)]);
}

#[test]
fn long_texts_pass() {
    let long = "x".repeat(10_000_000);
    let json = format!(r#"{{"user_id": 1, "time": 1710547208, "text": "{long}"}}"#);
    let table = format!("user_id,time,text\n1,1710547208,{long}\n");
    for (format, content) in
        [(ImportFormat::Json, format!("[{json}]")), (ImportFormat::Ndjson, json), (ImportFormat::Csv, table)]
    {
        assert_eq!(import_activity(format, content, &[]).unwrap(), [post("1", &long)], "{format}");
    }
}

#[test]
fn all_values_of_activity_are_read() {
    let line = r#"{"user_id": 1, "time": 1710547208, "event": "LOGIN", "client": "phone", "ip": "10.0.0.1",
                   "target_id": 5, "country": "FR"}"#;
    let activity = import_activity(ImportFormat::Ndjson, line.replace('\n', " "), &[]).unwrap();
    let login = ActivityRecord {
        action: "login".into(),
        content: None,
        device: Some("phone".into()),
        ip: Some("10.0.0.1".parse().unwrap()),
        target: Some("5".into()),
        country: Some("FR".into()),
        ..post("1", "")
    };
    assert_eq!(activity, [login]);
}
