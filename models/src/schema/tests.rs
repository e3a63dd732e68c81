use serde_json::{Map, Value, json};

use super::{ColumnDefinition, ColumnKind, Schema, SchemaError, read_object};
use crate::rows::{Rows, RowsError};

fn category(name: &str, levels: &[&str]) -> ColumnDefinition {
    let levels = levels.iter().map(|level| (*level).to_owned()).collect();
    ColumnDefinition { name: name.to_owned(), kind: ColumnKind::Category { levels } }
}

fn schema() -> Schema {
    let flag = ColumnDefinition { name: "verified".to_owned(), kind: ColumnKind::Boolean };
    let columns = vec![ColumnDefinition::number("messages"), category("plan", &["free", "paid"]), flag];
    Schema::new(columns, vec!["id".to_owned(), "is_spammer".to_owned()]).expect("columns are sound")
}

fn read(value: Value) -> Result<Vec<Option<f64>>, String> {
    let object: Map<String, Value> = serde_json::from_value(value).expect("an object");
    schema().read_json(&object).map_err(|error| error.to_string())
}

#[test]
fn rows_are_read_in_the_order_of_the_columns() {
    let row = json!({"verified": true, "plan": "paid", "messages": 3.5, "id": 7, "is_spammer": null});
    assert_eq!(read(row), Ok(vec![Some(3.5), Some(1.0), Some(1.0)]));
    let row = json!({"verified": false, "plan": "family", "messages": null});
    assert_eq!(read(row), Ok(vec![None, Some(2.0), Some(0.0)]));
    assert_eq!(read(json!({"id": 1})), Ok(vec![None; 3]));
}

#[test]
fn a_grown_table_is_read_and_a_misspelt_name_is_not() {
    let row = json!({"verified": true, "plan": "paid", "messages": 3, "added_since": "x"});
    assert_eq!(read(row), Ok(vec![Some(3.0), Some(1.0), Some(1.0)]));
    let refused = "no column is named mesages, and absent are messages; null stands for a missing value";
    assert_eq!(read(json!({"mesages": 3, "plan": "paid", "verified": true})), Err(refused.to_owned()));
    let many = read(json!({"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1}));
    let refused = "no column is named a, b, c, d, e and 2 more, and absent are messages, plan, verified; null stands \
                   for a missing value";
    assert_eq!(many, Err(refused.to_owned()));
}

#[test]
fn what_is_beyond_us_is_refused_where_it_is_asked_for_and_nowhere_else() {
    let (large, deep) = (format!("1{}", "0".repeat(400)), format!("{}{}", "[".repeat(500), "]".repeat(500)));
    let read = |text: &str| schema().read_json(&read_object(text).expect("an object"));
    for value in [&large, &deep] {
        let text = format!(r#"{{"messages": 3, "plan": "paid", "verified": true, "id": {value}}}"#);
        assert_eq!(read(&text), Ok(vec![Some(3.0), Some(1.0), Some(1.0)]));
    }
    for (sign, value) in [("", f64::MAX), ("-", f64::MIN)] {
        let column = "messages".to_owned();
        let text = format!(r#"{{"messages": {sign}{large}}}"#);
        assert_eq!(read(&text), Err(SchemaError::TooLarge { column, value }));
    }
    let refused = read(&format!(r#"{{"plan": {deep}}}"#)).expect_err("no name").to_string();
    assert!(refused.starts_with("column plan is [\"[[[[") && refused.ends_with(", not text"), "{refused}");
    assert!(["[]", "3", "", "{", r#"{"a": }"#].into_iter().all(|text| read_object(text).is_none()));
}

#[test]
fn a_value_of_another_type_is_named() {
    let refused = |row: Value| read(row).expect_err("the value is refused");
    assert_eq!(refused(json!({"messages": "3"})), "column messages is \"3\", not a number");
    assert_eq!(refused(json!({"messages": true})), "column messages is true, not a number");
    assert_eq!(refused(json!({"messages": [1]})), "column messages is [1], not a number");
    assert_eq!(refused(json!({"verified": 1})), "column verified is 1, not true or false");
    assert_eq!(refused(json!({"plan": 1})), "column plan is 1, not text");
    let long = refused(json!({"messages": "é".repeat(5_000)}));
    assert!(long.len() < 200 && long.contains('…'), "{long}");
    let large = "column messages is 1e300, beyond what single precision can hold";
    let object = json!({"messages": 1e300});
    assert_eq!(refused(object).replace(&format!("{}", 1e300), "1e300"), large);
}

#[test]
fn categories_become_one_input_a_level() {
    let schema = schema();
    let names = ["messages", "plan=free", "plan=paid", "plan=(other)", "verified"];
    assert_eq!(schema.expanded_names(), names);
    assert_eq!(schema.input_count(), 5);
    let owners: Vec<_> = (0..6).map(|input| schema.owner(input)).collect();
    assert_eq!(owners, [Some(0), Some(1), Some(1), Some(1), Some(2), None]);
    assert_eq!(schema.expand(&[Some(4.0), Some(1.0), Some(1.0)]), [4.0, 0.0, 1.0, 0.0, 1.0]);
    assert_eq!(schema.expand(&[Some(4.0), Some(2.0), Some(0.0)]), [4.0, 0.0, 0.0, 1.0, 0.0]);
    assert_eq!(schema.expand(&[Some(4.0), Some(77.0)])[1..4], [0.0, 0.0, 1.0]);
    assert!(schema.expand(&[]).iter().all(|input| input.is_nan()));
    assert_eq!(schema.expand(&[]).len(), 5);
}

#[test]
fn many_rows_expand_as_one_does() {
    let schema = schema();
    let values = vec![4.0, 1.0, 1.0, f32::NAN, f32::NAN, 0.0];
    let rows = schema.expand_rows(&Rows::new(values, 3).expect("whole rows")).expect("rows of the schema");
    assert_eq!(rows.row(0), schema.expand(&[Some(4.0), Some(1.0), Some(1.0)]));
    let missing = schema.expand(&[None, None, Some(0.0)]);
    assert_eq!(format!("{:?}", rows.row(1)), format!("{missing:?}"));
    let narrow = Rows::new(vec![1.0], 1).expect("whole rows");
    assert_eq!(schema.expand_rows(&narrow).err(), Some(RowsError::Shape { values: 1, width: 3 }));
}

#[test]
fn unsound_columns_are_refused() {
    let number = ColumnDefinition::number;
    assert_eq!(Schema::new(Vec::new(), Vec::new()), Err(SchemaError::Columns(0)));
    let twice = Err(SchemaError::Twice("a".to_owned()));
    assert_eq!(Schema::new(vec![number("a"), number("a")], Vec::new()), twice);
    assert_eq!(Schema::new(vec![number("a")], vec!["a".to_owned()]), twice);
    assert!(Schema::new(vec![category("a", &[])], Vec::new()).is_err());
    assert!(Schema::new(vec![category("a", &["x", "x"])], Vec::new()).is_err());
    let names: Vec<String> = (0..33).map(|i| i.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert!(Schema::new(vec![category("a", &names)], Vec::new()).is_err());
    assert!(Schema::new(vec![category("a", &names[1..])], Vec::new()).is_ok());
}

#[test]
fn what_is_stored_is_checked_when_it_is_read() {
    let text = serde_json::to_string(&schema()).expect("a schema is JSON");
    assert_eq!(serde_json::from_str::<Schema>(&text).expect("the same schema"), schema());
    let twice = r#"{"columns":[{"name":"a","kind":"number"},{"name":"a","kind":"boolean"}],"ignored":[]}"#;
    let refused = serde_json::from_str::<Schema>(twice).expect_err("a name is there twice");
    assert!(refused.to_string().starts_with("column a is named twice"), "{refused}");
}

#[test]
fn the_fingerprint_tells_schemas_apart() {
    let of = |columns: &[ColumnDefinition]| {
        Schema::new(columns.to_vec(), Vec::new()).expect("columns are sound").fingerprint()
    };
    let (a, b) = (ColumnDefinition::number("a"), ColumnDefinition::number("b"));
    let fingerprints = [
        of(&[a.clone(), b.clone()]),
        of(&[b, a]),
        of(&[category("a", &["b", "c"])]),
        of(&[category("a", &["c", "b"])]),
        of(&[category("a", &["b"]), ColumnDefinition::number("c")]),
        of(&[category("a", &["b:c"])]),
        of(&[ColumnDefinition { name: "a".to_owned(), kind: ColumnKind::Boolean }]),
    ];
    for (index, fingerprint) in fingerprints.iter().enumerate() {
        assert_eq!(fingerprint.len(), 16);
        assert!(!fingerprints[..index].contains(fingerprint), "{fingerprint} twice");
    }
    let ignoring = Schema::new(schema().columns, Vec::new()).expect("columns are sound");
    assert_eq!(ignoring.fingerprint(), schema().fingerprint());
}
