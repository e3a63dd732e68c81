use botdet_models::rows::Rows;

use super::Neighbours;
use super::search::References;
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
