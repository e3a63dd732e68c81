//! Domains, links and labels as files of comma-separated values, for the tables of the extension.

use std::io::Write;

use super::SimulatedBacklinks;
use crate::database::timestamp;
use crate::error::LoaderError;

fn time(microseconds: i64) -> Result<String, LoaderError> {
    Ok(timestamp(microseconds)?.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
}

fn written(error: ::csv::Error) -> LoaderError {
    LoaderError::Csv(error)
}

/// Writes the rows of `botdet.domain`. What is not known is an empty cell.
///
/// # Errors
/// [`LoaderError::Csv`] with what the file refuses.
pub fn write_domains(made: &SimulatedBacklinks, file: &mut impl Write) -> Result<(), LoaderError> {
    let mut writer = ::csv::Writer::from_writer(file);
    let header = ["domain", "rank", "registered_at", "ip", "registrar", "asn", "hosting", "is_unsafe"];
    writer.write_record(header).map_err(written)?;
    // A name that was drawn twice is one domain: the first.
    let mut known = std::collections::HashSet::new();
    for domain in made.domains.iter().filter(|domain| known.insert(domain.name.as_str())) {
        let facts = &domain.facts;
        let record = [
            domain.name.clone(),
            shown(facts.rank),
            facts.registered_at.map(time).transpose()?.unwrap_or_default(),
            shown(facts.ip),
            facts.registrar.clone().unwrap_or_default(),
            shown(facts.asn),
            facts.hosting.clone().unwrap_or_default(),
            shown(facts.is_unsafe),
        ];
        writer.write_record(record).map_err(written)?;
    }
    writer.flush().map_err(|error| written(error.into()))
}

/// Writes the rows of `botdet.backlink`.
///
/// # Errors
/// As [`write_domains`].
pub fn write_links(made: &SimulatedBacklinks, file: &mut impl Write) -> Result<(), LoaderError> {
    let mut writer = ::csv::Writer::from_writer(file);
    let header =
        ["backlink_id", "source_domain", "target", "anchor", "is_dofollow", "first_seen", "page_text"];
    writer.write_record(header).map_err(written)?;
    for link in &made.links {
        let record = [
            link.backlink_id.to_string(),
            made.domains[link.domain].name.clone(),
            link.target.clone(),
            link.anchor.clone().unwrap_or_default(),
            link.is_dofollow.to_string(),
            time(link.first_seen)?,
            link.page_text.clone().unwrap_or_default(),
        ];
        writer.write_record(record).map_err(written)?;
    }
    writer.flush().map_err(|error| written(error.into()))
}

/// Writes labels of the links: the network is what `botdet.label` calls strategy.
///
/// # Errors
/// As [`write_domains`].
pub fn write_labels(made: &SimulatedBacklinks, file: &mut impl Write) -> Result<(), LoaderError> {
    let mut writer = ::csv::Writer::from_writer(file);
    writer.write_record(["account_id", "detector", "is_bot", "strategy"]).map_err(written)?;
    for link in &made.links {
        let network = link.network.map_or_else(String::new, |network| format!("network-{network}"));
        let is_bot = link.network.is_some().to_string();
        let record = [link.backlink_id.to_string(), "backlink".to_owned(), is_bot, network];
        writer.write_record(record).map_err(written)?;
    }
    writer.flush().map_err(|error| written(error.into()))
}

fn shown(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}
