//! A report with everything in it. The figures hang together: all come from one set of made-up scores.

use chrono::{TimeZone, Utc};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{example_history, example_trust};
use crate::report::data::{
    Calibration, Capacity, CapacityPoint, Counts, Curves, Decisions, Estimate, Header, Headline,
    HeadlineFigure, Interval, Measure, ModelCurves, Noun, Nouns, OperatingPoint, PrecisionRecallPoint,
    ReliabilityBin, Report, RocPoint, Role, ScoreDistribution, Stage, ThresholdRow,
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
    report.data = Some(example_history::data());
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
    report.drift = Some(example_history::drift());
    report.zoo = Some(example_history::zoo());
    report.training = Some(example_history::training());
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
