//! Figures of merit, curves and thresholds.

use botdet_models::metrics::{
    Bins, Confusion, Histogram, Ranked, brier_score, calibration_error, kolmogorov_smirnov, log_loss,
    reliability, threshold_at_false_positive_rate,
};

use super::{Judgement, estimate, share};
use crate::report::data::{
    Calibration, Capacity, CapacityPoint, Counts, Curves, Decisions, Headline, HeadlineFigure, Interval,
    Measure, ModelCurves, OperatingPoint, PrecisionRecallPoint, ReliabilityBin, RocPoint, Role,
    ScoreDistribution, ThresholdRow,
};

/// Points of a curve that are drawn, at most.
const CURVE_POINTS: usize = 300;
/// Bins of equal width of the calibration curve.
const BINS: usize = 10;
/// Bins of the distributions.
const SCORE_BINS: usize = 40;
/// Rows reviewed that precision at capacity is stated for, as shares of all rows.
const CAPACITIES: [f64; 14] =
    [0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5];
const NO_BOTS: &str = "no positive rows";
const ONE_CLASS: &str = "rows of one class only";

/// The figures that matter most.
#[must_use]
pub fn headline(judged: &Judgement, threshold: f64) -> Headline {
    let Judgement { probabilities, labels, .. } = judged;
    let ranked = Ranked::of(probabilities, labels);
    let counts = ranked.confusion(threshold);
    let called = counts.true_positives + counts.false_positives;
    let negatives = ranked.negatives();
    let strict = threshold_at_false_positive_rate(probabilities, labels, 0.01);
    let at_strict = ranked.confusion(strict);
    let mut roc_auc = estimate(ranked.roc_auc(), ONE_CLASS);
    roc_auc.interval = ranked.roc_auc_interval().map(|(low, high)| Interval { low, high });
    let of_class = |class: bool| -> Vec<f64> {
        let rows = probabilities.iter().zip(labels).filter(|(_, label)| **label == class);
        rows.map(|(probability, _)| *probability).collect()
    };
    let distance = kolmogorov_smirnov(&of_class(true), &of_class(false)).map(|test| test.statistic);
    let bins = reliability(probabilities, labels, Bins::EqualMass(BINS));
    let right = counts.true_positives + counts.true_negatives;
    let figures = [
        (Measure::RocAuc, roc_auc),
        (Measure::PrAuc, estimate(ranked.average_precision(), NO_BOTS)),
        (Measure::Precision, share(counts.true_positives, called, "nothing is called positive")),
        (Measure::Recall, share(counts.true_positives, ranked.positives(), NO_BOTS)),
        (Measure::F1, estimate(counts.f1(), NO_BOTS)),
        (Measure::FalsePositiveRate, share(counts.false_positives, negatives, "no negative rows")),
        (Measure::RecallAtOnePercent, share(at_strict.true_positives, ranked.positives(), NO_BOTS)),
        (Measure::Accuracy, share(right, labels.len() as u64, "no rows")),
        (Measure::Brier, estimate(brier_score(probabilities, labels), "no rows")),
        (Measure::LogLoss, estimate(log_loss(probabilities, labels), "no rows")),
        (Measure::CalibrationError, estimate(calibration_error(&bins), "no rows")),
        (Measure::KolmogorovSmirnov, estimate(distance, ONE_CLASS)),
        (Measure::Matthews, estimate(counts.matthews_correlation(), ONE_CLASS)),
    ];
    Headline {
        rows: labels.len() as u64,
        positives: ranked.positives(),
        confidence_level: 0.95,
        interval_method: "DeLong's for the area under the ROC curve, Wilson's for shares".to_owned(),
        figures: figures
            .into_iter()
            .map(|(measure, estimate)| HeadlineFigure { measure, estimate })
            .collect(),
    }
}

/// What the thresholds in use decide.
#[must_use]
pub fn decisions(judged: &Judgement, review: f64, automatic: f64, target: Option<String>) -> Decisions {
    let ranked = Ranked::of(&judged.probabilities, &judged.labels);
    let point = |role, threshold, target| OperatingPoint {
        role,
        threshold,
        target,
        counts: counts(ranked.confusion(threshold)),
    };
    let by_precision = Some("a stated precision on the rows that weighed the stages".to_owned());
    Decisions {
        points: vec![
            point(Role::Review, review, target),
            point(Role::AutomaticAction, automatic, by_precision),
        ],
    }
}

/// What other thresholds would decide.
#[must_use]
pub fn thresholds(judged: &Judgement) -> Vec<ThresholdRow> {
    let ranked = Ranked::of(&judged.probabilities, &judged.labels);
    let row = |threshold: f64| ThresholdRow { threshold, counts: counts(ranked.confusion(threshold)) };
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99].map(row).to_vec()
}

/// ROC and precision-recall curves of the pipeline and of its filter.
#[must_use]
pub fn curves(judged: &Judgement) -> Option<Curves> {
    let models = [("pipeline", &judged.probabilities), ("filter alone", &judged.by_filter)];
    let models: Option<Vec<ModelCurves>> =
        models.iter().map(|(name, scores)| model_curves(name, scores, &judged.labels)).collect();
    let positives = judged.labels.iter().filter(|label| **label).count() as f64;
    Some(Curves { models: models?, prevalence: Some(positives / judged.labels.len() as f64) })
}

fn model_curves(name: &str, scores: &[f64], labels: &[bool]) -> Option<ModelCurves> {
    let ranked = Ranked::of(scores, labels);
    let finite = |threshold: f64| threshold.is_finite().then_some(threshold);
    let roc = ranked.roc_curve(CURVE_POINTS)?.into_iter().map(|point| RocPoint {
        false_positive_rate: point.false_positive_rate,
        true_positive_rate: point.true_positive_rate,
        threshold: finite(point.threshold),
    });
    let precision_recall =
        ranked.precision_recall_curve(CURVE_POINTS)?.into_iter().map(|point| PrecisionRecallPoint {
            recall: point.recall,
            precision: point.precision,
            threshold: finite(point.threshold),
        });
    let mut roc_auc = estimate(ranked.roc_auc(), ONE_CLASS);
    roc_auc.interval = ranked.roc_auc_interval().map(|(low, high)| Interval { low, high });
    Some(ModelCurves {
        name: name.to_owned(),
        roc: roc.collect(),
        precision_recall: precision_recall.collect(),
        roc_auc,
        pr_auc: estimate(ranked.average_precision(), NO_BOTS),
    })
}

/// Rows below which the share of a bin is mostly chance.
pub const FEW: u64 = 10;

/// Whether probabilities are to be believed.
#[must_use]
pub fn calibration(judged: &Judgement, method: &str) -> Calibration {
    let bins = reliability(&judged.probabilities, &judged.labels, Bins::EqualWidth(BINS));
    let largest = bins
        .iter()
        .filter(|bin| bin.accounts >= FEW)
        .map(|bin| (bin.mean_probability - bin.positive_share()).abs())
        .max_by(f64::total_cmp);
    let error = calibration_error(&bins);
    let bins = bins.into_iter().map(|bin| {
        let place = (bin.mean_probability * BINS as f64).floor().min(BINS as f64 - 1.0);
        ReliabilityBin {
            low: place / BINS as f64,
            high: (place + 1.0) / BINS as f64,
            rows: bin.accounts,
            mean_predicted: Some(bin.mean_probability),
            observed: Some(bin.positive_share()),
            interval: share(bin.positives, bin.accounts, "").interval,
        }
    });
    Calibration {
        method: Some(method.to_owned()),
        bins: bins.collect(),
        uncalibrated: Vec::new(),
        expected_error: estimate(error, "no rows"),
        maximum_error: estimate(largest, "no bin of ten rows"),
    }
}

/// How probabilities are distributed, by class.
#[must_use]
pub fn distribution(judged: &Judgement) -> ScoreDistribution {
    let histogram = Histogram::of(&judged.probabilities, &judged.labels, (0.0, 1.0), SCORE_BINS);
    ScoreDistribution {
        edges: (0..=SCORE_BINS).map(|edge| edge as f64 / SCORE_BINS as f64).collect(),
        positive: histogram.positives,
        negative: histogram.negatives,
    }
}

/// How many of those reviewed are positive.
#[must_use]
pub fn capacity(judged: &Judgement) -> Capacity {
    let ranked = Ranked::of(&judged.probabilities, &judged.labels);
    let rows = judged.labels.len() as f64;
    let mut numbers: Vec<u64> = CAPACITIES.iter().map(|share| (share * rows).round() as u64).collect();
    numbers.retain(|number| *number > 0);
    numbers.dedup();
    let points = numbers.into_iter().filter_map(|number| {
        let at = ranked.at_capacity(number)?;
        Some(CapacityPoint {
            reviewed: at.reviewed,
            precision: at.precision,
            recall: at.recall,
            interval: share(at.found.round() as u64, at.reviewed, "").interval,
        })
    });
    Capacity { points: points.collect(), chosen: None, period: None }
}

fn counts(confusion: Confusion) -> Counts {
    Counts {
        true_positives: confusion.true_positives,
        false_positives: confusion.false_positives,
        true_negatives: confusion.true_negatives,
        false_negatives: confusion.false_negatives,
    }
}
