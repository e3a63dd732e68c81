//! `botdet demo`: everything once, end to end.

use std::convert::Infallible;
use std::time::Instant;

use clap::Args;
use postgres::Client;
use serde::Serialize;

use super::groups::{GroupFigures, judge_groups};
use super::load::LoadReport;
use super::publish::publish;
use super::score::{ScoringReport, judge_stored, score};
use super::simulate::{SimulationOptions, account_record, activity_record};
use super::train::{TrainingReport, train};
use super::training_options::{ModelOptions, SequenceOptions, TrainingOptions};
use super::{DatabaseOptions, OutputOptions};
use crate::database::timestamp;
use crate::error::LoaderError;
use crate::load::Load;
use crate::output::{Output, figure, figures_table};
use crate::records::{AccountRecord, ActivityRecord};
use crate::simulate::{Kind, Simulation, Strategy, Window, simulate_account};

/// The sources that the demonstration fills.
const SOURCE: &str = "demo";
const LIVE_SOURCE: &str = "demo-live";
const NEW_SOURCE: &str = "demo-new";
/// Accounts that nobody has labelled, for people to review.
const NEWCOMERS: u32 = 60;
/// Events of each account that is inserted live, spread over two days.
const LIVE_EVENTS: f64 = 80.0;
const LIVE_SPAN: i64 = 2 * 86_400 * 1_000_000;
/// Events after which the live score is shown.
const SHOWN_AT: [usize; 5] = [1, 10, 20, 40, 80];
const FLAGGED_SHOWN: i64 = 5;
/// How the comments of its versions begin.
const COMMENT: &str = "demonstration";

/// Do all of it, end to end, on simulated accounts: load, train, publish, score, and flag two new accounts as their
/// activity comes in.
#[derive(Debug, Args)]
pub struct Demo {
    #[command(flatten)]
    simulation: SimulationOptions,
    #[command(flatten)]
    training: DemoTrainingOptions,
    /// Replace the active model version even if it is not one of a demonstration
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    database: DatabaseOptions,
    #[command(flatten)]
    output: OutputOptions,
}

/// The one training option of the demonstration; `botdet train` has them all.
#[derive(Debug, Args)]
struct DemoTrainingOptions {
    /// Passes of the sequence model over the training accounts, at most
    #[arg(long, default_value_t = 20)]
    epochs: usize,
}

#[derive(Debug, Serialize)]
struct DemoReport {
    load: LoadReport,
    training: TrainingReport,
    version: String,
    scoring: ScoringReport,
    /// Figures of the stored scores of accounts held out: what the database itself answered.
    stored_held_out_roc_auc: Option<f64>,
    groups: Vec<GroupFigures>,
    live: Vec<LiveAccount>,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct LiveAccount {
    kind: &'static str,
    account_id: i64,
    scores: Vec<LiveScore>,
}

#[derive(Debug, Serialize)]
struct LiveScore {
    events: usize,
    bot_probability: f64,
    is_bot: bool,
    stage: String,
    reasons: Vec<String>,
}

impl Demo {
    pub(super) fn run(self) -> Result<(), LoaderError> {
        let output = self.output.output();
        let started = Instant::now();
        let mut client = self.database.connect()?;

        output.say(&format!(
            "1/5  simulating {} accounts and loading their activity",
            self.simulation.accounts()
        ));
        if !self.force {
            check_nothing_else_serves(&mut client)?;
        }
        // Rules answer until there is a version: a model of an earlier demonstration has no say in this one.
        client.execute(include_str!("../sql/deactivate.sql"), &[])?;
        let load = load_simulation(&mut client, &self.simulation.simulation()?, SOURCE, output)?;
        output.say(&format!(
            "     {} events in {:.1} s: {:.0} a second, every account's state and score kept by the insert trigger",
            load.events, load.seconds, load.events_per_second
        ));

        output.say("2/5  training filter, isolation forest and sequence model");
        let options = TrainingOptions {
            model: ModelOptions { seed: self.simulation.seed, ..ModelOptions::default() },
            sequence: SequenceOptions { epochs: self.training.epochs, ..SequenceOptions::default() },
        };
        let trained = train(&mut client, SOURCE, &options, None, output)?;
        output.say(&format!(
            "     {} accounts, {} epochs, {:.1} s",
            trained.report.training_accounts, trained.report.epochs, trained.report.seconds
        ));

        output.say("3/5  publishing the version into the database");
        let comment = format!("{COMMENT}, seed {}", self.simulation.seed);
        let version = publish(&mut client, &trained.artifact.to_bytes(), Some(&comment), true)?;
        output.say(&format!("     {version} answers now"));

        output.say("4/5  scoring everyone, in SQL");
        let scoring = score(&mut client, SOURCE, output)?;
        let stored = judge_stored(&mut client, &trained.held_out)?;
        output.say(&format!(
            "     {} accounts in {:.1} s: {:.0} a second, {} flagged",
            scoring.accounts, scoring.seconds, scoring.accounts_per_second, scoring.flagged
        ));
        let groups = judge_groups(&mut client, SOURCE, output)?;
        if let Some(figures) = &trained.report.held_out {
            output.say(&format!("\n{} accounts held out from the training:\n", figures.pipeline.accounts));
            output.say(&figures_table(figures));
            let stored_auc = figure(stored.as_ref().and_then(|stored| stored.roc_auc));
            output.say(&format!("The same accounts by the scores in botdet.score: ROC-AUC {stored_auc}.\n"));
        }

        output.say("5/5  two new accounts, inserted row by row; the trigger scores them as they act\n");
        let mut live = Vec::new();
        for (kind, name) in
            [(Kind::Bot(Strategy::ScheduledPoster), "scheduled poster"), (Kind::Human, "human")]
        {
            live.push(insert_live(&mut client, kind, name, self.simulation.seed, output)?);
        }
        show_flagged(&mut client, output)?;
        insert_newcomers(&mut client, &self.simulation, output)?;
        output.say(&format!(
            "     {NEWCOMERS} accounts that nobody has labelled are there for people to review.\n"
        ));
        output.say(NEXT);

        let report = DemoReport {
            load,
            training: trained.report,
            version,
            scoring,
            stored_held_out_roc_auc: stored.and_then(|stored| stored.roc_auc),
            groups,
            live,
            seconds: started.elapsed().as_secs_f64(),
        };
        output.figures(&report, || format!("Done in {:.0} s.", report.seconds))
    }
}

/// A demonstration replaces the active version: it must not be somebody's.
fn check_nothing_else_serves(client: &mut Client) -> Result<(), LoaderError> {
    match client.query_opt(include_str!("../sql/other_champion.sql"), &[&COMMENT])? {
        Some(row) => Err(LoaderError::OtherVersion(row.get(0))),
        None => Ok(()),
    }
}

const NEXT: &str = "\
What to try next, in `make psql`:

    SELECT * FROM botdet.flagged_account ORDER BY bot_probability DESC LIMIT 10;
    SELECT * FROM botdet_score((SELECT max(account_id) FROM botdet.account));
    SELECT * FROM botdet_explain((SELECT min(account_id) FROM botdet.flagged_account));
    SELECT group_id, accounts, account_id, occasions, target FROM botdet_lockstep(evidence => 1);
    SELECT version, is_champion, size_bytes FROM botdet.model_versions;
    SELECT feature, unit, meaning FROM botdet.feature_catalog;

As a reviewer, who decides about accounts in a browser (http://127.0.0.1:8080), with the DATABASE_URL that `make up` prints:

    psql \"$DATABASE_URL\" -c \"SELECT * FROM botdet_fill_review_queue('account')\"
    target/release/botdet-admin-api token create me --role botdet_admin
    target/release/botdet-admin-api

And outside psql, with the DATABASE_URL that `make up` prints: `target/release/botdet evaluate --source demo` trains
without each strategy in turn, and shows how much of it is found all the same.
";

/// Loads a simulation into a source, over what it had.
///
/// # Errors
/// Whatever the server refuses.
pub fn load_simulation(
    client: &mut Client,
    simulation: &Simulation,
    source: &str,
    output: Output,
) -> Result<LoadReport, LoaderError> {
    let mut loading = Load::begin(client, source, true)?;
    let started = Instant::now();
    let accounts = simulation.accounts().map(account_record).map(Ok::<_, Infallible>);
    let account_ids = loading.accounts(accounts)?;
    let bar = output.progress(None, "events");
    let events = simulation.events().flatten().map(activity_record).map(Ok::<_, Infallible>);
    let events = loading.activity(&account_ids, events, &mut || bar.inc(1))?;
    loading.commit()?;
    bar.finish_and_clear();
    Ok(LoadReport::new(account_ids.len() as u64, events, started))
}

/// Inserts a new account's activity one row at a time, and shows what the trigger makes of it.
fn insert_live(
    client: &mut Client,
    kind: Kind,
    name: &'static str,
    seed: u64,
    output: Output,
) -> Result<LiveAccount, LoaderError> {
    let end = chrono::Utc::now().timestamp_micros();
    let number = if kind == Kind::Human { 900_001 } else { 900_002 };
    let window = Window::new(end - LIVE_SPAN, end)?;
    let (account, events) = simulate_account(kind, number, seed, window, LIVE_EVENTS);
    let mut record = account_record(account);
    let key = format!("{LIVE_SOURCE}-{end}-{number}");
    record.key.clone_from(&key);
    let mut loading = Load::begin(client, &format!("{LIVE_SOURCE}-{end}-{number}"), false)?;
    let account_ids = loading.accounts([Ok::<_, Infallible>(record)].into_iter())?;
    loading.commit()?;
    let account_id = account_ids.get(&key).copied().unwrap_or_default();
    output.say(&format!("     account {account_id}, a {name}:"));

    let insert = client.prepare(include_str!("../sql/insert_event.sql"))?;
    let read = client.prepare(include_str!("../sql/read_score.sql"))?;
    let mut scores = Vec::new();
    let last = events.len();
    for (event, count) in events.into_iter().zip(1..) {
        let event = activity_record(event);
        let at = timestamp(event.occurred_at)?;
        client.execute(
            &insert,
            &[&account_id, &at, &event.action, &event.content, &event.device, &event.target],
        )?;
        if SHOWN_AT.contains(&count) || count == last {
            let row = client.query_one(&read, &[&account_id])?;
            let score = LiveScore {
                events: count,
                bot_probability: row.get(0),
                is_bot: row.get(1),
                stage: row.get(2),
                reasons: row.get(3),
            };
            output.say(&format!(
                "       after {count:>3} events  {:>5.1} %  {:<8} by {:<8}  {}",
                100.0 * score.bot_probability,
                if score.is_bot { "FLAGGED" } else { "-" },
                score.stage,
                score.reasons.join("; ")
            ));
            scores.push(score);
        }
    }
    output.say("");
    Ok(LiveAccount { kind: name, account_id, scores })
}

/// Loads accounts of another seed under keys of their own, without the truth.
fn insert_newcomers(
    client: &mut Client,
    simulation: &SimulationOptions,
    output: Output,
) -> Result<(), LoaderError> {
    let options = SimulationOptions {
        accounts: Some(NEWCOMERS),
        seed: simulation.seed.wrapping_add(1),
        ..simulation.clone()
    };
    let simulation = options.simulation()?;
    let key = |key: String| format!("{NEW_SOURCE}-{key}");
    let mut loading = Load::begin(client, NEW_SOURCE, true)?;
    let accounts = simulation.accounts().map(|account| {
        let record = account_record(account);
        Ok::<_, Infallible>(AccountRecord { key: key(record.key), label: None, ..record })
    });
    let account_ids = loading.accounts(accounts)?;
    let events = simulation.events().flatten().map(|event| {
        let record = activity_record(event);
        Ok::<_, Infallible>(ActivityRecord { account_key: key(record.account_key), ..record })
    });
    let bar = output.progress(None, "events");
    loading.activity(&account_ids, events, &mut || bar.inc(1))?;
    bar.finish_and_clear();
    loading.commit()
}

fn show_flagged(client: &mut Client, output: Output) -> Result<(), LoaderError> {
    output.say("Some of the flagged accounts:\n");
    for row in client.query(include_str!("../sql/some_flagged.sql"), &[&SOURCE, &FLAGGED_SHOWN])? {
        let (account_id, probability, reasons): (i64, f64, Vec<String>) =
            (row.get(0), row.get(1), row.get(2));
        output.say(&format!("     {account_id:>6}  {:>5.1} %  {}", 100.0 * probability, reasons.join("; ")));
    }
    output.say("");
    Ok(())
}
