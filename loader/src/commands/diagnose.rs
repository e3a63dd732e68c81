//! `botdet diagnose`.

use std::path::PathBuf;

use botdet_models::engagement::{Metric, Series};
use clap::Args;
use postgres::Client;
use serde::Serialize;

use super::{DatabaseOptions, OutputOptions, check_place};
use crate::error::{LoaderError, at};
use crate::report::engagement::{Diagnosis, Truth, engagement_page};
use crate::simulate::engagement::TrueWindow;

/// Show hourly engagement with the hours that stand out, beside those known to be true: one HTML file with plots.
#[derive(Debug, Args)]
pub struct Diagnose {
    /// Accounts, or posts, of botdet.engagement_hourly; without any, those with the highest scores
    accounts: Vec<i64>,
    /// How many of those with the highest scores
    #[arg(long, default_value_t = 20, conflicts_with = "accounts", value_parser = clap::value_parser!(i64).range(1..=1000))]
    limit: i64,
    /// File for the page
    #[arg(long, default_value = "engagement.html")]
    out: PathBuf,
    #[command(flatten)]
    database: DatabaseOptions,
    #[command(flatten)]
    output: OutputOptions,
}

#[derive(Serialize)]
struct Written {
    accounts: usize,
    file: PathBuf,
    bytes: usize,
}

impl Diagnose {
    pub(super) fn run(self) -> Result<(), LoaderError> {
        let output = self.output.output();
        check_place(&self.out)?;
        let mut client = self.database.connect()?;
        let accounts =
            if self.accounts.is_empty() { most_suspicious(&mut client, self.limit)? } else { self.accounts };
        let shown =
            accounts.iter().map(|account| diagnosis(&mut client, *account)).collect::<Result<Vec<_>, _>>()?;
        let html = engagement_page(&shown);
        std::fs::write(&self.out, &html).map_err(at(&self.out))?;
        let written = Written { accounts: shown.len(), file: self.out, bytes: html.len() };
        output.figures(&written, || {
            format!(
                "engagement of {} accounts written to {}: open it in a browser",
                written.accounts,
                written.file.display()
            )
        })
    }
}

fn most_suspicious(client: &mut Client, limit: i64) -> Result<Vec<i64>, LoaderError> {
    let rows = client.query(include_str!("../sql/most_suspicious_engagement.sql"), &[&limit])?;
    if rows.is_empty() {
        return Err(LoaderError::NothingScored("engagement".to_owned()));
    }
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn diagnosis(client: &mut Client, account_id: i64) -> Result<Diagnosis, LoaderError> {
    let row = client.query_opt(include_str!("../sql/engagement_diagnosis.sql"), &[&account_id])?;
    let row = row.ok_or(LoaderError::NoEngagement(account_id))?;
    let (metrics, from, to): (Vec<String>, Vec<i64>, Vec<i64>) = (row.get(7), row.get(8), row.get(9));
    let windows = metrics.iter().zip(from.into_iter().zip(to)).filter_map(|(name, (from, to))| {
        let metric = Metric::ALL.into_iter().find(|metric| metric.name() == name)?;
        Some(TrueWindow { metric, from, to })
    });
    let is_known: bool = row.get(5);
    Ok(Diagnosis {
        account_id,
        series: Series::from_bytes(row.get(0))?,
        probability: row.get(1),
        stage: row.get(2),
        version: row.get(3),
        reasons: row.get::<_, Option<Vec<String>>>(4).unwrap_or_default(),
        truth: is_known.then(|| Truth { attack: row.get(6), windows: windows.collect() }),
    })
}
