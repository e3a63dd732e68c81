use botdet_models::rows::Rows;

use super::search::References;
use super::{Neighbours, choose};
use crate::zoo::Sample;
use crate::zoo::tests::{learn, ring};

#[test]
fn the_search_finds_what_plain_comparison_finds() {
    let (references, _) = ring(2500);
    let (asked, _) = ring(150);
    let search = References::new(references.values().to_vec(), 4);
    for (row, found) in asked.iter().zip(search.nearest(asked.values(), 7)) {
        let squares =
            |other: &[f32]| row.iter().zip(other).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
        let mut all: Vec<(f64, usize)> =
            references.iter().enumerate().map(|(index, other)| (squares(other).sqrt(), index)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let indices = |list: &[(f64, usize)]| list.iter().map(|(_, index)| *index).collect::<Vec<_>>();
        assert_eq!(indices(&found), indices(&all[..7]));
        assert_eq!(found[0].0, 0.0, "the asked rows are the first references");
    }
    assert_eq!(References::new(vec![1.0, 2.0], 1).nearest(&[1.8], 5).iter().map(Vec::len).sum::<usize>(), 2);
}

#[test]
fn votes_by_hand() {
    let rows = Rows::new(vec![0.0, 1.0, 3.0, 10.0], 1).expect("whole rows");
    let labels = [true, false, true, false];
    let weights = [1.0, 1.0, 2.0, 1.0];
    let sample = Sample::new(&rows, &labels, &weights).expect("they belong together");
    let ask = Rows::new(vec![0.25, 1.0], 1).expect("whole rows");
    let params = Neighbours { neighbours: 3, ..Neighbours::default() };
    assert_eq!(learn(&params, sample).probabilities(&ask), [0.75, 0.75]);
    let nearby = learn(&Neighbours { by_distance: true, ..params }, sample).probabilities(&ask);
    let (one, two, three) = (1.0 / 0.25, 1.0 / 0.75, 2.0 / 2.75);
    assert!((nearby[0] - (one + three) / (one + two + three)).abs() < 1e-5, "{nearby:?}");
    assert_eq!(nearby[1], 0.0, "a row at no distance decides alone");
}

#[test]
fn the_sample_keeps_both_classes_in_proportion() {
    let (rows, labels) = ring(1000);
    let positive = labels.iter().filter(|label| **label).count() as f64;
    let sample = Sample::new(&rows, &labels, &[1.0; 1000]).expect("they belong together");
    let chosen = choose(sample, 200, 3);
    let kept = chosen.iter().filter(|row| labels[**row]).count() as f64;
    assert!((199..=201).contains(&chosen.len()) && (kept - positive / 5.0).abs() <= 0.5);
    assert!(chosen.is_sorted() && chosen == choose(sample, 200, 3) && chosen != choose(sample, 200, 4));
    assert_eq!(choose(sample, 5000, 0), (0..1000).collect::<Vec<usize>>());

    let mut weights = [0.0; 1000];
    let first = |class| labels.iter().position(|label| *label == class).expect("both are there");
    (weights[first(true)], weights[first(false)]) = (1.0, 1.0);
    let sample = Sample::new(&rows, &labels, &weights).expect("they belong together");
    assert_eq!(choose(sample, 2, 0).len(), 2);
}
