//! Contributions against those of the Python package shap (`tests/reference/trees_shap.py`).

use serde_json::Value;

use super::{Combination, Ensemble, EnsembleBuilder, TreeNode};

fn numbers(values: &Value) -> Vec<f64> {
    let values = values.as_array().expect("an array");
    values.iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect()
}

fn node(fields: &Value) -> TreeNode {
    let number = |index: usize| fields[index].as_f64().expect("a number");
    match fields[2].as_bool() {
        None => TreeNode::Leaf { value: number(0) as f32, cover: number(1) as f32 },
        Some(missing_left) => TreeNode::Split {
            feature: number(0) as u32,
            threshold: number(1) as f32,
            missing_left,
            left: number(3) as u32,
            right: number(4) as u32,
        },
    }
}

fn ensemble(case: &Value, width: usize) -> Ensemble {
    let mean = case["mean"].as_bool().expect("whether it is a mean");
    let combination = if mean { Combination::Mean } else { Combination::Sum { base: 0.0 } };
    let mut builder = EnsembleBuilder::new(width, combination).expect("the width is possible");
    for tree in case["trees"].as_array().expect("trees") {
        let nodes: Vec<TreeNode> = tree.as_array().expect("nodes").iter().map(node).collect();
        builder.add(&nodes).expect("the tree is sound");
    }
    builder.finish().expect("there are trees")
}

#[test]
fn contributions_equal_those_of_shap() {
    let golden = include_str!("../../tests/golden/tree_contributions.json");
    let golden: Value = serde_json::from_str(golden).expect("the golden file is JSON");
    let rows: Vec<Vec<f64>> = golden["rows"].as_array().expect("rows").iter().map(numbers).collect();
    assert!(rows.iter().flatten().any(|value| value.is_nan()));
    for name in ["forest", "boosting"] {
        let case = &golden[name];
        let ensemble = ensemble(case, rows[0].len());
        let expected = case["expected"].as_f64().expect("a number");
        assert!((ensemble.expected_margin() - expected).abs() < 1e-6, "{name}: {expected}");
        for (index, row) in rows.iter().enumerate() {
            let row: Vec<f32> = row.iter().map(|value| *value as f32).collect();
            for (ours, theirs) in
                ensemble.contributions(&row).iter().zip(numbers(&case["contributions"][index]))
            {
                assert!((ours - theirs).abs() < 1e-6, "{name}, row {index}: {ours} is not {theirs}");
            }
        }
    }
}
