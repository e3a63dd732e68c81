//! What trained models achieve, through the same commands that users run.

use std::io::Write;
use std::path::Path;

use botdet_loader::commands::load::import;
use botdet_loader::commands::publish::publish;
use botdet_loader::commands::score::score;
use botdet_loader::commands::train::{TrainingOptions, train};
use botdet_loader::import::{ImportFormat, ImportParams};
use botdet_loader::output::Output;
use botdet_tests::TestDatabase;
use botdet_tests::population::{self, SOURCE};

const QUIET: Output = Output::new(true);

#[test]
fn all_stages_find_most_bots_and_more_than_the_filter() {
    let database = TestDatabase::new("learning");
    let mut client = database.connect();
    population::load(&mut client, &population::simulate(3_000, 30));
    let options = TrainingOptions::with_epochs(10);
    let figures = train(&mut client, SOURCE, &options, QUIET).unwrap().report.held_out.unwrap();
    let (filter, pipeline) = (figures.filter.roc_auc.unwrap(), figures.pipeline.roc_auc.unwrap());
    assert!((0.95..0.99).contains(&filter), "the filter alone has ROC-AUC {filter}");
    assert!(pipeline >= filter + 0.005, "all stages have ROC-AUC {pipeline}, the filter alone {filter}");
    assert_eq!(figures.pipeline.strategies.len(), 7);
}

/// The data is not ours to ship. It lies beside a development checkout; elsewhere this says that it has not run, straight to
/// standard error: what goes through print macros is kept from sight when a test passes.
#[test]
fn a_model_of_one_contest_session_holds_in_another_language() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/bot_or_not");
    if !folder.exists() {
        writeln!(
            std::io::stderr(),
            "skipped: a_model_of_one_contest_session, for ../shared/data is not there"
        )
        .unwrap();
        return;
    }
    let database = TestDatabase::new("contest");
    let mut client = database.connect();
    for session in ["session1", "session2"] {
        let document = Some(folder.join(format!("{session}.json")));
        let params = ImportParams { document, ..ImportParams::new(ImportFormat::BotOrNot) };
        import(&mut client, params, session, false, QUIET).unwrap();
    }
    let options = TrainingOptions { held_out_share: 0.0, ..TrainingOptions::with_epochs(30) };
    let trained = train(&mut client, "session1", &options, QUIET).unwrap();
    publish(&mut client, &trained.artifact.to_bytes(), None, true).unwrap();
    let figures = score(&mut client, "session2", QUIET).unwrap().figures.unwrap();
    assert_eq!((figures.accounts, figures.bots), (171, 27));
    assert!(figures.roc_auc.unwrap() >= 0.95, "{figures:?}");
}
