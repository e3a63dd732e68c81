//! Simulated accounts, loaded as users load theirs.

use std::sync::OnceLock;

use botdet_loader::commands::simulate::{account_record, activity_record};
use botdet_loader::error::LoaderError;
use botdet_loader::load::Load;
use botdet_loader::simulate::{Simulation, SimulationParams};
use botdet_models::artifact::Artifact;
use postgres::Client;

use crate::database::{extension_template, installed_checksum, template};
use crate::model;
use crate::server;
use crate::sql::Sql;

/// Source that the accounts are loaded as.
pub const SOURCE: &str = "simulated";
/// Accounts of the populated template.
pub const ACCOUNTS: u32 = 240;
/// Days of their activity.
pub const DAYS: u32 = 10;
const SEED: u64 = 7;

/// The simulation that the populated template holds.
#[must_use]
pub fn simulation() -> Simulation {
    simulate(ACCOUNTS, DAYS)
}

/// Some other size of it.
///
/// # Panics
/// When the sizes are impossible.
#[must_use]
pub fn simulate(accounts: u32, days: u32) -> Simulation {
    let params = SimulationParams { accounts, days, seed: SEED, ..SimulationParams::default() };
    Simulation::new(params.check().expect("the parameters are possible"))
}

/// Loads a simulation through the loader; returns how many events it has.
///
/// # Panics
/// When the server refuses.
pub fn load(client: &mut Client, simulation: &Simulation) -> u64 {
    try_load(client, simulation).unwrap_or_else(|error| unreachable!("cannot load the simulation: {error}"))
}

fn try_load(client: &mut Client, simulation: &Simulation) -> Result<u64, LoaderError> {
    let mut load = Load::begin(client, SOURCE, false)?;
    let accounts = simulation.accounts().map(|account| Ok::<_, LoaderError>(account_record(account)));
    let ids = load.accounts(accounts)?;
    let events = simulation.events().flatten().map(|event| Ok::<_, LoaderError>(activity_record(event)));
    let count = load.activity(&ids, events, &mut || {})?;
    load.commit()?;
    Ok(count)
}

/// Name of the template with the accounts, both models registered, the full one active, and every account scored. It is made
/// again whenever the extension or this program is another one.
pub(crate) fn template_name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        template("population", &checksum_of_builds(), |name| {
            let mut client = server::connect(name_created(name));
            load(&mut client, &simulation());
            model::train_and_publish(&mut client);
            client.run("SELECT botdet_store_scores(array_agg(account_id)) FROM botdet.account; ANALYZE");
        })
    })
}

fn name_created(name: &str) -> &str {
    server::connect("postgres").run(&format!("CREATE DATABASE {name} TEMPLATE {}", extension_template()));
    name
}

fn checksum_of_builds() -> String {
    let program = std::env::current_exe().and_then(std::fs::read);
    let program = Artifact::sha256(&program.expect("a program can read itself"));
    format!("{}_{}", installed_checksum(), &program[..12])
}
