//! Counts by the hour as plots, with the stretches that are unusual set off.

use std::ops::Range;

use botdet_loader::report::format::number;
use botdet_loader::report::plot::{HourPlot, Plot, Span, hours};
use chrono::{DateTime, TimeDelta, Timelike, Utc};

use crate::controllers::accounts::{Engagement, EngagementHour, EngagementWindow, Timeline, UnusualHours};

/// What an account did when.
pub fn activity(timeline: &Timeline) -> Plot {
    let counts = timeline.hours.iter().map(|hour| (hour.hour, Some(hour.events as f64)));
    let found = timeline.unusual.iter().map(|stretch| (stretch.from_hour, end_of(stretch), told(stretch)));
    // Hours without a row are hours in which nothing happened.
    plot("events", counts.collect(), Some(0.0), found.collect())
}

/// One metric of an account's engagement.
pub fn engagement(metric: &str, value: fn(&EngagementHour) -> Option<i64>, engagement: &Engagement) -> Plot {
    let counts = engagement.hours.iter().map(|hour| (hour.hour, value(hour).map(|count| count as f64)));
    let found = engagement.windows.iter().filter(|window| window.metric == metric);
    let found = found.map(|window| (window.from_hour, window.to_hour, window_in_words(window)));
    plot(metric, counts.collect(), None, found.collect())
}

type Counted = Vec<(DateTime<Utc>, Option<f64>)>;
type Found = Vec<(DateTime<Utc>, DateTime<Utc>, String)>;

fn plot(metric: &str, counts: Counted, missing: Option<f64>, found: Found) -> Plot {
    let first = counts.first().map_or(DateTime::UNIX_EPOCH, |(hour, _)| *hour);
    let place = |at: DateTime<Utc>| usize::try_from((at - first).num_hours()).unwrap_or_default();
    let length = counts.last().map_or(0, |(hour, _)| place(*hour) + 1);
    let mut observed = vec![missing; length];
    for (hour, count) in &counts {
        observed[place(*hour)] = *count;
    }
    let within =
        |from: DateTime<Utc>, to: DateTime<Utc>| -> Range<usize> { place(from)..place(to).min(length) };
    let found = found.into_iter().map(|(from, to, told)| Span { hours: within(from, to), told });
    hours(&HourPlot {
        metric: metric.to_owned(),
        since: first.format("%Y-%m-%d").to_string(),
        first: f64::from(first.hour()),
        observed,
        expected: Vec::new(),
        found: found.filter(|span| !span.hours.is_empty()).collect(),
        truth: Vec::new(),
    })
}

/// The end of a stretch: of its last hour.
pub fn end_of(stretch: &UnusualHours) -> DateTime<Utc> {
    stretch.to_hour + TimeDelta::hours(1)
}

fn told(stretch: &UnusualHours) -> String {
    let (from, to) = (stretch.from_hour.format("%Y-%m-%d %H:%M"), end_of(stretch).format("%Y-%m-%d %H:%M"));
    format!("{from} to {to}: {}", in_words(stretch))
}

/// What is unusual about it.
pub fn in_words(stretch: &UnusualHours) -> String {
    let hours = (end_of(stretch) - stretch.from_hour).num_hours();
    match stretch.usual {
        Some(usual) => format!("{} events, where {} are usual for it", stretch.events, number(usual)),
        None => format!("{} events in {hours} hours without a pause", stretch.events),
    }
}

/// What is unusual about a window of engagement.
pub fn window_in_words(window: &EngagementWindow) -> String {
    match (&window.likely_attack, &window.evidence) {
        (Some(attack), Some(evidence)) => format!("like {}: {evidence}", attack.replace('_', " ")),
        (None, Some(evidence)) => format!("like people: {evidence}"),
        (attack, None) => attack.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::accounts::HourOfEvents;

    fn hour(n: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(n)
    }

    #[test]
    fn unusual_stretches_are_set_off_and_told() {
        let timeline = Timeline {
            hours: [(0, 1), (30, 40), (31, 50), (60, 1)]
                .map(|(at, events)| HourOfEvents { hour: hour(at), events })
                .to_vec(),
            actions: Vec::new(),
            unusual: vec![UnusualHours {
                from_hour: hour(30),
                to_hour: hour(31),
                kind: "burst".to_owned(),
                events: 90,
                usual: Some(4.0),
                strength: Some(9.0),
            }],
        };
        let drawn = activity(&timeline);
        assert!(drawn.description.starts_with("61 hours; 2 stand out"), "{}", drawn.description);
        let text = drawn.drawing.map(maud::Markup::into_string).unwrap_or_default();
        let told = "1970-01-02 06:00 to 1970-01-02 08:00: 90 events, where 4 are usual for it";
        assert!(text.contains(told), "{text}");
        let nothing = Timeline { hours: Vec::new(), actions: Vec::new(), unusual: Vec::new() };
        assert!(activity(&nothing).drawing.is_none());
    }
}
