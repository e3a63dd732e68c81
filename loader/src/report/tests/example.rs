//! A report with everything in it. The figures hang together: all come from one set of made-up scores.

use chrono::{TimeZone, Utc};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::example_trust;
use crate::report::data::{
    Calibration, Capacity, CapacityPoint, ClassCount, Column, ColumnKind, Counts, Curves, DataSummary,
    Decisions, DriftBaseline, DriftColumn, Epoch, Estimate, Header, Headline, HeadlineFigure, Interval,
    Measure, ModelCurves, Noun, Nouns, OperatingPoint, PrecisionRecallPoint, Quantiles, ReliabilityBin,
    Report, RocPoint, Role, ScoreDistribution, SplitPart, Stage, ThresholdRow, Training, TrainingRun, Trial,
    Zoo, ZooEntry,
};

pub const COLUMNS: [&str; 24] = [
    "urgent_message_count",
    "messages_sent_total",
    "messages_sent_last_30_days",
    "verification_level",
    "off_platform_mentions",
    "link_count",
    "profile_completion",
    "messages_per_day",
    "risk_level",
    "incomplete_order_count",
    "verified_review_count",
    "country_tier",
    "phone_verified",
    "user_flag_count",
    "username_has_numbers",
    "disposable_email",
    "payment_verified",
    "has_profile_picture",
    "asked_credentials",
    "very_short_messages",
    "unsolicited_contact",
    "rapid_messaging",
    "headless_browser",
    "captcha_defeated",
];

pub fn value(value: f64) -> Estimate {
    Estimate { value: Some(value), ..Estimate::default() }
}

pub fn between(value: f64, low: f64, high: f64) -> Estimate {
    Estimate { value: Some(value), interval: Some(Interval { low, high }), absent_because: None }
}

pub fn absent(reason: &str) -> Estimate {
    Estimate { absent_because: Some(reason.to_owned()), ..Estimate::default() }
}

pub fn noun(singular: &str, plural: &str) -> Noun {
    Noun { singular: singular.to_owned(), plural: plural.to_owned() }
}

pub fn header() -> Header {
    let stage = |name: &str, detail: &str| Stage { name: name.to_owned(), detail: detail.to_owned() };
    Header {
        detector: "spammer".to_owned(),
        version: "2025-03-14.2".to_owned(),
        nouns: Nouns {
            row: noun("account", "accounts"),
            positive: noun("spammer", "spammers"),
            negative: noun("ordinary user", "ordinary users"),
        },
        stages: vec![
            stage("filter", "logistic regression over 51 columns; decides 71 % of the rows alone"),
            stage("trees", "histogram boosting, 412 trees of 31 leaves"),
            stage("calibrate", "isotonic on 45,880 rows held back"),
            stage("interval", "Venn-Abers"),
            stage("anomaly", "isolation forest, contamination 0.1"),
        ],
        created_at: Utc.with_ymd_and_hms(2025, 3, 14, 9, 26, 53).single().expect("a moment"),
        seed: 42,
        data: "table public.accounts, key account_id, label is_spammer".to_owned(),
        code_version: "0.1.0".to_owned(),
        schema_fingerprint: "9f2c41d0a7be6633".to_owned(),
    }
}

struct Scored {
    rows: Vec<(f64, bool)>,
}

impl Scored {
    fn new(rows: usize, prevalence: f64, sharpness: f64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut rows: Vec<(f64, bool)> = (0..rows)
            .map(|_| {
                let is_positive = random.random_bool(prevalence);
                let noise: f64 = (0..6).map(|_| random.random_range(-1.0..1.0)).sum();
                let logit = noise * 1.5 + if is_positive { sharpness - 2.2 } else { -3.6 };
                (1.0 / (1.0 + (-logit).exp()), is_positive)
            })
            .collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        Self { rows }
    }

    fn at(&self, threshold: f64) -> Counts {
        let mut counts = Counts::default();
        for (score, is_positive) in &self.rows {
            *match (*score >= threshold, *is_positive) {
                (true, true) => &mut counts.true_positives,
                (true, false) => &mut counts.false_positives,
                (false, false) => &mut counts.true_negatives,
                (false, true) => &mut counts.false_negatives,
            } += 1;
        }
        counts
    }

    fn model(&self, name: &str, roc_auc: Estimate, pr_auc: Estimate) -> ModelCurves {
        let positives = self.rows.iter().filter(|row| row.1).count() as f64;
        let negatives = self.rows.len() as f64 - positives;
        let mut model = ModelCurves {
            name: name.to_owned(),
            roc: vec![RocPoint { false_positive_rate: 0.0, true_positive_rate: 0.0, threshold: None }],
            precision_recall: vec![PrecisionRecallPoint { recall: 0.0, precision: 1.0, threshold: None }],
            roc_auc,
            pr_auc,
        };
        let (mut found, mut wrong) = (0.0, 0.0);
        for (index, (score, is_positive)) in self.rows.iter().enumerate() {
            *if *is_positive { &mut found } else { &mut wrong } += 1.0;
            if index % 8 != 7 {
                continue;
            }
            let (recall, threshold) = (found / positives, Some(*score));
            let false_positive_rate = wrong / negatives;
            model.roc.push(RocPoint { false_positive_rate, true_positive_rate: recall, threshold });
            let precision = found / (found + wrong);
            model.precision_recall.push(PrecisionRecallPoint { recall, precision, threshold });
        }
        model
    }

    fn bins(&self, bend: f64) -> Vec<ReliabilityBin> {
        let bin = |index: i32| {
            let (low, high) = (f64::from(index) / 10.0, f64::from(index + 1) / 10.0);
            let inside: Vec<_> = self.rows.iter().filter(|row| row.0 >= low && row.0 < high).collect();
            let rows = inside.len() as f64;
            let mean = inside.iter().map(|row| row.0).sum::<f64>() / rows;
            let observed = (mean + bend * mean * (1.0 - mean) * (mean - 0.4)).clamp(0.0, 1.0);
            let half = 1.96 * (observed * (1.0 - observed) / rows).sqrt();
            let interval = Interval { low: (observed - half).max(0.0), high: (observed + half).min(1.0) };
            ReliabilityBin {
                low,
                high,
                rows: inside.len() as u64,
                mean_predicted: (rows > 0.0).then_some(mean),
                observed: (rows > 0.0).then_some(observed),
                interval: (rows > 0.0).then_some(interval),
            }
        };
        (0..10).map(bin).collect()
    }
}

pub fn report() -> Report {
    let scored = Scored::new(20_000, 0.12, 5.2);
    let filter = Scored::new(20_000, 0.12, 3.4);
    let positives = scored.rows.iter().filter(|row| row.1).count() as u64;
    let mut report = Report::new(header());
    report.headline = Some(headline(positives));
    report.data = Some(data());
    report.decisions = Some(decisions(&scored));
    let threshold = |step: u32| f64::from(step) / 20.0;
    let row = |step| ThresholdRow { threshold: threshold(step), counts: scored.at(threshold(step)) };
    report.thresholds = Some((1..20).map(row).collect());
    report.curves = Some(Curves {
        models: vec![
            scored.model("pipeline", between(0.9581, 0.9532, 0.9627), between(0.8412, 0.8270, 0.8549)),
            filter.model("filter alone", between(0.8893, 0.8811, 0.8974), between(0.6210, 0.6021, 0.6403)),
        ],
        prevalence: Some(0.12),
    });
    report.calibration = Some(Calibration {
        method: Some("isotonic regression".to_owned()),
        bins: scored.bins(0.2),
        uncalibrated: scored.bins(-1.6),
        expected_error: between(0.0094, 0.0071, 0.0122),
        maximum_error: value(0.031),
    });
    let edges: Vec<f64> = (0..=40).map(|edge| f64::from(edge) / 40.0).collect();
    let counts = |class: bool| {
        let inside = |low: f64, high: f64| {
            scored.rows.iter().filter(move |r| r.1 == class && r.0 >= low && r.0 < high)
        };
        edges.windows(2).map(|pair| inside(pair[0], pair[1]).count() as u64).collect()
    };
    report.scores =
        Some(ScoreDistribution { positive: counts(true), negative: counts(false), edges: edges.clone() });
    report.capacity = Some(capacity(&scored, positives));
    report.importances = Some(example_trust::importances());
    report.contributions = Some(example_trust::contributions());
    report.fairness = Some(example_trust::fairness());
    report.robustness = Some(example_trust::robustness());
    report.leave_one_out = Some(example_trust::leave_one_out());
    report.shortcuts = Some(example_trust::shortcuts());
    report.drift = Some(drift());
    report.zoo = Some(zoo());
    report.training = Some(training());
    report.notes = vec![
        "The rows are simulated: figures on real accounts will be lower.".to_owned(),
        "Labels are right for about 97 % of the rows, so that no model can reach a precision of 100 %."
            .to_owned(),
        "Groups of fewer than 50 accounts are left out of the comparison.".to_owned(),
    ];
    report
}

fn headline(positives: u64) -> Headline {
    let figure = |measure, estimate| HeadlineFigure { measure, estimate };
    Headline {
        rows: 20_000,
        positives,
        confidence_level: 0.95,
        interval_method: "bootstrap of 1,000 draws, stratified by class".to_owned(),
        figures: vec![
            figure(Measure::RocAuc, between(0.9581, 0.9532, 0.9627)),
            figure(Measure::PrAuc, between(0.8412, 0.8270, 0.8549)),
            figure(Measure::F1, between(0.7711, 0.7598, 0.7822)),
            figure(Measure::Precision, between(0.8216, 0.8044, 0.8371)),
            figure(Measure::Recall, between(0.7264, 0.7080, 0.7441)),
            figure(Measure::RecallAtOnePercent, between(0.6527, 0.6318, 0.6750)),
            figure(Measure::FalsePositiveRate, between(0.0214, 0.0193, 0.0236)),
            figure(Measure::Accuracy, between(0.9481, 0.9450, 0.9511)),
            figure(Measure::Brier, between(0.0392, 0.0375, 0.0410)),
            figure(Measure::CalibrationError, between(0.0094, 0.0071, 0.0122)),
            figure(Measure::LogLoss, absent("a probability is 0")),
        ],
    }
}

fn decisions(scored: &Scored) -> Decisions {
    let point = |role, threshold: f64, target: &str| OperatingPoint {
        role,
        threshold,
        target: Some(target.to_owned()),
        counts: scored.at(threshold),
    };
    Decisions {
        points: vec![
            point(Role::Review, 0.55, "200 reviews a day"),
            point(Role::AutomaticAction, 0.9, "precision of at least 99 %"),
        ],
    }
}

fn capacity(scored: &Scored, positives: u64) -> Capacity {
    let point = |reviewed: usize| {
        let found = scored.rows[..reviewed].iter().filter(|row| row.1).count() as f64;
        let precision = found / reviewed as f64;
        let half = 1.96 * (precision * (1.0 - precision) / reviewed as f64).sqrt();
        CapacityPoint {
            reviewed: reviewed as u64,
            precision,
            recall: Some(found / positives as f64),
            interval: Some(Interval { low: precision - half, high: (precision + half).min(1.0) }),
        }
    };
    let points = (1..=40).map(|step| point(step * 100)).collect();
    Capacity { points, chosen: Some(1_400), period: Some("week".to_owned()) }
}

fn data() -> DataSummary {
    let columns = COLUMNS.iter().enumerate().map(|(index, name)| {
        let scale = [1.0, 40.0, 12.5, 0.31, 1.7e7][index % 5];
        let is_binary = index > 13;
        let quantiles = Quantiles {
            minimum: 0.0,
            p5: 0.2 * scale,
            p25: 1.1 * scale,
            median: 2.4 * scale,
            p75: 4.6 * scale,
            p95: 9.0 * scale,
            maximum: 71.0 * scale,
        };
        Column {
            name: (*name).to_owned(),
            kind: if is_binary { ColumnKind::Boolean } else { ColumnKind::Number },
            missing: if index == 12 { 0.000_013 } else { [0.0, 0.0, 0.0, 0.124][index % 4] },
            distinct: Some(if is_binary { 2 } else { 31 + 412 * index as u64 }),
            quantiles: (!is_binary).then_some(quantiles),
            roc_auc: Some(
                0.5 + 0.38 * (-(index as f64) / 5.0).exp() * if index % 3 == 1 { -1.0 } else { 1.0 },
            ),
        }
    });
    let class = |name: &str, is_positive, rows| ClassCount { name: name.to_owned(), is_positive, rows };
    let part = |name: &str, rows, positives| SplitPart { name: name.to_owned(), rows, positives };
    DataSummary {
        rows: 100_000,
        classes: vec![class("ordinary user", false, 88_000), class("spammer", true, 12_000)],
        split_method: Some("stratified by class, no account in two parts".to_owned()),
        splits: vec![
            part("training", 60_000, 7_200),
            part("validation", 10_000, 1_200),
            part("calibration", 10_000, 1_200),
            part("test", 20_000, 2_400),
        ],
        columns: columns.collect(),
    }
}

fn drift() -> DriftBaseline {
    let columns = COLUMNS.iter().enumerate().map(|(index, name)| DriftColumn {
        name: (*name).to_owned(),
        edges: (1..10).map(|edge| f64::from(edge * edge) * (1.0 + index as f64)).collect(),
        shares: (0..10).map(|bin| 0.1 + 0.03 * f64::from((bin * 7 + index as i32) % 5 - 2)).collect(),
        missing: 0.0,
        test_stability_index: Some(0.001 + 0.002 * (index % 4) as f64),
    });
    DriftBaseline { rows: 60_000, columns: columns.collect() }
}

fn zoo() -> Zoo {
    let entry = |name: &str, roc_auc: f64, seconds: f64, cost: f64| ZooEntry {
        name: name.to_owned(),
        accuracy: Some(0.9 + (roc_auc - 0.8) * 0.3),
        precision: Some(roc_auc - 0.16),
        recall: Some(roc_auc - 0.28),
        f1: Some(roc_auc - 0.22),
        roc_auc: Some(roc_auc),
        pr_auc: Some(roc_auc * 2.0 - 1.08),
        brier: Some(0.12 - roc_auc * 0.085),
        calibration_error: Some(0.1 - roc_auc * 0.095),
        fit_seconds: Some(seconds),
        microseconds_per_row: Some(cost),
        failure: None,
    };
    let mut entries = vec![
        entry("gradient_boosting", 0.9581, 14.2, 1.7),
        entry("stacking", 0.9579, 188.0, 31.0),
        entry("soft_voting", 0.9560, 96.0, 29.0),
        entry("random_forest", 0.9514, 88.4, 12.1),
        entry("extra_trees", 0.9490, 61.0, 14.0),
        entry("bagging", 0.9471, 74.0, 13.2),
        entry("hard_voting", 0.9402, 96.0, 28.0),
        entry("neural_network", 0.9388, 41.0, 2.9),
        entry("ada_boost", 0.9311, 33.0, 4.1),
        entry("k_nearest_10", 0.9170, 0.4, 840.0),
        entry("k_nearest_5", 0.9013, 0.4, 810.0),
        entry("logistic_regression", 0.8893, 2.1, 0.08),
        entry("sgd", 0.8841, 0.6, 0.08),
        entry("ridge", 0.8802, 0.3, 0.08),
        entry("decision_tree", 0.8732, 1.3, 0.21),
        entry("gaussian_naive_bayes", 0.8433, 0.2, 0.61),
        entry("bernoulli_naive_bayes", 0.8297, 0.2, 0.44),
    ];
    let failure = Some("no fit within 600 s".to_owned());
    entries.push(ZooEntry { name: "extended_isolation".to_owned(), failure, ..ZooEntry::default() });
    Zoo {
        data: Some("Figures on the 20,000 test rows; seconds of one thread.".to_owned()),
        entries,
        chosen: Some("gradient_boosting".to_owned()),
    }
}

fn training() -> Training {
    let epoch = |number: u32| {
        let step = f64::from(number);
        Epoch {
            number: u64::from(number),
            training_loss: Some(0.62 * (-step / 6.0).exp() + 0.081 + 0.004 * (step * 2.1).sin()),
            validation_loss: Some(
                0.60 * (-step / 5.0).exp() + 0.102 + 0.0006 * (step - 18.0).max(0.0).powi(2),
            ),
            learning_rate: Some(if number < 12 {
                0.001
            } else if number < 20 {
                0.0005
            } else {
                0.00025
            }),
        }
    };
    let trial = |number: u64| Trial {
        number,
        settings: format!(
            "leaves {}, rate {:.2}, rows a leaf {}",
            15 + 8 * (number % 5),
            0.02 * number as f64,
            20
        ),
        score: (number != 7).then_some(0.958 - 0.02 / number as f64 - 0.004 * ((number * 7) % 5) as f64),
        seconds: Some(11.0 + number as f64),
    };
    Training {
        runs: vec![TrainingRun {
            name: "gru".to_owned(),
            epochs: (1..=26).map(epoch).collect(),
            best_epoch: Some(18),
        }],
        search_measure: Some("ROC-AUC".to_owned()),
        trials: (1..=12).map(trial).collect(),
    }
}
