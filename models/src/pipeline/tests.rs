//! A pipeline of all stages that need no sequence, put together by hand.

use super::*;
use crate::artifact::Manifest;
use crate::isolation_forest::{IsolationForest, IsolationForestParams};
use crate::logistic::{Logistic, LogisticParams, Observations};
use crate::preprocess::Preprocessor;
use crate::schema::{ColumnDefinition, ColumnKind, Schema};
use crate::trees::{Combination, EnsembleBuilder, TreeNode, aligned};

const LEVELS: [&str; 2] = ["free", "paid"];

fn schema() -> Schema {
    let levels = LEVELS.map(str::to_owned).to_vec();
    let plan = ColumnDefinition { name: "plan".to_owned(), kind: ColumnKind::Category { levels } };
    let columns = vec![ColumnDefinition::number("links"), plan, ColumnDefinition::number("age")];
    Schema::new(columns, vec!["id".to_owned()]).expect("the names differ")
}

/// 120 rows: many links and no pay are the mark of spam, with exceptions.
fn table() -> (Vec<Vec<Option<f64>>>, Vec<bool>) {
    let rows = (0..120u32).map(|i| {
        let links = f64::from(i * 7 % 20);
        vec![Some(links), Some(f64::from(i % 3)), (i % 10 != 0).then(|| f64::from(i * 13 % 50))]
    });
    let label = |(i, row): (usize, &Vec<Option<f64>>)| (row[0] > Some(11.0)) ^ (i % 11 == 0);
    let rows: Vec<Vec<Option<f64>>> = rows.collect();
    let labels = rows.iter().enumerate().map(label).collect();
    (rows, labels)
}

fn ensemble(width: usize, combination: Combination) -> Ensemble {
    let split = |feature, threshold, left, right| TreeNode::Split {
        feature,
        threshold,
        missing_left: true,
        left,
        right,
    };
    let leaf = |value, cover| TreeNode::Leaf { value, cover };
    let mut builder = EnsembleBuilder::new(width, combination).expect("a sound width");
    builder
        .add(&[split(0, 11.5, 1, 2), leaf(0.2, 70.0), split(1, 0.5, 3, 4), leaf(0.6, 30.0), leaf(0.9, 20.0)])
        .expect("a sound tree");
    builder.add(&[split(0, 5.5, 1, 2), leaf(0.1, 40.0), leaf(0.5, 80.0)]).expect("a sound tree");
    builder.finish().expect("two trees")
}

/// The artifact of a detector, with trees that combine in this way; the filter decides only where it is quite sure.
fn artifact(combination: Option<Combination>) -> Artifact {
    let columns = Columns::table(schema());
    let (rows, labels) = table();
    let width = columns.input_count();
    let inputs: Vec<f64> = rows.iter().flat_map(|row| columns.inputs(row)).collect();
    let preprocessor = Preprocessor::fit_any(&inputs, width);
    let standardised: Vec<f64> = inputs.chunks_exact(width).flat_map(|row| preprocessor.apply(row)).collect();
    let targets: Vec<f64> = labels.iter().map(|label| f64::from(*label)).collect();
    let observations =
        Observations { inputs: &standardised, targets: &targets, weights: &vec![1.0; rows.len()] };
    let filter = Logistic::fit(observations, LogisticParams::default()).expect("both classes are there");
    let forest =
        IsolationForest::fit(&standardised, rows.len(), IsolationForestParams::default()).expect("rows");
    let anomaly = AnomalyModels { forest: Some(forest.clone()), autoencoder: None };
    let scale = anomaly.scale(&standardised, width, 0.1).expect("there are rows");
    let trees = combination.map(|combination| ensemble(width, combination));
    let stage = trees.clone().map(TreeStage::new);
    let all = Rows::with_infinite_missing(inputs.iter().map(|input| *input as f32).collect(), width);
    let by_trees = stage.map(|stage| stage.log_odds(&all));
    let scores: Vec<StageScores> = standardised
        .chunks_exact(width)
        .enumerate()
        .map(|(row, inputs)| StageScores {
            filter: filter.logit(inputs),
            trees: by_trees.as_ref().map(|log_odds| log_odds[row]),
            sequence: None,
            anomaly: anomaly.anomaly(&scale, inputs),
        })
        .collect();
    let of_filter: Vec<StageScores> =
        scores.iter().map(|row| StageScores { filter: row.filter, ..StageScores::default() }).collect();
    let decision = Decision {
        by_filter: Combiner::fit(&of_filter, &labels, SequenceVoice::Free).expect("both classes are there"),
        by_trees: trees
            .as_ref()
            .map(|_| Combiner::fit(&scores, &labels, SequenceVoice::Free).expect("both classes are there")),
        by_sequence: None,
        anomaly: Some(scale),
        confident_human: 0.05,
        confident_bot: 0.95,
        threshold: 0.5,
        automatic_threshold: 0.9,
        bot_share: labels.iter().filter(|label| **label).count() as f64 / labels.len() as f64,
        preprocessor,
        filter,
    };
    let mut parts = vec![
        (Columns::SCHEMA, serde_json::to_vec(&schema()).expect("it is JSON")),
        (Pipeline::DECISION, serde_json::to_vec(&decision).expect("it is JSON")),
        (Pipeline::FOREST, forest.to_bytes()),
    ];
    parts.extend(trees.map(|trees| (Pipeline::TREES, trees.to_bytes())));
    Artifact::new(Manifest::new("spam", columns.fingerprint(), 1), parts)
}

fn pipeline(combination: Option<Combination>) -> Pipeline {
    let open: OpenSequenceModel = Box::new(|_| unreachable!("there is no sequence model"));
    Pipeline::new(&artifact(combination), open).expect("the artifact is sound")
}

fn score(pipeline: &mut Pipeline, values: &[Option<f64>], depth: Depth) -> Score {
    let candidate = Candidate { values, sequence: None };
    pipeline.score(&[candidate], depth, &mut || {}).expect("no sequence model").remove(0)
}

fn log_odds(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
}

#[test]
fn what_explains_a_score_adds_up_to_it_whatever_the_trees() {
    let (rows, _) = table();
    for combination in [None, Some(Combination::Sum { base: -0.3 }), Some(Combination::Mean)] {
        let mut pipeline = pipeline(combination);
        for values in &rows {
            let score = score(&mut pipeline, values, Depth::Full);
            let candidate = Candidate { values, sequence: None };
            let reasons = pipeline.explain(&candidate).expect("no sequence model");
            let sum: f64 = reasons.iter().map(|(reason, _)| reason.contribution).sum();
            assert!((sum - log_odds(score.probability)).abs() < 1e-9, "{combination:?} {values:?}");
            let (low, high) = score.interval.expect("there is an interval");
            assert!(low <= score.probability && score.probability <= high);
        }
    }
}

#[test]
fn trees_decide_where_the_filter_is_not_sure() {
    let mut pipeline = pipeline(Some(Combination::Sum { base: -0.3 }));
    let (rows, _) = table();
    let stages: Vec<Stage> = rows.iter().map(|row| score(&mut pipeline, row, Depth::Full).stage).collect();
    assert!(stages.contains(&Stage::Trees));
    for (row, stage) in rows.iter().zip(&stages) {
        let quick = score(&mut pipeline, row, Depth::Filter);
        assert_eq!((quick.stage, quick.is_provisional), (Stage::Filter, *stage == Stage::Trees));
        let is_sure = !(0.05..0.95).contains(&quick.probability);
        assert_eq!(*stage == Stage::Filter, is_sure, "{row:?}: {}", quick.probability);
    }
    let candidates: Vec<Candidate<'_>> =
        rows.iter().map(|values| Candidate { values, sequence: None }).collect();
    let together = pipeline.score(&candidates, Depth::Full, &mut || {}).expect("no sequence model");
    for (row, scored) in rows.iter().zip(together) {
        assert_eq!(score(&mut pipeline, row, Depth::Full), scored);
    }
}

#[test]
fn categories_are_named_and_count_as_one_column() {
    let mut pipeline = pipeline(None);
    let values = [Some(18.0), Some(1.0), None];
    let reasons =
        pipeline.explain(&Candidate { values: &values, sequence: None }).expect("no sequence model");
    let of = |name: &str| reasons.iter().find(|(reason, _)| reason.subject == name).expect("it is there");
    assert_eq!(reasons.len(), 3 + 1, "three columns and the baseline");
    let (plan, percentile) = of("plan");
    assert_eq!((plan.label.as_deref(), plan.typical, *percentile), (Some("paid"), None, None));
    assert!(plan.to_string().starts_with("plan paid ("), "{plan}");
    assert!(of("links").1.is_some_and(|percentile| percentile > 0.8));
    assert_eq!(of("age").0.value, None);
    let other = pipeline.columns().label(1, 2.0);
    assert_eq!(other.as_deref(), Some("another"));
}

#[test]
fn the_unusual_stands_out() {
    let pipeline = pipeline(None);
    let ordinary = pipeline.anomaly(&[Some(10.0), Some(1.0), Some(25.0)]).expect("there is a model");
    let unusual = [Some(1e6), Some(1.0), Some(25.0)];
    let anomaly = pipeline.anomaly(&unusual).expect("there is a model");
    assert!(anomaly.score > ordinary.score && (0.0..=1.0).contains(&anomaly.score));
    assert_eq!(pipeline.outstanding(&unusual)[0].subject, "links");
}

#[test]
fn an_image_scores_as_the_artifact_does_and_no_damage_to_it_goes_unnoticed() {
    let (rows, _) = table();
    let artifact = artifact(Some(Combination::Mean));
    let sha256 = Artifact::sha256(&artifact.to_bytes());
    let mut owned = pipeline(Some(Combination::Mean));
    let image = owned.to_image(&artifact, &sha256).expect("there are trees");
    let read = |image: &[u8], sha256: &str| {
        let open: OpenSequenceModel = Box::new(|_| unreachable!("there is no sequence model"));
        Pipeline::from_image(&aligned(image), sha256, open)
    };
    let mut shared = read(&image, &sha256).expect("it is sound");
    assert_eq!((owned.memory_use().shared, shared.memory_use().shared), (0, image.len()));
    assert!(shared.memory_use().own < owned.memory_use().own);
    for values in &rows {
        assert_eq!(score(&mut shared, values, Depth::Full), score(&mut owned, values, Depth::Full));
        let candidate = Candidate { values, sequence: None };
        assert_eq!(shared.explain(&candidate).ok(), owned.explain(&candidate).ok());
    }
    let refusal = |image: &[u8], sha256: &str| read(image, sha256).err().expect("it is refused").to_string();
    let message = refusal(&image, &Artifact::sha256(b"another"));
    assert_eq!(message, "image of a model is not usable: it is of another version");
    assert_eq!(refusal(&[], &sha256), "image of a model is not usable: it ends early");
    for position in 0..image.len() {
        let mut damaged = image.clone();
        damaged[position] ^= 1 << (position % 8);
        assert!(read(&damaged, &sha256).is_err(), "byte {position}");
    }
    for length in (0..image.len()).step_by(8) {
        assert!(read(&image[..length], &sha256).is_err(), "{length} bytes");
    }
    assert!(owned.to_image(&artifact, "0").is_none(), "no SHA-256 is as short");
    let mut owned = pipeline(None);
    let image = owned.to_image(&self::artifact(None), &sha256).expect("it needs no trees");
    let mut shared = read(&image, &sha256).expect("it is sound");
    assert_eq!(score(&mut shared, &rows[0], Depth::Full), score(&mut owned, &rows[0], Depth::Full));
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let whole = artifact(Some(Combination::Mean));
    let part = |name: &'static str| (name, whole.part(name).expect("it is there").to_vec());
    let refusal = |detector: &str, fingerprint: String, parts: Vec<(&'static str, Vec<u8>)>| {
        let artifact = Artifact::new(Manifest::new(detector, fingerprint, 1), parts);
        let open: OpenSequenceModel = Box::new(|_| unreachable!("there is no sequence model"));
        Pipeline::new(&artifact, open).err().expect("it is refused").to_string()
    };
    let fingerprint = || schema().fingerprint();
    let all = || [Columns::SCHEMA, Pipeline::DECISION, Pipeline::FOREST, Pipeline::TREES].map(part);
    let without = |name| all().into_iter().filter(|(part, _)| *part != name).collect();
    let message = refusal("spam", fingerprint(), without(Pipeline::TREES));
    assert_eq!(message, "artifact part decision is not valid: it and the trees do not belong together");
    let message = refusal("spam", fingerprint(), without(Pipeline::FOREST));
    assert_eq!(
        message,
        "artifact part decision is not valid: it and the isolation forest do not belong together"
    );
    assert_eq!(refusal("spam", fingerprint(), without(Columns::SCHEMA)), "artifact has no part schema");
    let message = refusal("account", fingerprint(), all().to_vec());
    assert_eq!(message, "artifact part schema is not valid: accounts are judged by the feature catalogue");
    let message = refusal("spam", "0123456789abcdef".to_owned(), all().to_vec());
    assert!(message.contains("0123456789abcdef"), "{message}");
    let mut twice: serde_json::Value =
        serde_json::from_slice(&part(Pipeline::DECISION).1).expect("it is JSON");
    twice["threshold"] = serde_json::json!(1.5);
    let mut parts = all().to_vec();
    parts[1].1 = serde_json::to_vec(&twice).expect("it is JSON");
    let message = refusal("spam", fingerprint(), parts);
    assert_eq!(message, "artifact part decision is not valid: threshold 1.5 is not a probability");
}

#[test]
fn another_share_of_bots_moves_all_log_odds_alike_and_what_explains_them() {
    let mut pipeline = pipeline(Some(Combination::Mean));
    let (rows, _) = table();
    let plain: Vec<Score> = rows.iter().map(|row| score(&mut pipeline, row, Depth::Full)).collect();
    let bot_share = pipeline.decision().bot_share;
    pipeline.set_overrides(&Overrides { base_rate: Some(0.01), ..Overrides::default() });
    let shift = log_odds(0.01) - log_odds(bot_share);
    for (row, plain) in rows.iter().zip(plain) {
        let moved = score(&mut pipeline, row, Depth::Full);
        assert!((log_odds(moved.probability) - log_odds(plain.probability) - shift).abs() < 1e-6);
        assert_eq!(moved.stage, plain.stage);
        let candidate = Candidate { values: row, sequence: None };
        let reasons = pipeline.explain(&candidate).expect("no sequence model");
        let sum: f64 = reasons.iter().map(|(reason, _)| reason.contribution).sum();
        assert!((sum - log_odds(moved.probability)).abs() < 1e-6);
    }
}

#[test]
fn probes_are_answered_alike_whatever_is_set_and_another_model_is_told_apart() {
    let (rows, _) = table();
    let candidates: Vec<Candidate<'_>> =
        rows.iter().take(8).map(|values| Candidate { values, sequence: None }).collect();
    let mut made_by = pipeline(Some(Combination::Mean));
    made_by.set_overrides(&Overrides { base_rate: Some(0.5), ..Overrides::default() });
    let probes = made_by.probes(&candidates).expect("no sequence model");
    let with = |artifact: Artifact, probes: serde_json::Value| {
        artifact.with_part(Pipeline::PROBES, serde_json::to_vec(&probes).expect("it is JSON"))
    };
    let stored = serde_json::to_value(&probes).expect("it is JSON");
    let same = with(artifact(Some(Combination::Mean)), stored.clone());
    let same = Artifact::from_bytes(&same.to_bytes()).expect("it is sound");
    let report = pipeline(Some(Combination::Mean)).check_probes(&same).expect("they are sound");
    assert_eq!(report, ProbeReport { probes: 8, largest_difference: 0.0 });
    let report = pipeline(None).check_probes(&same).expect("they are sound");
    assert!(report.largest_difference > PROBE_TOLERANCE, "{report:?}");
    let without = artifact(None);
    assert_eq!(pipeline(None).check_probes(&without).expect("there are none"), ProbeReport::default());
    let refusal = |change: fn(&mut serde_json::Value)| {
        let mut probes = stored.clone();
        change(&mut probes);
        let artifact = with(artifact(Some(Combination::Mean)), probes);
        let refused = pipeline(Some(Combination::Mean)).check_probes(&artifact);
        refused.expect_err("it is refused").to_string()
    };
    let message = refusal(|probes| probes[0]["values"] = serde_json::json!([1.0]));
    assert_eq!(message, "artifact part probes is not valid: a probe has 1 values, not 3");
    let message = refusal(|probes| probes[0]["steps"] = serde_json::json!([1.0]));
    assert_eq!(message, "artifact part probes is not valid: a probe's sequence has 1 numbers");
}
