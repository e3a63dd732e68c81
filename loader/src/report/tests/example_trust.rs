//! The example's explanations, groups, changes and checks.

use super::example::{COLUMNS, absent, between};
use crate::report::data::{
    Contribution, Contributions, Example, ExampleKind, Fairness, Grouping, HeldOutStrategy, Importance,
    Importances, LeakCheck, LeakOutcome, LeaveOneOut, Perturbation, PerturbationLevel, Robustness, Rule,
    ShortcutColumn, ShortcutTree, Shortcuts, Slice,
};

pub fn importances() -> Importances {
    let columns = COLUMNS.iter().enumerate().map(|(index, name)| {
        let gain = if index < 21 { 0.226 * (-(index as f64) / 3.6).exp() } else { 0.0 };
        let fall = gain * 0.35 * if index % 4 == 2 { 0.4 } else { 1.0 };
        let permutation = between(fall, fall - 0.0018 - fall * 0.06, fall + 0.0018 + fall * 0.06);
        Importance { column: (*name).to_owned(), gain: Some(gain), permutation: Some(permutation) }
    });
    Importances { columns: columns.collect(), permutation_measure: Some("ROC-AUC".to_owned()) }
}

pub fn contributions() -> Contributions {
    let contribution = |column: &str, value: Option<&str>, amount| Contribution {
        column: column.to_owned(),
        value: value.map(str::to_owned),
        amount,
    };
    let example = |kind, key: &str, probability, is_positive, shift: f64| Example {
        kind,
        key: key.to_owned(),
        probability,
        is_positive,
        base: -2.31,
        contributions: vec![
            contribution("urgent_message_count", Some("14"), 1.92 + shift),
            contribution("off_platform_mentions", Some("6"), 0.88 + shift * 0.5),
            contribution("messages_sent_last_30_days", Some("1,204"), 0.71),
            contribution("verification_level", Some("3"), -0.44 + shift * 0.2),
            contribution("profile_completion", Some("2"), 0.39),
            contribution("phone_verified", None, 0.21),
            contribution("verified_review_count", Some("21"), -0.35),
            contribution("link_count", Some("9"), 0.33),
            contribution("country_tier", Some("4"), 0.12),
            contribution("risk_level", Some("2"), -0.07),
        ],
        others: -0.11,
    };
    Contributions {
        unit: "log-odds".to_owned(),
        examples: vec![
            example(ExampleKind::TruePositive, "88,412", 0.9712, true, 1.4),
            example(ExampleKind::FalsePositive, "10,077", 0.8104, false, 0.2),
            example(ExampleKind::FalseNegative, "53,290", 0.0412, true, -2.9),
            example(ExampleKind::Borderline, "7,311", 0.5487, true, -0.6),
        ],
    }
}

fn slice(name: &str, rows: u64, positives: u64, rate: f64, recall: f64) -> Slice {
    let around = |share: f64, rows: u64| {
        let half = 1.96 * (share * (1.0 - share) / rows.max(1) as f64).sqrt();
        between(share, (share - half).max(0.0), (share + half).min(1.0))
    };
    Slice {
        name: name.to_owned(),
        rows,
        positives,
        false_positive_rate: around(rate, rows - positives),
        recall: if positives > 0 { around(recall, positives) } else { absent("no spammers") },
        mean_score: Some(positives as f64 / rows as f64 * 1.02),
        calibration_error: Some(0.008 + rate / 4.0),
    }
}

pub fn fairness() -> Fairness {
    let grouping = |by: &str, slices: Vec<Slice>| Grouping { by: by.to_owned(), slices };
    Fairness {
        threshold: 0.55,
        overall: slice("all", 20_000, 2_400, 0.0214, 0.7264),
        groupings: vec![
            grouping(
                "region",
                vec![
                    slice("Europe", 8_100, 700, 0.0162, 0.741),
                    slice("North America", 5_200, 560, 0.0198, 0.735),
                    slice("South America", 2_900, 530, 0.0371, 0.702),
                    slice("Asia and Pacific", 3_400, 540, 0.0244, 0.718),
                    slice("Africa", 310, 70, 0.0292, 0.714),
                    slice("Antarctica", 90, 0, 0.0111, 0.0),
                ],
            ),
            grouping(
                "account age",
                vec![
                    slice("under a week", 2_400, 910, 0.0411, 0.791),
                    slice("a week to a month", 3_800, 620, 0.0247, 0.734),
                    slice("a month to a year", 7_900, 610, 0.0192, 0.688),
                    slice("over a year", 5_900, 260, 0.0141, 0.604),
                ],
            ),
        ],
    }
}

pub fn robustness() -> Robustness {
    let change = |name: &str, detail: &str, levels: &[(f64, f64, f64, f64)]| Perturbation {
        name: name.to_owned(),
        detail: Some(detail.to_owned()),
        levels: levels
            .iter()
            .map(|(level, mean_shift, flipped, area)| PerturbationLevel {
                level: *level,
                mean_shift: *mean_shift,
                flipped: *flipped,
                roc_auc: Some(*area),
            })
            .collect(),
    };
    Robustness {
        rows: 20_000,
        threshold: 0.55,
        roc_auc: Some(0.9581),
        perturbations: vec![
            change(
                "gaussian noise",
                "each value moved by so much of its standard deviation",
                &[
                    (0.05, 0.0041, 0.0038, 0.9577),
                    (0.1, 0.0092, 0.0081, 0.9561),
                    (0.2, 0.0203, 0.0187, 0.9502),
                ],
            ),
            change(
                "dropped events",
                "so many of an account's events left out",
                &[
                    (0.05, 0.0032, 0.0029, 0.9579),
                    (0.1, 0.0066, 0.0060, 0.9570),
                    (0.2, 0.0141, 0.0128, 0.9541),
                ],
            ),
            change(
                "jittered gaps",
                "gaps between events stretched or shortened by up to so much",
                &[
                    (0.05, 0.0012, 0.0009, 0.9580),
                    (0.1, 0.0031, 0.0027, 0.9576),
                    (0.2, 0.0077, 0.0071, 0.9560),
                ],
            ),
            change(
                "mimicry",
                "so many of a spammer's columns set to those of an ordinary user",
                &[
                    (0.25, 0.0310, 0.0288, 0.9312),
                    (0.5, 0.0592, 0.0571, 0.8743),
                    (1.0, 0.1041, 0.1162, 0.7120),
                ],
            ),
        ],
    }
}

pub fn leave_one_out() -> LeaveOneOut {
    let strategy = |name: &str, rows, seen: f64, unseen: f64, area| HeldOutStrategy {
        strategy: name.to_owned(),
        rows,
        recall_seen: between(seen, seen - 0.03, (seen + 0.03).min(1.0)),
        recall_unseen: between(unseen, unseen - 0.05, unseen + 0.05),
        roc_auc_unseen: Some(area),
    };
    LeaveOneOut {
        false_positive_rate: Some(0.01),
        strategies: vec![
            strategy("bulk_sender", 610, 0.97, 0.94, 0.991),
            strategy("link_farmer", 480, 0.91, 0.72, 0.962),
            strategy("off_platform_lure", 455, 0.86, 0.61, 0.948),
            strategy("impersonator", 390, 0.74, 0.33, 0.881),
            strategy("slow_and_patient", 300, 0.58, 0.17, 0.803),
            strategy("credential_phisher", 165, 0.93, 0.84, 0.979),
        ],
    }
}

pub fn shortcuts() -> Shortcuts {
    let columns = COLUMNS.iter().enumerate().map(|(index, name)| ShortcutColumn {
        column: (*name).to_owned(),
        roc_auc: 0.5 + 0.38 * (-(index as f64) / 5.0).exp() * if index % 3 == 1 { -1.0 } else { 1.0 },
        warning: (index == 22).then(|| "missing for spammers alone".to_owned()),
    });
    let rule =
        |condition: &str, rows, share| Rule { condition: condition.to_owned(), rows, positive_share: share };
    let check = |name: &str, outcome, detail: &str| LeakCheck {
        name: name.to_owned(),
        outcome,
        detail: detail.to_owned(),
    };
    Shortcuts {
        columns: columns.collect(),
        tree: Some(ShortcutTree {
            roc_auc: 0.8712,
            rules: vec![
                rule("urgent_message_count < 4 and off_platform_mentions < 2", 15_210, Some(0.021)),
                rule("urgent_message_count < 4 and off_platform_mentions ≥ 2", 1_904, Some(0.183)),
                rule("urgent_message_count ≥ 4 and verification_level ≥ 3", 1_410, Some(0.376)),
                rule("urgent_message_count ≥ 4 and verification_level < 3", 1_476, Some(0.811)),
            ],
        }),
        leaks: vec![
            check("order of keys", LeakOutcome::Passed, "ROC-AUC of the key alone is 0.503"),
            check(
                "dates",
                LeakOutcome::Warning,
                "spammers were registered later: ROC-AUC of created_at is 0.71",
            ),
            check("duplicates across the split", LeakOutcome::Passed, "no test row equals a training row"),
            check("missing values", LeakOutcome::NotTried, "no column has enough of them"),
        ],
    }
}
