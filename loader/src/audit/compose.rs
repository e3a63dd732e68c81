//! From a version to its report: finds the rows of its training again, and has everything measured.

use botdet_models::artifact::Artifact;
use botdet_models::features::ACCOUNT_FEATURES;
use botdet_models::pipeline::Pipeline;
use postgres::Client;

use super::behaviour::Histories;
use super::importances::{importances, sample, sample_judged};
use super::robustness::{Changed, mimicry, missing, noise, robustness};
use super::rows::{self, Rows};
use super::{AuditRow, Judgement, columns, examples, fairness, figures, shortcuts};
use crate::error::LoaderError;
use crate::output::Output;
use crate::report::data::{
    Epoch, Estimate, Header, HeldOutStrategy, LeaveOneOut, Report, Stage, Training, TrainingRun, Trial, Zoo,
};
use crate::training::fit::{FitParams, open};
use crate::training::leave_one_out::leave_one_out;
use crate::training::record::{DataRecord, TrainingRecord};

/// What a report holds besides what is always there.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditOptions {
    /// Whether to train without each strategy in turn.
    pub leave_one_out: bool,
}

/// A version under examination.
pub struct Audit<'a> {
    client: &'a mut Client,
    artifact: &'a Artifact,
    version: &'a str,
    record: TrainingRecord,
    pipeline: Pipeline,
    rows: Rows,
    options: AuditOptions,
    output: Output,
}

impl<'a> Audit<'a> {
    /// Opens a version and reads its rows again.
    ///
    /// # Errors
    /// [`LoaderError::NoRecord`] when it does not say how it was trained; whatever reading refuses.
    pub fn new(
        client: &'a mut Client,
        artifact: &'a Artifact,
        version: &'a str,
        options: AuditOptions,
        output: Output,
    ) -> Result<Self, LoaderError> {
        let record = TrainingRecord::of(artifact.manifest())?;
        let pipeline = open(artifact)?;
        let rows = rows::read(client, &record, &pipeline, output)?;
        Ok(Self { client, artifact, version, record, pipeline, rows, options, output })
    }

    /// Measures everything.
    ///
    /// # Errors
    /// [`LoaderError`] when a stage cannot be run, or what it takes cannot be read.
    pub fn report(mut self) -> Result<Report, LoaderError> {
        let seed = self.record.seed;
        let decision = self.pipeline.decision().clone();
        let (threshold, automatic) = (decision.threshold, decision.automatic_threshold);
        let mut report = Report::new(self.header());
        let judged = Judgement::of(&mut self.pipeline, &self.rows.held_out)?;
        let Rows { training, held_out, split_method, nouns, .. } = &self.rows;

        report.headline = Some(figures::headline(&judged, threshold));
        report.data =
            Some(columns::summary(self.pipeline.columns(), training, held_out, split_method, nouns));
        let target = self.record.review_target.clone();
        report.decisions = Some(figures::decisions(&judged, threshold, automatic, target));
        report.thresholds = Some(figures::thresholds(&judged));
        report.curves = figures::curves(&judged);
        report.calibration = Some(figures::calibration(&judged, self.calibration_method()));
        report.scores = Some(figures::distribution(&judged));
        report.capacity = Some(figures::capacity(&judged));
        report.contributions = Some(examples::examples(&mut self.pipeline, held_out, &judged, threshold)?);
        report.fairness = fairness::fairness(held_out, &judged, threshold);
        let times = self.rows.times.as_deref();
        report.shortcuts =
            Some(shortcuts::shortcuts(self.pipeline.columns(), training, held_out, times, seed)?);
        report.drift = Some(columns::drift_baseline(&mut self.pipeline, training, held_out)?);
        let bar = self.output.progress(Some(100), "importances");
        report.importances = Some(importances(
            &mut self.pipeline,
            held_out,
            self.record.importances.as_deref(),
            seed,
            &mut |share| {
                bar.set_position((100.0 * share) as u64);
            },
        )?);
        bar.finish_and_clear();
        report.robustness = Some(self.robustness(&judged, threshold)?);
        report.leave_one_out = if self.options.leave_one_out { self.leave_one_out()? } else { None };
        report.training = self.training();
        report.zoo = self.zoo()?;
        report.notes = self.notes();
        Ok(report)
    }

    fn header(&self) -> Header {
        let manifest = self.artifact.manifest();
        let decision = self.pipeline.decision();
        let inputs = self.pipeline.columns().input_count();
        let stage = |name: &str, detail: String| Stage { name: name.to_owned(), detail };
        let mut stages = vec![stage("filter", format!("logistic regression over {inputs} inputs"))];
        if let Some(trees) = self.pipeline.trees() {
            let detail = format!("{} trees with {} nodes in all", trees.trees(), trees.nodes());
            stages.push(stage("trees", detail));
        }
        if decision.by_sequence.is_some() {
            stages.push(stage("sequence", "bidirectional GRU over the latest events".to_owned()));
        }
        if let Some(anomaly) = &decision.anomaly {
            let autoencoder = if anomaly.autoencoder.is_empty() { "" } else { " and autoencoder" };
            stages.push(stage("anomaly", format!("isolation forest{autoencoder}")));
        }
        stages.push(stage("calibration", format!("{}, intervals by Venn-Abers", self.calibration_method())));
        Header {
            detector: manifest.detector.clone(),
            version: self.version.to_owned(),
            nouns: self.rows.nouns.clone(),
            stages,
            created_at: chrono::Utc::now(),
            seed: manifest.seed,
            data: manifest.description.clone(),
            code_version: self.record.code_version.clone(),
            schema_fingerprint: manifest.schema.clone(),
        }
    }

    /// Of the stage that has the last word.
    fn calibration_method(&self) -> &'static str {
        let decision = self.pipeline.decision();
        let by_sequence = decision.by_sequence.as_ref().map(|combiners| &combiners.grown);
        let combiner = by_sequence.or(decision.by_trees.as_ref()).unwrap_or(&decision.by_filter);
        match combiner.method() {
            botdet_models::calibration::Method::Platt => "Platt",
            botdet_models::calibration::Method::Isotonic => "isotonic",
        }
    }

    fn robustness(
        &mut self,
        judged: &Judgement,
        threshold: f64,
    ) -> Result<crate::report::data::Robustness, LoaderError> {
        let seed = self.record.seed;
        let rows = sample(&self.rows.held_out, seed);
        let judged = sample_judged(judged, seed);
        let columns = self.pipeline.columns();
        let is_number: Vec<bool> =
            (0..columns.count()).map(|column| columns.levels(column).is_none()).collect();
        let bounds = |column: usize| match columns.schema() {
            None => (ACCOUNT_FEATURES[column].low, ACCOUNT_FEATURES[column].high),
            Some(_) => (f64::NEG_INFINITY, f64::INFINITY),
        };
        let mut changes: Vec<Changed> =
            vec![noise(&rows, &is_number, bounds, seed), missing(&rows, seed), mimicry(&rows, seed)];
        if let Some(account_ids) = self.rows.account_ids(&rows) {
            let histories = Histories::read(self.client, &account_ids)?;
            changes.extend([
                histories.dropped(&rows, seed),
                histories.jittered(&rows, seed),
                histories.mimicked(&rows, seed),
            ]);
        }
        Ok(robustness(&mut self.pipeline, &judged, threshold, changes)?)
    }

    fn leave_one_out(&mut self) -> Result<Option<LeaveOneOut>, LoaderError> {
        let DataRecord::Accounts { source } = &self.record.data else {
            return Ok(None);
        };
        let accounts = crate::training::dataset::labelled_accounts(self.client, source)?;
        let params = FitParams { seed: self.record.seed, ..FitParams::DEFAULT };
        let params = FitParams { epochs: self.record.epochs.len(), threads: 2, ..params };
        let bar = self.output.progress(Some(1000), "leaving one out");
        let found =
            leave_one_out(self.client, &accounts, params.check()?, &self.record, &mut |share, strategy| {
                bar.set_position((1000.0 * share) as u64);
                bar.set_message(format!("without {strategy}"));
            })?;
        bar.finish_and_clear();
        let recall = |value: Option<f64>| Estimate { value, ..Estimate::default() };
        let strategies = found.into_iter().map(|(strategy, found)| HeldOutStrategy {
            strategy,
            rows: found.accounts as u64,
            recall_seen: recall(found.seen_recall_at_1_percent),
            recall_unseen: recall(found.recall_at_1_percent),
            roc_auc_unseen: found.roc_auc,
        });
        Ok(Some(LeaveOneOut { false_positive_rate: Some(0.01), strategies: strategies.collect() }))
    }

    fn training(&self) -> Option<Training> {
        if self.record.epochs.is_empty() && self.record.trials.is_empty() {
            return None;
        }
        let trials = self.record.trials.iter().zip(1..).map(|(trial, number)| Trial {
            number,
            settings: match trial.share {
                share if share < 1.0 => format!("{}; on {:.0} % of the rows", trial.settings, 100.0 * share),
                _ => trial.settings.clone(),
            },
            score: trial.roc_auc,
            seconds: None,
        });
        let epochs = self.record.epochs.iter().zip(1..).map(|(epoch, number)| Epoch {
            number,
            training_loss: Some(epoch.training_loss),
            validation_loss: Some(epoch.validation_loss),
            learning_rate: None,
        });
        let best = self.record.epochs.iter().rposition(|epoch| epoch.is_best);
        let run = TrainingRun {
            name: "sequence model".to_owned(),
            epochs: epochs.collect(),
            best_epoch: best.map(|index| index as u64 + 1),
        };
        let runs = if run.epochs.is_empty() { Vec::new() } else { vec![run] };
        Some(Training { runs, search_measure: Some("ROC-AUC".to_owned()), trials: trials.collect() })
    }

    /// The latest comparison of models that was stored for the detector.
    fn zoo(&mut self) -> Result<Option<Zoo>, LoaderError> {
        crate::training::comparison::latest(self.client, &self.artifact.manifest().detector)
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            "All figures are measured on rows that no part of the training has seen, unless a section says otherwise; they \
             hold for rows like these."
                .to_owned(),
            "Probabilities are calibrated to the mix of classes among the training rows. Where the mix differs, precision \
             differs."
                .to_owned(),
        ];
        if self.rows.held_out.iter().any(|row| row.sequence.is_some()) {
            notes.push(
                "Where values are moved, go missing or are imitated, the sequence of events stays as it is; lost events, \
                 jittered gaps and mimicry of timing change both."
                    .to_owned(),
            );
        }
        if self.record.held_out_share == 0.0 {
            notes.push(
                "No rows were held out: what the version is judged on also stopped its training and weighed its stages."
                    .to_owned(),
            );
        }
        notes
    }
}

impl Rows {
    /// Numbers of accounts, where the rows are accounts.
    fn account_ids(&self, rows: &[AuditRow]) -> Option<Vec<i64>> {
        let numbers: Option<Vec<i64>> = rows.iter().map(|row| row.account_id).collect();
        numbers.filter(|numbers| !numbers.is_empty())
    }
}
