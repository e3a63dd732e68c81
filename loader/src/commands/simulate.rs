//! `botdet simulate`.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::OutputOptions;
use crate::database::timestamp;
use crate::error::{LoaderError, at};
use crate::records::{AccountRecord, ActivityRecord, LabelRecord};
use crate::simulate::{SimulatedAccount, SimulatedEvent, Simulation, SimulationParams};

/// What to simulate.
#[derive(Debug, Args)]
pub struct SimulationOptions {
    /// Accounts
    #[arg(long, default_value_t = 3_000)]
    pub accounts: u32,
    /// Share of the accounts that are bots
    #[arg(long, default_value_t = 1.0 / 3.0)]
    pub bot_share: f64,
    /// Days of activity
    #[arg(long, default_value_t = 30)]
    pub days: u32,
    /// Seed: the same seed gives the same accounts
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// First instant after the simulated activity
    #[arg(long, default_value = "2026-01-01T00:00:00Z")]
    pub until: DateTime<Utc>,
}

impl SimulationOptions {
    /// Checks the options.
    ///
    /// # Errors
    /// [`LoaderError::Simulation`] with the one that is impossible.
    pub fn simulation(&self) -> Result<Simulation, LoaderError> {
        let params = SimulationParams {
            accounts: self.accounts,
            bot_share: self.bot_share,
            days: self.days,
            seed: self.seed,
            end: self.until.timestamp_micros(),
            ..SimulationParams::default()
        };
        Ok(Simulation::new(params.check()?))
    }
}

/// Write simulated accounts and their activity to CSV files that `botdet load` reads.
#[derive(Debug, Args)]
pub struct Simulate {
    #[command(flatten)]
    simulation: SimulationOptions,
    /// Folder for accounts.csv and activity.csv; made if it is not there
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    output: OutputOptions,
}

#[derive(Serialize)]
struct Written {
    accounts: u64,
    bots: u64,
    events: u64,
}

impl Simulate {
    pub(super) fn run(self) -> Result<(), LoaderError> {
        let simulation = self.simulation.simulation()?;
        std::fs::create_dir_all(&self.out).map_err(at(&self.out))?;
        let mut written = Written { accounts: 0, bots: 0, events: 0 };

        let path = self.out.join("accounts.csv");
        let mut writer = csv_writer(&path)?;
        writer.write_record(ACCOUNT_COLUMNS).map_err(csv_error(&path))?;
        for account in simulation.accounts() {
            written.accounts += 1;
            written.bots += u64::from(account.label);
            writer.write_record(account_row(account_record(account))?).map_err(csv_error(&path))?;
        }
        writer.flush().map_err(at(&path))?;

        let path = self.out.join("activity.csv");
        let mut writer = csv_writer(&path)?;
        writer.write_record(ACTIVITY_COLUMNS).map_err(csv_error(&path))?;
        let bar = self.output.output().progress(Some(u64::from(self.simulation.accounts)), "simulating");
        for events in simulation.events() {
            written.events += events.len() as u64;
            for event in events {
                writer.write_record(activity_row(activity_record(event))?).map_err(csv_error(&path))?;
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        writer.flush().map_err(at(&path))?;
        self.output.output().figures(&written, || {
            format!(
                "{} accounts ({} bots) and {} events in {}",
                written.accounts,
                written.bots,
                written.events,
                self.out.display()
            )
        })
    }
}

/// The number an account of a simulation has, as a key that no other simulation shares.
#[must_use]
pub fn simulated_key(account_id: i64) -> String {
    format!("simulated-{account_id}")
}

/// A simulated account as any other source would give it.
#[must_use]
pub fn account_record(account: SimulatedAccount) -> AccountRecord {
    let profile = account.profile;
    AccountRecord {
        key: simulated_key(account.account_id),
        created_at: profile.created_at,
        username: profile.username,
        display_name: profile.display_name,
        description: profile.description,
        location: profile.location,
        website: profile.website,
        has_avatar: profile.has_avatar,
        is_verified: profile.is_verified,
        followers: profile.followers,
        following: profile.following,
        language: Some(account.language.to_owned()),
        region: Some(account.region.to_owned()),
        label: Some(LabelRecord {
            is_bot: account.label,
            strategy: account.strategy.map(|strategy| strategy.name().to_owned()),
        }),
    }
}

/// A simulated event as any other source would give it.
#[must_use]
pub fn activity_record(event: SimulatedEvent) -> ActivityRecord {
    ActivityRecord {
        account_key: simulated_key(event.account_id),
        occurred_at: event.occurred_at,
        action: event.action.to_owned(),
        content: event.content,
        device: event.device,
        ip: event.ip,
        target: event.target,
        country: event.country.map(str::to_owned),
    }
}

const ACCOUNT_COLUMNS: [&str; 15] = [
    "account_key",
    "created_at",
    "username",
    "display_name",
    "description",
    "location",
    "website",
    "has_avatar",
    "is_verified",
    "followers",
    "following",
    "language",
    "region",
    "is_bot",
    "strategy",
];

const ACTIVITY_COLUMNS: [&str; 8] =
    ["account_key", "occurred_at", "action", "content", "device", "ip", "target", "country"];

fn account_row(account: AccountRecord) -> Result<[String; 15], LoaderError> {
    let text = Option::unwrap_or_default;
    let flag = |value: Option<bool>| value.map(|value| value.to_string()).unwrap_or_default();
    let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
    let (is_bot, strategy) = account.label.map(|label| (label.is_bot, label.strategy)).unzip();
    Ok([
        account.key,
        account.created_at.map(time).transpose()?.unwrap_or_default(),
        text(account.username),
        text(account.display_name),
        text(account.description),
        text(account.location),
        text(account.website),
        flag(account.has_avatar),
        flag(account.is_verified),
        number(account.followers),
        number(account.following),
        text(account.language),
        text(account.region),
        flag(is_bot),
        text(strategy.flatten()),
    ])
}

fn activity_row(event: ActivityRecord) -> Result<[String; 8], LoaderError> {
    Ok([
        event.account_key,
        time(event.occurred_at)?,
        event.action,
        event.content.unwrap_or_default(),
        event.device.unwrap_or_default(),
        event.ip.map(|ip| ip.to_string()).unwrap_or_default(),
        event.target.unwrap_or_default(),
        event.country.unwrap_or_default(),
    ])
}

fn time(microseconds: i64) -> Result<String, LoaderError> {
    Ok(timestamp(microseconds)?.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
}

fn csv_writer(path: &Path) -> Result<csv::Writer<std::fs::File>, LoaderError> {
    csv::Writer::from_path(path).map_err(csv_error(path))
}

fn csv_error(path: &Path) -> impl Fn(csv::Error) -> LoaderError + '_ {
    |error| LoaderError::File { path: path.to_owned(), source: error.into() }
}
