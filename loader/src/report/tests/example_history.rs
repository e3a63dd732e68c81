//! The example's rows and columns, training and comparison.

use super::example::COLUMNS;
use crate::report::data::{
    ClassCount, Column, ColumnKind, DataSummary, DriftBaseline, DriftColumn, Epoch, Quantiles, SplitPart,
    Training, TrainingRun, Trial, Zoo, ZooEntry,
};

pub fn data() -> DataSummary {
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

pub fn drift() -> DriftBaseline {
    let columns = COLUMNS.iter().enumerate().map(|(index, name)| DriftColumn {
        name: (*name).to_owned(),
        edges: (1..10).map(|edge| f64::from(edge * edge) * (1.0 + index as f64)).collect(),
        shares: (0..10).map(|bin| 0.1 + 0.03 * f64::from((bin * 7 + index as i32) % 5 - 2)).collect(),
        missing: 0.0,
        test_stability_index: Some(0.001 + 0.002 * (index % 4) as f64),
    });
    DriftBaseline { rows: 60_000, columns: columns.collect() }
}

pub fn zoo() -> Zoo {
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

pub fn training() -> Training {
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
