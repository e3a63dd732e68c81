use std::collections::{BTreeMap, HashSet};

use botdet_models::engagement::{Analysis, Attack, ENGAGEMENT_FEATURES, Metric, Series, engagement_schema};
use botdet_models::metrics::roc_auc;
use botdet_models::pipeline::{Candidate, Depth};
use botdet_models::rows::Rows;

use super::{EngagementParams, EngagementProfile, SimulatedSeries, engagement_series};
use crate::tables::{TableData, TableSource};
use crate::training::fit::{FitParams, open};
use crate::training::record::{DataRecord, TrainingRecord};
use crate::training::split::SplitShares;
use crate::training::table::{TableSplit, train_table, values};

fn simulated(params: EngagementParams) -> Vec<SimulatedSeries> {
    engagement_series(&params.check().expect("the parameters are sound")).collect()
}

fn series_of(simulated: &SimulatedSeries) -> Series {
    let mut series = Series::default();
    for (hour, counts) in (simulated.first..).zip(&simulated.counts) {
        series.add(hour, counts.map(Some));
    }
    series
}

fn area(scores: &[(f64, bool)]) -> f64 {
    let (scores, labels): (Vec<f64>, Vec<bool>) = scores.iter().copied().unzip();
    roc_auc(&scores, &labels).expect("there are both classes")
}

#[test]
fn the_defaults_are_as_documented() {
    let params = EngagementParams::default();
    assert_eq!((params.accounts, params.hours, params.fake_share), (500, 336, 0.35));
    let all = simulated(params);
    assert_eq!(all.len(), 500);
    assert_eq!(all.iter().filter(|series| series.attack.is_some()).count(), 175);
    assert!(
        all.iter()
            .all(|series| series.counts.len() == 336 && series.windows.is_empty() == series.attack.is_none())
    );
    assert!(EngagementParams { hours: 100, ..EngagementParams::default() }.check().is_err());
    assert!(EngagementParams { fake_share: 1.5, ..EngagementParams::default() }.check().is_err());
    assert!(EngagementParams { accounts: 3, ..EngagementParams::default() }.check().is_err());
}

#[test]
fn an_account_is_the_same_whatever_else_is_simulated() {
    let of = |accounts, fake_share| {
        simulated(EngagementParams { accounts, fake_share, seed: 3, ..EngagementParams::default() })
    };
    let (few, many) = (of(30, 0.0), of(60, 0.0));
    assert_eq!(few[..], many[..30]);
    // What is attacked is multiplied after it was drawn: outside the windows nothing differs.
    let attacked = of(30, 1.0);
    for (normal, attacked) in few.iter().zip(&attacked) {
        assert_eq!((normal.first, normal.profile), (attacked.first, attacked.profile));
        let within = |place: usize, metric: usize| {
            let hour = attacked.first + place as i64;
            attacked
                .windows
                .iter()
                .any(|w| w.metric as usize == metric && w.from - 24 <= hour && hour < w.to + 24)
        };
        for (place, (a, b)) in normal.counts.iter().zip(&attacked.counts).enumerate() {
            assert!((0..4).all(|metric| a[metric] <= b[metric]), "attacks only raise");
            assert!(
                (0..4).all(|metric| a[metric] == b[metric] || within(place, metric)),
                "{:?}",
                attacked.attack
            );
        }
    }
}

#[test]
fn size_tells_nothing_and_bursts_of_people_are_as_large() {
    let all = simulated(EngagementParams { accounts: 2_000, ..EngagementParams::default() });
    let mut largest = Vec::new();
    let mut relative = Vec::new();
    let mut of_people = Vec::new();
    let mut of_attacks = Vec::new();
    for series in &all {
        let is_fake = series.attack.is_some();
        largest.push((series.counts.iter().map(|counts| counts[0]).max().unwrap_or(0) as f64, is_fake));
        let most = (0..4)
            .map(|metric| {
                let mut counts: Vec<u64> = series.counts.iter().map(|counts| counts[metric]).collect();
                counts.sort_unstable();
                (counts[counts.len() - 1] as f64 + 1.0) / (counts[counts.len() / 2] as f64 + 1.0)
            })
            .fold(0.0, f64::max);
        relative.push((most, is_fake));
        match series.attack {
            Some(_) => of_attacks.push(most),
            None if !series.bursts.is_empty() => of_people.push(most),
            None => {}
        }
    }
    let (largest, relative) = (area(&largest), area(&relative));
    println!(
        "ROC-AUC of the largest count alone: {largest:.3}; of the largest over the median: {relative:.3}"
    );
    assert!(largest < 0.8 && relative < 0.8);
    of_people.sort_by(f64::total_cmp);
    of_attacks.sort_by(f64::total_cmp);
    let quartile = |values: &[f64], part: usize| values[values.len() * part / 4];
    assert!(quartile(&of_people, 3) > quartile(&of_attacks, 1), "a quarter of each reaches into the other");
    let kinds: HashSet<_> = all.iter().map(|series| series.profile.name()).collect();
    assert_eq!(kinds.len(), EngagementProfile::ALL.len());
}

/// Hours of metrics that were attacked and found, found only, and attacked only.
#[derive(Default)]
struct Overlap([usize; 3]);

impl Overlap {
    fn add(&mut self, simulated: &SimulatedSeries, analysis: &Analysis) {
        let hours = |windows: &mut dyn Iterator<Item = (Metric, i64, i64)>| -> HashSet<(Metric, i64)> {
            windows.flat_map(|(metric, from, to)| (from..to).map(move |hour| (metric, hour))).collect()
        };
        let truth =
            hours(&mut simulated.windows.iter().map(|window| (window.metric, window.from, window.to)));
        let windows = analysis.windows();
        let named = windows.iter().filter(|window| window.attack.is_some());
        let found = hours(&mut named.map(|window| (window.metric, window.from, window.to)));
        let both = truth.intersection(&found).count();
        let counts = [both, found.len() - both, truth.len() - both];
        self.0.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }

    fn f1(&self) -> f64 {
        let [both, found, missed] = self.0.map(|count| count as f64);
        2.0 * both / (2.0 * both + found + missed)
    }
}

fn table(all: &[SimulatedSeries], features: &[Vec<Option<f64>>]) -> TableData {
    let values =
        features.iter().flatten().map(|value| value.map_or(f32::NAN, |value| value as f32)).collect();
    TableData {
        relation: "simulated".to_owned(),
        columns: engagement_schema().expect("it is one").columns().to_vec(),
        ignored: Vec::new(),
        rows: Rows::new(values, ENGAGEMENT_FEATURES.len()).expect("all are as wide"),
        keys: all.iter().map(|series| series.account_id.to_string()).collect(),
        labels: all.iter().map(|series| series.attack.is_some()).collect(),
        groups: None,
        times: Some(all.iter().map(|series| series.first + series.counts.len() as i64).collect()),
        notices: Vec::new(),
    }
}

/// The figures of the detector: `cargo test --release -p botdet-loader --lib engagement::tests::figures -- --nocapture`.
#[test]
fn figures_on_series_that_come_after_those_learned_from() {
    let all = simulated(EngagementParams { accounts: 2_000, seed: 7, ..EngagementParams::default() });
    let mut overlap = Overlap::default();
    let mut suspicions = Vec::new();
    let mut features = Vec::new();
    for simulated in &all {
        let series = series_of(simulated);
        let analysis = Analysis::of(&series).expect("it is long enough");
        overlap.add(simulated, &analysis);
        suspicions.push(analysis.suspicion());
        features.push(analysis.features(&series));
    }
    let data = table(&all, &features);
    let shares = SplitShares { training: 0.5, validation: 0.15 };
    let record = TrainingRecord {
        code_version: String::new(),
        data: DataRecord::Table(TableSource::default()),
        seed: 1,
        validation_share: shares.validation,
        held_out_share: 0.35,
        review_target: None,
        importances: None,
        trials: Vec::new(),
        epochs: Vec::new(),
        updated_from: None,
        reference: None,
    };
    let params = FitParams { threads: 2, ..FitParams::DEFAULT };
    let config = params.check().expect("the settings are sound");
    let trained =
        train_table("engagement", &data, config, record, &mut |_| std::ops::ControlFlow::Continue(()))
            .expect("there is enough to learn from");
    let split = TableSplit::new(&data, shares, 1);
    let rows: Vec<Vec<Option<f64>>> = split.held_out.iter().map(|row| values(&data, *row)).collect();
    let candidates: Vec<Candidate<'_>> =
        rows.iter().map(|values| Candidate { values, sequence: None }).collect();
    let mut pipeline = open(&trained.artifact).expect("it is sound");
    let scores = pipeline.score(&candidates, Depth::Full, &mut || {}).expect("it runs");

    let judged: Vec<(usize, f64, f64)> = split
        .held_out
        .iter()
        .zip(&scores)
        .map(|(row, score)| (*row, suspicions[*row], score.probability))
        .collect();
    let areas = |is_meant: &dyn Fn(&SimulatedSeries) -> bool| {
        let meant = judged.iter().filter(|(row, ..)| is_meant(&all[*row]));
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for (row, suspicion, probability) in meant {
            without.push((*suspicion, all[*row].attack.is_some()));
            with.push((*probability, all[*row].attack.is_some()));
        }
        (area(&without), area(&with))
    };
    let (without, with) = areas(&|_| true);
    let f1 = overlap.f1();
    println!(
        "{} series held out; ROC-AUC without labels {without:.3}, with labels {with:.3}; F1 of hours {f1:.3}",
        judged.len()
    );
    let mut by_name = BTreeMap::new();
    for attack in Attack::ALL {
        by_name.insert(attack.name(), areas(&|series| series.attack.is_none_or(|known| known == attack)));
    }
    for profile in EngagementProfile::ALL {
        by_name.insert(profile.name(), areas(&|series| series.profile == profile));
    }
    by_name.iter().for_each(|(name, (without, with))| println!("{name:20} {without:.3} {with:.3}"));
    assert!(without >= 0.85, "{without}");
    assert!(with >= 0.97, "{with}");
    assert!(f1 >= 0.69, "{f1}");
}
