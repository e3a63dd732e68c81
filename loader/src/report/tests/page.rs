//! What holds of every page, whatever the data.

use serde_json::{Value, json};

use super::example;
use super::markup::{Element, check_drawings, parse};
use crate::report::data::{
    Column, ColumnKind, Counts, Curves, Importance, Importances, ModelCurves, Report, RocPoint,
    ScoreDistribution, ThresholdRow,
};
use crate::report::page;

/// Writes the example to a file, to be looked at: `cargo test --release -p botdet-loader report_example -- --ignored`.
#[test]
#[ignore = "writes target/report_example.html, to be looked at"]
fn report_example() {
    let html = page(&example::report()).expect("a page");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/report_example.html");
    std::fs::write(file, html).expect("a file");
}

/// Holds what every page must be.
fn checked(report: &Report) -> Vec<Element> {
    let html = page(report).expect("a page");
    let elements = parse(&html);
    check_drawings(&elements);
    for element in elements.iter().filter(|element| element.name != "script") {
        let values = element.attributes.iter().map(|(_, value)| value);
        for text in values.chain([&element.text]) {
            assert!(!text.contains("NaN") && !text.contains("inf"), "{}: {text}", element.name);
        }
        let is_foreign = |key: &str| key == "src" || key.starts_with("on");
        assert!(
            !element.attributes.iter().any(|(key, _)| is_foreign(key)),
            "{} from elsewhere",
            element.name
        );
        if let Some(target) = element.attribute("href") {
            let id = target.strip_prefix('#').expect("a place in the page");
            assert_eq!(elements.iter().filter(|e| e.attribute("id") == Some(id)).count(), 1, "{id}");
        }
    }
    elements
}

fn sections(elements: &[Element]) -> Vec<&str> {
    let sections = elements.iter().filter(|element| element.name == "section");
    sections.map(|section| section.attribute("id").expect("an id")).collect()
}

const SECTIONS: [(&str, &str); 18] = [
    ("headline", "glance"),
    ("decisions", "decisions"),
    ("thresholds", "thresholds"),
    ("curves", "curves"),
    ("scores", "scores"),
    ("calibration", "calibration"),
    ("capacity", "capacity"),
    ("importances", "importances"),
    ("contributions", "contributions"),
    ("fairness", "fairness"),
    ("robustness", "robustness"),
    ("leave_one_out", "leave-one-out"),
    ("shortcuts", "shortcuts"),
    ("zoo", "zoo"),
    ("training", "training"),
    ("data", "data"),
    ("drift", "drift"),
    ("notes", "notes"),
];

#[test]
fn a_full_report_has_all_sections_and_real_plots() {
    let elements = checked(&example::report());
    assert_eq!(sections(&elements), SECTIONS.map(|(_, id)| id));
    let plots = elements.iter().filter(|e| e.name == "svg" && e.attribute("role") == Some("img"));
    assert!(plots.clone().count() >= 24);
    assert!(plots.clone().all(|plot| plot.attribute("aria-label").is_some_and(|label| label.len() > 10)));
    assert!(!elements.iter().any(|element| element.attribute("class") == Some("nothing")));
}

#[test]
fn a_section_is_there_if_its_data_are() {
    assert!(sections(&checked(&Report::new(example::header()))).is_empty());
    let whole = serde_json::to_value(example::report()).expect("json");
    for (field, id) in SECTIONS {
        let mut alone = serde_json::to_value(Report::new(example::header())).expect("json");
        alone[field] = whole[field].clone();
        let report: Report = serde_json::from_value(alone).expect("a report");
        assert_eq!(sections(&checked(&report)), [id]);
    }
}

#[test]
fn the_data_can_be_read_back() {
    let mut report = example::report();
    report.notes.push("</script><!-- & \u{2028}".to_owned());
    let elements = checked(&report);
    let data = elements.iter().find(|element| element.attribute("id") == Some("report-data")).expect("data");
    let read: Report = serde_json::from_str(&data.text).expect("a report");
    assert_eq!(read.notes, report.notes);
    let [read, report] = [read, report].map(|report| serde_json::to_value(report).expect("json"));
    assert_same(&read, &report);
}

/// Numbers may differ by the last bit: that is how they are read.
fn assert_same(a: &Value, b: &Value) {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).for_each(|(a, b)| assert_same(a, b));
        }
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
            a.iter().zip(b).for_each(|((name, a), (other, b))| {
                assert_eq!(name, other);
                assert_same(a, b);
            });
        }
        (Value::Number(a), Value::Number(b)) if a.is_f64() => {
            let (a, b) = (a.as_f64().expect("a number"), b.as_f64().expect("a number"));
            assert!((a - b).abs() <= b.abs() * 1e-15, "{a} {b}");
        }
        _ => assert_eq!(a, b),
    }
}

#[test]
fn names_cannot_become_markup() {
    let hostile = "</title></script><img src=x onerror='alert(1)'>\"&amp;\u{202e}\0\u{7}x";
    let whole = serde_json::to_value(example::report()).expect("json");
    let report = changed(&whole, &|key, value| match value {
        Value::String(_) if !["kind", "role", "measure", "outcome", "created_at"].contains(&key) => {
            json!(hostile)
        }
        other => other,
    });
    let elements = checked(&report);
    assert!(!elements.iter().any(|element| element.name == "img"));
    assert_eq!(elements.iter().filter(|element| element.name == "script").count(), 2);
    let shown = elements.iter().filter(|element| element.text.contains("<img src=x")).count();
    assert!(shown > 100, "{shown}");
    for element in elements.iter().filter(|element| element.name != "script") {
        assert!(!element.text.contains(['\u{202e}', '\0']), "{} hides something", element.name);
    }
}

#[test]
fn long_names_stay_in_their_place() {
    for name in ["column_".repeat(60), "列".repeat(300), "W".repeat(500)] {
        let whole = serde_json::to_value(example::report()).expect("json");
        let report = changed(&whole, &|key, value| match value {
            Value::String(_) if !["kind", "role", "measure", "outcome", "created_at"].contains(&key) => {
                json!(name)
            }
            other => other,
        });
        checked(&report);
    }
}

#[test]
fn odd_numbers_are_drawn_all_the_same() {
    let whole = serde_json::to_value(example::report()).expect("json");
    for odd in [0.0, 1.0, -1.0, 1e308, -1e308, 5e-324, 0.1 + 0.2] {
        let report = changed(&whole, &|_, value| if value.is_f64() { json!(odd) } else { value });
        checked(&report);
    }
    for odd in [0_u64, 1, 1 << 50] {
        let report = changed(&whole, &|_, value| if value.is_u64() { json!(odd) } else { value });
        checked(&report);
    }
    let nothing = changed(&whole, &|_, value| match value {
        Value::Number(number) if number.is_f64() => json!(0.0),
        Value::Number(_) => json!(0),
        other => other,
    });
    checked(&nothing);
}

#[test]
fn short_and_empty_lists_are_drawn_all_the_same() {
    let whole = serde_json::to_value(example::report()).expect("json");
    for length in [0, 1, 2] {
        let report = changed(&whole, &|_, value| match value {
            Value::Array(items) => json!(items[..items.len().min(length)]),
            other => other,
        });
        let elements = checked(&report);
        assert_eq!(sections(&elements).len(), if length == 0 { 17 } else { 18 });
    }
}

#[test]
fn what_is_not_finite_is_left_out() {
    let mut report = example::report();
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let points =
        odd.map(|value| RocPoint { false_positive_rate: value, true_positive_rate: value, threshold: None });
    let curve = ModelCurves {
        name: "odd".to_owned(),
        roc: points.to_vec(),
        precision_recall: Vec::new(),
        roc_auc: example::between(f64::NAN, f64::NAN, f64::INFINITY),
        pr_auc: example::value(f64::INFINITY),
    };
    report.curves = Some(Curves { models: vec![curve], prevalence: Some(f64::NAN) });
    report.scores =
        Some(ScoreDistribution { edges: odd.to_vec(), positive: vec![1, 2], negative: vec![3, 4] });
    report.thresholds =
        Some(odd.map(|threshold| ThresholdRow { threshold, counts: Counts::default() }).to_vec());
    let importance = |value| Importance {
        column: "odd".to_owned(),
        gain: Some(value),
        permutation: Some(example::between(value, value, value)),
    };
    report.importances =
        Some(Importances { columns: odd.map(importance).to_vec(), permutation_measure: None });
    let zoo = report.zoo.as_mut().expect("a zoo");
    zoo.entries.iter_mut().zip(odd.into_iter().cycle()).for_each(|(entry, value)| {
        entry.roc_auc = Some(value);
        entry.microseconds_per_row = Some(value);
    });
    let contributions = report.contributions.as_mut().expect("contributions");
    contributions.examples.iter_mut().zip(odd).for_each(|(example, value)| {
        (example.base, example.others, example.probability) = (value, value, value);
        example.contributions[0].amount = value;
    });
    let elements = checked(&report);
    assert!(elements.iter().any(|element| element.attribute("class") == Some("nothing")));
}

#[test]
fn a_thousand_columns_make_a_page_of_reasonable_size() {
    let mut report = Report::new(example::header());
    let mut full = example::report();
    report.data = full.data.take().map(|mut data| {
        data.columns = (0..1_000)
            .map(|index| Column {
                name: format!("column_{index}"),
                kind: ColumnKind::Number,
                missing: 0.25,
                distinct: None,
                quantiles: data.columns[index % 14].quantiles,
                roc_auc: Some(0.5),
            })
            .collect();
        data
    });
    report.importances = full.importances.take().map(|mut importances| {
        let one = importances.columns[0].clone();
        importances.columns =
            (0..1_000).map(|index| Importance { column: format!("column_{index}"), ..one.clone() }).collect();
        importances
    });
    let size = page(&report).expect("a page").len();
    assert!(size < 3_000_000, "{size} bytes");
    let elements = checked(&report);
    let rows = elements.iter().filter(|element| element.name == "tr").count();
    assert!(rows > 2_000);
    let drawn = elements.iter().filter(|element| element.name == "figure").count();
    assert_eq!(drawn, 2);
}

#[test]
fn sentences_come_from_the_figures() {
    let text: String = checked(&example::report())
        .iter()
        .filter(|element| element.attribute("class") == Some("lead"))
        .map(|element| format!("{}\n", element.text.replace('\u{a0}', " ")))
        .collect();
    let told = [
        "of pairs of both kinds, the spammer scores above the ordinary user in 95.8 %.",
        "Of the 1,400 highest-scoring accounts a week, ",
        "urgent_message_count matters most, with 22.6 % of the gain",
        "most in “under a week” (account age), with 4.1 %",
        "mimicry at 100 % moves most: 11.6 % of the decisions flip, and ROC-AUC goes from 0.9581 to 0.7120.",
        "Hardest is slow_and_patient: 17.0 %.",
        "a tree of depth 2 reaches 0.8712; 2 of 3 checks for leaks found nothing.",
        "Of 18 models, gradient_boosting ranks best (ROC-AUC 0.9581), and the version uses it.",
        "100,000 accounts, 12,000 of them spammers (12.0 %); 7 of 24 columns have missing values",
    ];
    for sentence in told {
        assert!(text.contains(sentence), "{sentence} is not in\n{text}");
    }
}

/// The report after every value was changed; the function is given the key that the value, or its list, stands under.
fn changed(value: &Value, change: &dyn Fn(&str, Value) -> Value) -> Report {
    fn walk(key: &str, value: &Value, change: &dyn Fn(&str, Value) -> Value) -> Value {
        let inner = match value {
            Value::Array(items) => Value::Array(items.iter().map(|item| walk(key, item, change)).collect()),
            Value::Object(fields) => Value::Object(
                fields.iter().map(|(key, value)| (key.clone(), walk(key, value, change))).collect(),
            ),
            plain => plain.clone(),
        };
        change(key, inner)
    }
    serde_json::from_value(walk("", value, change)).expect("a report")
}
