//! `botdet simulate`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use botdet_models::backlink::BACKLINK;
use botdet_models::engagement::ENGAGEMENT;
use botdet_models::pipeline::ACCOUNT;
use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};

use super::links::write_simulated;
use super::train_table::SPAMMER;
use super::{OutputOptions, check_unused};
use crate::database::timestamp;
use crate::error::{LoaderError, at};
use crate::records::{AccountRecord, ActivityRecord, LabelRecord};
use crate::simulate::backlinks::BacklinkParams;
use crate::simulate::engagement::{
    EngagementConfig, EngagementParams, engagement_series, write_hours, write_hours_header, write_windows,
    write_windows_header,
};
use crate::simulate::spammer::{SpammerConfig, SpammerParams, spammer_rows, write_csv};
use crate::simulate::{SimulatedAccount, SimulatedEvent, Simulation, SimulationParams};

/// What to simulate.
#[derive(Clone, Debug, Args)]
pub struct SimulationOptions {
    /// Accounts [default: 3000; 458798 for the spammer detector, 500 for engagement]
    #[arg(long)]
    pub accounts: Option<u32>,
    /// Share of the accounts that are bots [default: a third; 0.0269 for the spammer detector, 0.35 for engagement]
    #[arg(long)]
    pub bot_share: Option<f64>,
    /// Days of activity [default: 30; other detectors have none]
    #[arg(long)]
    pub days: Option<u32>,
    /// Seed: the same seed gives the same accounts
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// First instant after the simulated activity [default: 2026-01-01T00:00:00Z; the spammer detector has none]
    #[arg(long)]
    pub until: Option<DateTime<Utc>>,
}

impl SimulationOptions {
    /// Checks the options.
    ///
    /// # Errors
    /// [`LoaderError::Simulation`] with the one that is impossible.
    pub fn simulation(&self) -> Result<Simulation, LoaderError> {
        let defaults = SimulationParams::default();
        let params = SimulationParams {
            accounts: self.accounts(),
            bot_share: self.bot_share.unwrap_or(defaults.bot_share),
            days: self.days.unwrap_or(defaults.days),
            seed: self.seed,
            end: self.until.map_or(defaults.end, |until| until.timestamp_micros()),
            ..defaults
        };
        Ok(Simulation::new(params.check()?))
    }

    /// Accounts with activity.
    #[must_use]
    pub fn accounts(&self) -> u32 {
        self.accounts.unwrap_or(SimulationParams::default().accounts)
    }

    /// Checks the options for the wide table.
    fn spammers(&self) -> Result<SpammerConfig, LoaderError> {
        check_unused(SPAMMER, [("--days", self.days.is_some()), ("--until", self.until.is_some())])?;
        let defaults = SpammerParams::default();
        let params = SpammerParams {
            accounts: self.accounts.unwrap_or(defaults.accounts),
            spammer_share: self.bot_share.unwrap_or(defaults.spammer_share),
            seed: self.seed,
        };
        Ok(params.check()?)
    }
}

impl SimulationOptions {
    /// Checks the options for engagement.
    fn engagement(&self, hours: Option<u32>) -> Result<EngagementConfig, LoaderError> {
        check_unused(ENGAGEMENT, [("--days", self.days.is_some())])?;
        let defaults = EngagementParams::default();
        let params = EngagementParams {
            accounts: self.accounts.unwrap_or(defaults.accounts),
            hours: hours.unwrap_or(defaults.hours),
            fake_share: self.bot_share.unwrap_or(defaults.fake_share),
            end: self.until.map_or(defaults.end, |until| until.timestamp_micros()),
            seed: self.seed,
            ..defaults
        };
        Ok(params.check()?)
    }
}

/// Detectors that there is a simulation for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SimulatedDetector {
    /// Accounts and their activity
    Account,
    /// One row of 51 numbers an account
    Spammer,
    /// Hourly views, likes, comments and shares of accounts, and when they were attacked
    Engagement,
    /// Links between domains, ordinary ones and those of private networks
    Backlink,
}

impl SimulatedDetector {
    fn name(self) -> &'static str {
        match self {
            Self::Account => ACCOUNT,
            Self::Spammer => SPAMMER,
            Self::Engagement => ENGAGEMENT,
            Self::Backlink => BACKLINK,
        }
    }
}

/// Write simulated accounts to files that `botdet load` reads: profiles and activity as NDJSON, or a wide table as CSV.
#[derive(Debug, Args)]
pub struct Simulate {
    /// What the accounts are to be judged by
    #[arg(long, value_enum, default_value_t = SimulatedDetector::Account)]
    detector: SimulatedDetector,
    #[command(flatten)]
    simulation: SimulationOptions,
    /// Hours of each account's engagement [default: 336; only the engagement detector has any]
    #[arg(long)]
    hours: Option<u32>,
    /// Links, about [default: 20000; only the backlink detector has any]
    #[arg(long)]
    links: Option<u32>,
    /// Folder for accounts.ndjson and activity.ndjson, or spammer.csv, or engagement.csv and windows.csv, or domain.csv, backlink.csv
    /// and label.csv; made if it is not there
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

#[derive(Serialize)]
struct WrittenTable {
    accounts: u64,
    spammers: u64,
}

#[derive(Serialize)]
struct WrittenEngagement {
    accounts: u64,
    attacked: u64,
    hours: u64,
}

impl Simulate {
    pub(super) fn run(self) -> Result<(), LoaderError> {
        if self.detector != SimulatedDetector::Engagement {
            check_unused(self.detector.name(), [("--hours", self.hours.is_some())])?;
        }
        if self.detector != SimulatedDetector::Backlink {
            check_unused(self.detector.name(), [("--links", self.links.is_some())])?;
        }
        match self.detector {
            SimulatedDetector::Backlink => self.write_links(),
            SimulatedDetector::Account => self.write_activity(),
            SimulatedDetector::Spammer => self.write_table(),
            SimulatedDetector::Engagement => self.write_engagement(),
        }
    }

    fn write_links(self) -> Result<(), LoaderError> {
        let (simulation, defaults) = (&self.simulation, BacklinkParams::default());
        let unused = [("--accounts", simulation.accounts.is_some()), ("--days", simulation.days.is_some())];
        check_unused(BACKLINK, unused)?;
        let params = BacklinkParams {
            links: self.links.unwrap_or(defaults.links),
            network_share: simulation.bot_share.unwrap_or(defaults.network_share),
            seed: simulation.seed,
            end: simulation.until.map_or(defaults.end, |until| until.timestamp_micros()),
        };
        let written = write_simulated(&params.check()?, &self.out)?;
        self.output.output().figures(&written, || {
            format!(
                "{} domains and {} links ({} by {} networks) in {}",
                written.domains,
                written.links,
                written.network_links,
                written.networks,
                self.out.display()
            )
        })
    }

    fn write_table(self) -> Result<(), LoaderError> {
        let config = self.simulation.spammers()?;
        std::fs::create_dir_all(&self.out).map_err(at(&self.out))?;
        let path = self.out.join("spammer.csv");
        let mut file = BufWriter::new(File::create(&path).map_err(at(&path))?);
        let output = self.output.output();
        let bar = output.progress(Some(config.accounts() as u64), "simulating");
        let accounts = write_csv(spammer_rows(&config), &mut file, &mut || bar.inc(1)).map_err(at(&path))?;
        bar.finish_and_clear();
        file.flush().map_err(at(&path))?;
        let written = WrittenTable { accounts, spammers: config.reported() as u64 };
        output.figures(&written, || {
            format!("{} accounts ({} spammers) in {}", written.accounts, written.spammers, path.display())
        })
    }

    fn write_engagement(self) -> Result<(), LoaderError> {
        let config = self.simulation.engagement(self.hours)?;
        std::fs::create_dir_all(&self.out).map_err(at(&self.out))?;
        let (hours_path, windows_path) = (self.out.join("engagement.csv"), self.out.join("windows.csv"));
        let create = |path: &PathBuf| File::create(path).map(BufWriter::new).map_err(at(path));
        let (mut hours, mut windows) = (create(&hours_path)?, create(&windows_path)?);
        write_hours_header(&mut hours).map_err(at(&hours_path))?;
        write_windows_header(&mut windows).map_err(at(&windows_path))?;
        let output = self.output.output();
        let bar = output.progress(Some(u64::from(config.params().accounts)), "simulating");
        let mut written = WrittenEngagement { accounts: 0, attacked: 0, hours: 0 };
        for series in engagement_series(&config) {
            written.accounts += 1;
            written.attacked += u64::from(series.attack.is_some());
            written.hours += write_hours(&series, &mut hours).map_err(at(&hours_path))?;
            write_windows(&series, &mut windows).map_err(at(&windows_path))?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        hours.flush().map_err(at(&hours_path))?;
        windows.flush().map_err(at(&windows_path))?;
        output.figures(&written, || {
            format!(
                "{} accounts ({} attacked) and {} hours in {}",
                written.accounts,
                written.attacked,
                written.hours,
                self.out.display()
            )
        })
    }

    fn write_activity(self) -> Result<(), LoaderError> {
        let simulation = self.simulation.simulation()?;
        std::fs::create_dir_all(&self.out).map_err(at(&self.out))?;
        let mut written = Written { accounts: 0, bots: 0, events: 0 };

        let path = self.out.join("accounts.ndjson");
        let mut file = BufWriter::new(File::create(&path).map_err(at(&path))?);
        for account in simulation.accounts() {
            written.accounts += 1;
            written.bots += u64::from(account.label);
            write_line(&mut file, &account_json(&account_record(account))?).map_err(at(&path))?;
        }
        file.flush().map_err(at(&path))?;

        let path = self.out.join("activity.ndjson");
        let mut file = BufWriter::new(File::create(&path).map_err(at(&path))?);
        let bar = self.output.output().progress(Some(u64::from(self.simulation.accounts())), "simulating");
        for events in simulation.events() {
            written.events += events.len() as u64;
            for event in events {
                write_line(&mut file, &activity_json(&activity_record(event))?).map_err(at(&path))?;
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        file.flush().map_err(at(&path))?;
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

/// Unlike a cell of a table, a field can tell not known (null) from known to be empty.
fn account_json(account: &AccountRecord) -> Result<Value, LoaderError> {
    Ok(json!({
        "account_key": account.key,
        "created_at": account.created_at.map(time).transpose()?,
        "username": account.username,
        "display_name": account.display_name,
        "description": account.description,
        "location": account.location,
        "website": account.website,
        "has_avatar": account.has_avatar,
        "is_verified": account.is_verified,
        "followers": account.followers,
        "following": account.following,
        "language": account.language,
        "region": account.region,
        "is_bot": account.label.as_ref().map(|label| label.is_bot),
        "strategy": account.label.as_ref().and_then(|label| label.strategy.as_ref()),
    }))
}

fn activity_json(event: &ActivityRecord) -> Result<Value, LoaderError> {
    Ok(json!({
        "account_key": event.account_key,
        "occurred_at": time(event.occurred_at)?,
        "action": event.action,
        "content": event.content,
        "device": event.device,
        "ip": event.ip,
        "target": event.target,
        "country": event.country,
    }))
}

fn time(microseconds: i64) -> Result<String, LoaderError> {
    Ok(timestamp(microseconds)?.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
}

fn write_line(file: &mut impl Write, value: &Value) -> std::io::Result<()> {
    writeln!(file, "{value}")
}
