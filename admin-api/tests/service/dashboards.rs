//! Every panel of every dashboard, against databases that are filled, empty, and hold one row of each.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use botdet_tests::{Sql, TestDatabase};
use postgres::Client;
use postgres::types::Type;
use serde_json::Value;

use crate::prometheus::{Prometheus, program};
use crate::support::{Served, root};

/// What may have nothing to show in the filled database: nothing is refreshed while it is looked at.
const MAY_BE_EMPTY: [&str; 1] = ["Refreshes"];

/// One query of a panel.
struct Query {
    dashboard: String,
    panel: String,
    text: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Table,
    Series,
    Variable,
    Instant,
    Range,
}

/// All queries: of panels, annotations and variables.
fn queries() -> Vec<Query> {
    let directory = root().join("docker/grafana/dashboards");
    let files = fs::read_dir(&directory).expect("dashboards lie there");
    let mut queries = Vec::new();
    for file in files {
        let path = file.expect("the folder can be read").path();
        let text = fs::read_to_string(&path).expect("dashboards can be read");
        let dashboard: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| unreachable!("{path:?}: {error}"));
        let name = dashboard["title"].as_str().unwrap_or_default().to_owned();
        let mut add = |panel: &Value, text: &Value, kind| {
            let text =
                text.as_str().unwrap_or_else(|| unreachable!("{name}: no query in {panel}")).to_owned();
            let panel = panel.as_str().unwrap_or_default().to_owned();
            queries.push(Query { dashboard: name.clone(), panel, text, kind });
        };
        for annotation in list(&dashboard["annotations"]["list"]) {
            add(&annotation["name"], &annotation["target"]["rawSql"], Kind::Table);
        }
        for variable in list(&dashboard["templating"]["list"]) {
            add(&variable["name"], &variable["query"], Kind::Variable);
        }
        for panel in list(&dashboard["panels"]) {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let kind = match target["datasource"]["type"].as_str() {
                    Some("prometheus") if target["instant"] == true => Kind::Instant,
                    Some("prometheus") => Kind::Range,
                    _ if target["format"] == "time_series" => Kind::Series,
                    _ => Kind::Table,
                };
                let is_prometheus = matches!(kind, Kind::Instant | Kind::Range);
                add(&panel["title"], &target[if is_prometheus { "expr" } else { "rawSql" }], kind);
            }
        }
    }
    queries
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A query as Grafana sends it, for the last thirty days.
fn expanded(query: &str, detector: &str) -> String {
    let mut text = query.replace("$detector", detector);
    while let Some(begin) = text.find("$__timeFilter(") {
        let end = begin + text[begin..].find(')').expect("the macro is closed");
        let column = &text[begin + "$__timeFilter(".len()..end];
        let within = format!("{column} BETWEEN now() - interval '30 days' AND now() + interval '1 hour'");
        text.replace_range(begin..=end, &within);
    }
    let text = text.replace("$__rate_interval", "15s");
    assert!(!text.contains("$__"), "there is no such macro: {text}");
    text
}

/// Runs the SQL of all panels by a login that reads for dashboards; those that show nothing.
fn run_sql(served: &mut Served) -> BTreeSet<String> {
    let login = served.database.role("grafana");
    let mut owner = served.database.connect();
    owner.run(&format!("GRANT botdet_reader TO {login}"));
    let detectors: Vec<String> = owner.column("SELECT detector FROM botdet.detector", &[]);
    let mut reader = served.database.connect_as(&login);
    reader.run("SET default_transaction_read_only = on; SET statement_timeout = '30s'");
    let mut empty = BTreeSet::new();
    for query in queries().iter().filter(|query| !matches!(query.kind, Kind::Instant | Kind::Range)) {
        for detector in &detectors {
            let rows = rows_of(&mut reader, query, &expanded(&query.text, detector));
            if rows == 0 && detector == "account" {
                empty.insert(query.panel.clone());
            }
        }
    }
    empty
}

/// Checks that a result has the form that Grafana draws, and says how many rows there are.
fn rows_of(reader: &mut Client, query: &Query, sql: &str) -> usize {
    let place = format!("{}, {}: {sql}", query.dashboard, query.panel);
    let statement =
        reader.prepare(sql).unwrap_or_else(|error| unreachable!("{place}\n{:?}", error.as_db_error()));
    let rows = reader
        .query(&statement, &[])
        .unwrap_or_else(|error| unreachable!("{place}\n{:?}", error.as_db_error()));
    let columns = statement.columns();
    match query.kind {
        Kind::Series => {
            assert_eq!((columns[0].name(), columns[0].type_()), ("time", &Type::TIMESTAMPTZ), "{place}");
            for column in &columns[1..] {
                let is_name = column.name() == "metric" && *column.type_() == Type::TEXT;
                let is_number = [Type::INT8, Type::FLOAT8].contains(column.type_());
                assert!(is_name || is_number, "{place}: {} is {}", column.name(), column.type_());
            }
            let times: Vec<chrono::DateTime<chrono::Utc>> = rows.iter().map(|row| row.get(0)).collect();
            assert!(times.is_sorted(), "{place}: times go back");
        }
        Kind::Variable => assert_eq!(columns.len(), 1, "{place}"),
        _ => assert!(!columns.is_empty(), "{place}"),
    }
    rows.len()
}

/// Runs the PromQL of all panels; with `must_show`, until each shows a number.
fn run_promql(served: &Served, must_show: bool) {
    let prometheus = Prometheus::scraping(served.service.address);
    let scorer = served.client("anna", "botdet_scorer");
    let asked: Vec<Query> =
        queries().into_iter().filter(|query| matches!(query.kind, Kind::Instant | Kind::Range)).collect();
    assert!(asked.len() > 20, "there are {}", asked.len());
    let begin = Instant::now();
    loop {
        // Rates take work between two scrapes, and the service asks the database for its figures every ten seconds.
        scorer.get("/v1/scores/1");
        std::thread::sleep(Duration::from_millis(200));
        if prometheus.query("count_over_time(up{job=\"botdet\"}[1m]) >= 3").is_empty() {
            assert!(begin.elapsed() < Duration::from_secs(60), "nothing is scraped");
            continue;
        }
        let blank: Vec<String> = asked
            .iter()
            .filter(|query| {
                let expression = expanded(&query.text, "account");
                let values = match query.kind {
                    Kind::Instant => prometheus.query(&expression),
                    _ => prometheus.query_range(&expression),
                };
                !values.iter().any(|value| value.is_finite())
            })
            .map(|query| format!("{}, {}: {}", query.dashboard, query.panel, query.text))
            .collect();
        let rules = prometheus.rules();
        assert!(rules.len() >= 10, "{rules:?}");
        let are_evaluated = rules.iter().all(|[_, health, _]| health == "ok");
        if are_evaluated && (blank.is_empty() || !must_show) {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(90), "shows nothing: {blank:#?}\nrules: {rules:?}");
    }
}

#[test]
fn every_panel_shows_something_of_a_filled_database() {
    let mut served = Served::populated("filled");
    served.database.connect().run(include_str!("databases/filled.sql"));
    let expected: BTreeSet<String> = MAY_BE_EMPTY.map(str::to_owned).into();
    assert_eq!(run_sql(&mut served), expected);
    run_promql(&served, true);
}

#[test]
fn every_panel_runs_on_an_empty_database() {
    let mut served = Served::empty("empty");
    run_sql(&mut served);
    run_promql(&served, false);
}

#[test]
fn every_panel_runs_on_one_row() {
    let mut served = Served::new(TestDatabase::new("one"), &[]);
    served.database.connect().run(include_str!("databases/one_row.sql"));
    let empty = run_sql(&mut served);
    assert!(!empty.contains("Scores by status") && !empty.contains("Confusion"), "{empty:?}");
    run_promql(&served, false);
}

/// Panels lie side by side, have names of their own, and say what they show.
#[test]
fn dashboards_are_complete() {
    let mut names = BTreeSet::new();
    for file in fs::read_dir(root().join("docker/grafana/dashboards")).expect("dashboards lie there") {
        let path = file.expect("the folder can be read").path();
        let dashboard: Value =
            serde_json::from_str(&fs::read_to_string(&path).expect("it can be read")).expect("it is JSON");
        names.insert(dashboard["uid"].as_str().unwrap_or_default().to_owned());
        let mut places: Vec<[u64; 4]> = Vec::new();
        for panel in list(&dashboard["panels"]) {
            let title = panel["title"].as_str().unwrap_or_default();
            assert!(!title.is_empty(), "{path:?}: {panel}");
            if panel["type"] == "row" {
                continue;
            }
            assert!(panel["description"].as_str().is_some_and(|text| !text.is_empty()), "{path:?}: {title}");
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap_or(99));
            assert!(w > 0 && h > 0 && x + w <= 24, "{path:?}: {title} is too wide");
            for [a, b, c, d] in &places {
                let is_beside = x >= a + c || *a >= x + w || y >= b + d || *b >= y + h;
                assert!(is_beside, "{path:?}: {title} lies over another");
            }
            places.push([x, y, w, h]);
        }
    }
    assert_eq!(names.len(), 4, "{names:?}");
}

#[test]
fn prometheus_takes_its_files_and_alerts_tell_what_they_should() {
    let directory = root().join("docker/prometheus");
    for (arguments, file) in [
        (["check", "config"].as_slice(), "prometheus.yml"),
        // It names a certificate of the cluster, which is not there.
        (&["check", "config", "--syntax-only"], "kubernetes.yml"),
        (&["check", "rules"], "alerts.yml"),
        (&["test", "rules"], "alerts.test.yml"),
    ] {
        let output = program("promtool").args(arguments).arg(directory.join(file)).output();
        let output = output.unwrap_or_else(|error| unreachable!("promtool does not start: {error}"));
        let said =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        assert!(output.status.success(), "promtool {arguments:?} {file}: {said}");
    }
}
