//! The parts of the page, one a module: a sentence that says what to conclude, then plots and tables.

mod calibration;
mod capacity;
mod contributions;
mod curves;
mod data;
mod decisions;
mod drift;
mod fairness;
mod glance;
mod importances;
mod leave_one_out;
mod notes;
mod robustness;
mod scores;
mod shortcuts;
mod thresholds;
mod training;
mod zoo;

use super::data::{OperatingPoint, Report, Role};
use super::format;
use super::parts::Section;

/// All parts that a report has, in the order of the page.
pub fn all(report: &Report) -> Vec<Section> {
    let parts = [
        glance::section(report),
        decisions::section(report),
        thresholds::section(report),
        curves::section(report),
        scores::section(report),
        calibration::section(report),
        capacity::section(report),
        importances::section(report),
        contributions::section(report),
        fairness::section(report),
        robustness::section(report),
        leave_one_out::section(report),
        shortcuts::section(report),
        zoo::section(report),
        training::section(report),
        data::section(report),
        drift::section(report),
        notes::section(report),
    ];
    parts.into_iter().flatten().collect()
}

/// What a threshold is called.
fn role_name(role: Role) -> &'static str {
    match role {
        Role::Review => "review",
        Role::AutomaticAction => "automatic",
    }
}

/// The thresholds in use as places on an axis of scores.
fn threshold_lines(report: &Report) -> Vec<(f64, String)> {
    operating_points(report).map(|point| (point.threshold, threshold_name(point))).collect()
}

fn operating_points(report: &Report) -> impl Iterator<Item = &OperatingPoint> {
    report.decisions.iter().flat_map(|decisions| &decisions.points)
}

fn threshold_name(point: &OperatingPoint) -> String {
    format!("{} {}", role_name(point.role), format::threshold(point.threshold))
}

/// The value, where it is a number.
fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}
