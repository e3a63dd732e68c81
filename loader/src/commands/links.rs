//! What the commands do for detector backlink: its files, its table to learn from, and figures on networks held out.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::ops::ControlFlow;
use std::path::Path;

use botdet_models::artifact::Artifact;
use botdet_models::backlink::{BACKLINK, Parts, Signals, TEXTS};
use botdet_models::metrics::Ranked;
use postgres::Client;
use serde::Serialize;

use super::training_options::ModelOptions;
use crate::error::{LoaderError, at};
use crate::output::{Output, figure};
use crate::simulate::backlinks::{
    BacklinkConfig, simulate_backlinks, write_domains, write_labels, write_links,
};
use crate::tables::{Existing, TableData, TableSource, load_csv, read_table};
use crate::training::record::DataRecord;
use crate::training::table::{TableSplit, score_rows, train_table, values};

/// Columns that come of comparing pages.
const OF_PAGES: [&str; 2] = ["similarity", "text_words"];
/// Columns of links that nothing is learned from: names, and numbers that only tell apart.
const NOT_LEARNED: [&str; 2] = ["asn", "first_seen"];

/// The files of a folder, with the tables that they are for.
const FILES: [(&str, &str); 2] = [("domain.csv", "botdet.domain"), ("backlink.csv", "botdet.backlink")];
const LABELS: &str = "label.csv";

/// The table that detector backlink learns from: links of one network stay together.
#[must_use]
pub fn link_source() -> TableSource {
    TableSource {
        relation: "botdet.backlink_training".to_owned(),
        key: "backlink_id".to_owned(),
        label: "is_network".to_owned(),
        ignored: TEXTS.iter().chain(&NOT_LEARNED).map(|name| (*name).to_owned()).collect(),
        group: Some("network".to_owned()),
        ..TableSource::default()
    }
}

/// What a simulation of links has written.
#[derive(Debug, Serialize)]
pub struct WrittenLinks {
    /// Domains that set links.
    pub domains: usize,
    /// Links.
    pub links: usize,
    /// Links among them that networks have set.
    pub network_links: usize,
    /// Networks.
    pub networks: usize,
}

/// Simulates links, and writes them into a folder.
///
/// # Errors
/// [`LoaderError::File`] or [`LoaderError::Csv`] with what cannot be written.
pub fn write_simulated(config: &BacklinkConfig, folder: &Path) -> Result<WrittenLinks, LoaderError> {
    std::fs::create_dir_all(folder).map_err(at(folder))?;
    let made = simulate_backlinks(config);
    let create = |name: &str| {
        let path = folder.join(name);
        Ok::<_, LoaderError>(BufWriter::new(File::create(&path).map_err(at(&path))?))
    };
    write_domains(&made, &mut create(FILES[0].0)?)?;
    write_links(&made, &mut create(FILES[1].0)?)?;
    write_labels(&made, &mut create(LABELS)?)?;
    let mut networks: Vec<u32> = made.links.iter().filter_map(|link| link.network).collect();
    let network_links = networks.len();
    networks.sort_unstable();
    networks.dedup();
    Ok(WrittenLinks {
        domains: made.domains.len(),
        links: made.links.len(),
        network_links,
        networks: networks.len(),
    })
}

/// What loading links did.
#[derive(Debug, Serialize)]
pub struct LoadedLinks {
    /// Domains that were loaded.
    pub domains: u64,
    /// Links that were loaded.
    pub links: u64,
    /// Labels that were loaded.
    pub labels: u64,
    /// Pages that were compared.
    pub pages: i64,
}

/// Loads the files of a folder, and compares the pages. Labels may be absent.
///
/// # Errors
/// As [`load_csv`].
pub fn load_links(client: &mut Client, folder: &Path, replace: bool) -> Result<LoadedLinks, LoaderError> {
    let existing = if replace { Existing::Replace } else { Existing::Refuse };
    let mut rows = [0; 2];
    for ((file, table), rows) in FILES.iter().zip(&mut rows) {
        (*rows, _) = load_csv(client, table, &folder.join(file), existing, &mut |_| {})?;
    }
    let labels = folder.join(LABELS);
    let labels = if labels.exists() {
        if replace {
            client.execute(include_str!("../sql/delete_labels.sql"), &[&BACKLINK])?;
        }
        load_csv(client, "botdet.label", &labels, Existing::Keep, &mut |_| {})?.0
    } else {
        0
    };
    client.execute(include_str!("../sql/advance_backlink_id.sql"), &[])?;
    Ok(LoadedLinks { domains: rows[0], links: rows[1], labels, pages: compare_pages(client)? })
}

/// Compares the pages of all links, for their features to know.
///
/// # Errors
/// [`LoaderError::Database`].
pub fn compare_pages(client: &mut Client) -> Result<i64, LoaderError> {
    Ok(client.query_one(include_str!("../sql/compare_pages.sql"), &[])?.get(0))
}

/// Areas under the ROC curve on links of networks that nothing was learned from.
#[derive(Debug, Serialize)]
pub struct LinkFigures {
    /// Links held out.
    pub links: usize,
    /// Links among them that networks have set.
    pub network_links: usize,
    /// Networks they are of.
    pub networks: usize,
    /// The weighted signals, which need no training.
    pub signals: Option<f64>,
    /// The signals joined with rules and similarity of pages.
    pub signals_joined: Option<f64>,
    /// Similarity of pages alone.
    pub similarity: Option<f64>,
    /// Rules alone.
    pub rules: Option<f64>,
    /// A model that does not know of pages.
    pub trained_without_pages: Option<f64>,
    /// A model that does.
    pub trained: Option<f64>,
    /// That model joined with rules and similarity: what a link's score is.
    pub trained_joined: Option<f64>,
}

/// Trains on some networks, and judges on the others.
///
/// # Errors
/// As [`train_table`].
pub fn evaluate_links(
    client: &mut Client,
    options: &ModelOptions,
    output: Output,
) -> Result<LinkFigures, LoaderError> {
    compare_pages(client)?;
    let source = link_source();
    let mut without = source.clone();
    without.ignored.extend(OF_PAGES.map(str::to_owned));
    let data = read_table(client, &source, &mut || Ok(()))?;
    let data_without = read_table(client, &without, &mut || Ok(()))?;
    let bar = output.progress(Some(200), "training");
    let train = |data: &TableData, source: &TableSource, begins: f64| {
        let record = options.record(DataRecord::Table(source.clone()));
        train_table(BACKLINK, data, options.params()?.check()?, record, &mut |share| {
            bar.set_position((100.0 * (begins + share)) as u64);
            ControlFlow::Continue(())
        })
    };
    let trained = train(&data, &source, 0.0)?;
    let trained_without = train(&data_without, &without, 1.0)?;
    bar.finish_and_clear();
    let parts = parts_by_server(client)?;
    let rows = &trained.split.held_out;
    let by_model = probabilities(&trained.artifact, &data, rows)?;
    let by_model_without = probabilities(&trained_without.artifact, &data_without, rows)?;
    let by_signals: Vec<Option<f64>> = rows.iter().map(|row| signals(&data, *row)).collect();
    let of = |row: &usize| parts.get(&data.keys[*row]).copied().unwrap_or_default();
    let joined = |by: &dyn Fn(usize) -> Option<f64>| -> Vec<Option<f64>> {
        let join = |(index, row)| Parts { model: by(index), ..of(row) }.probability();
        rows.iter().enumerate().map(join).collect()
    };
    let labels: Vec<bool> = rows.iter().map(|row| data.labels[*row]).collect();
    let area = |scores: &[Option<f64>]| {
        let scores: Vec<f64> = scores.iter().map(|score| score.unwrap_or(0.0)).collect();
        Ranked::of(&scores, &labels).roc_auc()
    };
    Ok(LinkFigures {
        links: rows.len(),
        network_links: labels.iter().filter(|label| **label).count(),
        networks: networks(&data, &trained.split),
        signals: area(&by_signals),
        signals_joined: area(&joined(&|index| by_signals[index])),
        similarity: area(&rows.iter().map(|row| of(row).similarity).collect::<Vec<_>>()),
        rules: area(&rows.iter().map(|row| of(row).rules).collect::<Vec<_>>()),
        trained_without_pages: area(&by_model_without),
        trained: area(&by_model),
        trained_joined: area(&joined(&|index| by_model[index])),
    })
}

/// Rules and similarity of every link, as the server has them.
fn parts_by_server(client: &mut Client) -> Result<HashMap<String, Parts>, LoaderError> {
    let rows = client.query(include_str!("../sql/parts_of_links.sql"), &[])?;
    Ok(rows
        .iter()
        .map(|row| (row.get(0), Parts { model: None, rules: row.get(1), similarity: row.get(2) }))
        .collect())
}

fn probabilities(
    artifact: &Artifact,
    data: &TableData,
    rows: &[usize],
) -> Result<Vec<Option<f64>>, LoaderError> {
    let values: Vec<Vec<Option<f64>>> = rows.iter().map(|row| values(data, *row)).collect();
    let scores = score_rows(artifact, &values)?;
    Ok(scores.into_iter().map(|score| Some(score.probability)).collect())
}

fn signals(data: &TableData, row: usize) -> Option<f64> {
    let values = values(data, row);
    let value = |name: &str| {
        let column = data.columns.iter().position(|column| column.name == name)?;
        values[column]
    };
    Signals::of(value).probability()
}

fn networks(data: &TableData, split: &TableSplit) -> usize {
    let groups = data.groups.as_deref().unwrap_or_default();
    let of_networks = split.held_out.iter().filter(|row| data.labels[**row]);
    let mut names: Vec<&str> = of_networks.filter_map(|row| groups.get(*row)).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.len()
}

/// The figures, for people.
#[must_use]
pub fn links_table(figures: &LinkFigures) -> String {
    let mut table = format!(
        "{} links held out, {} of them set by {} networks that nothing was learned from\n\n{:<44}{:>10}\n",
        figures.links, figures.network_links, figures.networks, "", "ROC-AUC"
    );
    for (name, area) in [
        ("weighted signals, without training", figures.signals),
        ("similarity of pages alone", figures.similarity),
        ("rules alone", figures.rules),
        ("signals, rules and similarity joined", figures.signals_joined),
        ("trained, without pages", figures.trained_without_pages),
        ("trained", figures.trained),
        ("trained, rules and similarity joined", figures.trained_joined),
    ] {
        table.push_str(&format!("{name:<44}{:>10}\n", figure(area)));
    }
    table
}
