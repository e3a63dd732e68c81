//! How the training went.

use maud::{Markup, html};

use super::finite;
use crate::report::data::{Epoch, Report, Training, TrainingRun, Trial};
use crate::report::format;
use crate::report::parts::{Cell, Section, Table, names, numbers, side_by_side};
use crate::report::plot::{Axis, LinePlot, Plot, Series, Shape, Side, Tone, lines};
use crate::report::text;

pub fn section(report: &Report) -> Option<Section> {
    let training = report.training.as_ref()?;
    let mut plots: Vec<Plot> = Vec::new();
    for run in &training.runs {
        plots.push(losses(run));
        if run.epochs.iter().any(|epoch| epoch.learning_rate.is_some()) {
            plots.push(rates(run));
        }
    }
    let body = html! {
        (side_by_side(&plots))
        @if !training.trials.is_empty() { (search(training)) }
    };
    Some(Section { id: "training", title: "Training", lead: lead(training), warnings: Vec::new(), body })
}

fn lead(training: &Training) -> String {
    let runs = training.runs.iter().map(|run| {
        let name = text::clean(&run.name);
        let kept = run.epochs.iter().find(|epoch| Some(epoch.number) == run.best_epoch);
        match kept.and_then(|epoch| Some((epoch.number, finite(epoch.validation_loss)?))) {
            Some((number, loss)) => format!(
                "{name}: kept as it was after epoch {number} of {}, with a validation loss of {}.",
                run.epochs.len(),
                format::number(loss)
            ),
            None => format!("{name}: trained for {} epochs.", run.epochs.len()),
        }
    });
    let best = best_trial(&training.trials).map(|(trial, score)| {
        format!(
            "Of {} settings tried, number {} did best ({}): {}.",
            training.trials.len(),
            trial.number,
            format::number(score),
            text::clean(&trial.settings)
        )
    });
    let sentences: Vec<String> = runs.chain(best).collect();
    if sentences.is_empty() { "No history was recorded.".to_owned() } else { sentences.join(" ") }
}

fn best_trial(trials: &[Trial]) -> Option<(&Trial, f64)> {
    let known = trials.iter().filter_map(|trial| Some((trial, finite(trial.score)?)));
    known.max_by(|a, b| a.1.total_cmp(&b.1))
}

fn points(run: &TrainingRun, value: impl Fn(&Epoch) -> Option<f64>) -> Vec<(f64, f64)> {
    run.epochs.iter().filter_map(|epoch| Some((epoch.number as f64, value(epoch)?))).collect()
}

fn losses(run: &TrainingRun) -> Plot {
    lines(LinePlot {
        title: format!("Loss of {}", text::clean(&run.name)),
        description: "Training and validation loss by epoch".to_owned(),
        x: Axis::number("epoch"),
        y: Axis::number("loss"),
        height: 280.0,
        series: vec![
            Series::new("validation", Tone::Main, Shape::Line, points(run, |epoch| epoch.validation_loss)),
            Series::new("training", Tone::Other(0), Shape::Line, points(run, |epoch| epoch.training_loss)),
        ],
        marks: Vec::new(),
        mark_side: Side::Right,
        verticals: run.best_epoch.map(|epoch| (epoch as f64, "kept".to_owned())).into_iter().collect(),
    })
}

fn rates(run: &TrainingRun) -> Plot {
    lines(LinePlot {
        title: format!("Learning rate of {}", text::clean(&run.name)),
        description: "Learning rate by epoch".to_owned(),
        x: Axis::number("epoch"),
        y: Axis::number("learning rate"),
        height: 280.0,
        series: vec![Series::new(
            "learning rate",
            Tone::Main,
            Shape::Step,
            points(run, |epoch| epoch.learning_rate),
        )],
        marks: Vec::new(),
        mark_side: Side::Right,
        verticals: Vec::new(),
    })
}

fn search(training: &Training) -> Markup {
    let measure = training.search_measure.as_deref().map_or_else(|| "Score".to_owned(), text::clean);
    let scores: Vec<(f64, f64)> = training
        .trials
        .iter()
        .filter_map(|trial| Some((trial.number as f64, finite(trial.score)?)))
        .collect();
    let mut best = Vec::new();
    for (number, score) in &scores {
        let before = best.last().map_or(f64::NEG_INFINITY, |(_, score): &(f64, f64)| *score);
        best.push((*number, before.max(*score)));
    }
    let plot = lines(LinePlot {
        title: "Search".to_owned(),
        description: "The score of each trial, and the best so far".to_owned(),
        x: Axis::number("trial"),
        y: Axis::number(&measure),
        height: 280.0,
        series: vec![
            Series::new("best so far", Tone::Main, Shape::Step, best),
            Series::new("trial", Tone::Other(0), Shape::Dots, scores),
        ],
        marks: Vec::new(),
        mark_side: Side::Right,
        verticals: Vec::new(),
    });
    let chosen = best_trial(&training.trials).map(|(trial, _)| trial.number);
    let mut table = Table::new(vec![numbers("Trial"), names("Settings"), numbers(&measure), numbers("Time")]);
    for trial in &training.trials {
        let cells = vec![
            Cell::count(trial.number),
            Cell::name(&trial.settings),
            Cell::written(trial.score, format::score),
            Cell::written(trial.seconds, format::seconds),
        ];
        if chosen == Some(trial.number) { table.marked_row(cells) } else { table.row(cells) }
    }
    html! { div.plots { (plot) div { (table) } } }
}
