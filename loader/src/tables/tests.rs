use super::TableError;
use super::catalog::{Attribute, Family};
use super::category::{Judgement, Texts};
use super::label::LabelReader;
use super::plan::filled;

fn judged(texts: &[&str]) -> Judgement {
    let mut counted = Texts::default();
    texts.iter().for_each(|text| _ = counted.add(text));
    counted.judge(false)
}

fn label(family: Family, positive: Option<&str>) -> Result<LabelReader, TableError> {
    let (name, type_name) = ("truth".to_owned(), "some type".to_owned());
    let column = Attribute { quoted: name.clone(), name, type_name, family };
    LabelReader::new(&column, positive.map(str::to_owned))
}

#[test]
fn names_that_look_like_places_in_sql_are_left_as_they_are() {
    let sql = filled("COPY {relation} ({columns})", "s.\"{columns}\"", "\"{relation}\", \"{columns}\"");
    assert_eq!(sql, "COPY s.\"{columns}\" (\"{relation}\", \"{columns}\")");
}

#[test]
fn levels_are_ranked_by_how_often_they_come() {
    let expected =
        Judgement::Category { levels: vec!["b".to_owned(), "a".to_owned()], places: vec![1.0, 0.0] };
    assert_eq!(judged(&["a", "b", "b"]), expected);
    let tied = Judgement::Category { levels: vec!["a".to_owned(), "b".to_owned()], places: vec![1.0, 0.0] };
    assert_eq!(judged(&["b", "a", "a", "b"]), tied, "equally frequent levels are ranked by name");
}

#[test]
fn rare_levels_beyond_the_most_count_as_others() {
    let names: Vec<String> = (0..40).map(|name| format!("name {name:02}")).collect();
    let texts: Vec<&str> = names.iter().flat_map(|name| [name.as_str(); 3]).collect();
    let Judgement::Category { levels, places } = judged(&texts) else { panic!("a category") };
    assert_eq!((levels.len(), levels[31].as_str()), (32, "name 31"));
    assert_eq!(places[30..34], [30.0, 31.0, 32.0, 32.0]);
}

#[test]
fn texts_that_tell_the_row_or_hold_numbers_are_no_category() {
    let names: Vec<String> = (0..100).map(|name| format!("name {name}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let unusable = "has 100 different texts in 100 rows, like an identifier";
    assert_eq!(judged(&names), Judgement::Unusable(unusable.to_owned()));
    assert_eq!(judged(&["1", "2.5", " -3e4 ", ""]), Judgement::Numbers);
    for texts in [["nan", "nan"], ["inf", "inf"], ["", ""], ["1", "one"]] {
        assert!(matches!(judged(&texts), Judgement::Category { .. }), "{texts:?}");
    }
    let mut sizes = Texts::default();
    ["1", "2", "1", "2"].iter().for_each(|text| _ = sizes.add(text));
    assert!(matches!(sizes.judge(true), Judgement::Category { .. }), "an enumeration may name numbers");
}

#[test]
fn more_texts_than_are_counted_take_no_more_memory() {
    let mut texts = Texts::default();
    (0..70_000).for_each(|text: u32| (0..3).for_each(|_| _ = texts.add(&text.to_string())));
    let Judgement::Unusable(reason) = texts.judge(false) else { panic!("no category") };
    assert_eq!(reason, "has more than 65536 different texts, too many for a category");
}

#[test]
fn long_texts_are_no_levels() {
    let essays = ["x".repeat(1_001), "y".repeat(5_000)];
    let mixed: Vec<&str> = [essays[0].as_str(), essays[1].as_str(), "a", "a", "b", "b"].repeat(2);
    let Judgement::Category { levels, places } = judged(&mixed) else { panic!("a category") };
    assert_eq!((levels, places), (vec!["a".to_owned(), "b".to_owned()], vec![2.0, 0.0, 1.0]));
    let unusable = "has no text of 1000 bytes or fewer, so none is a name";
    assert_eq!(judged(&[essays[0].as_str(), essays[1].as_str()]), Judgement::Unusable(unusable.to_owned()));
    let mut texts = Texts::default();
    (0..100).for_each(|text| _ = texts.add(&text.to_string().repeat(1_000)));
    let Judgement::Category { levels, places } = texts.judge(false) else { panic!("a category") };
    assert_eq!((levels.len(), places.len()), (10, 11), "all of more than one digit are one");
}

#[test]
fn labels_are_flags_or_one_of_two_values() {
    let mut flags = label(Family::Decimal, None).expect("numbers can be labels");
    let read: Vec<_> = ["true", "1", "1.00", "false", "0"].map(|text| flags.read(text, "k")).into();
    assert_eq!(read, [Ok(true), Ok(true), Ok(true), Ok(false), Ok(false)]);
    let wrong = flags.read("2", "k7").expect_err("2 is no label").to_string();
    assert_eq!(wrong, "label column truth is 2 in the row with key k7, not 0 or 1");

    assert!(matches!(label(Family::Text, None), Err(TableError::Type { .. })));
    let mut names = label(Family::Text, Some("spam")).expect("a positive value is given");
    assert_eq!(["ham", "spam", "ham"].map(|text| names.read(text, "k")), [Ok(false), Ok(true), Ok(false)]);
    let wrong = names.read("eggs", "k8").expect_err("a third value").to_string();
    let expected =
        "label column truth is eggs in the row with key k8, not spam or ham, as in the rows before";
    assert_eq!(wrong, expected);
}
