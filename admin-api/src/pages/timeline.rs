//! The plot of what an account did when: bars of events, those in unusual stretches set off, over a band that marks each stretch.

use botdet_loader::report::format::number;
use botdet_loader::report::plot::{Anchor, Kind, Plot, Scale, Tone, WIDTH, letters, rectangle, segment};
use chrono::{DateTime, TimeDelta, Utc};
use maud::html;

use crate::controllers::accounts::{Timeline, UnusualHours};

const HEIGHT: f64 = 170.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = HEIGHT - 22.0;
const LEFT: f64 = 34.0;
/// Bars at most: each must be seen.
const BARS: i64 = 180;
/// Hours that a bar may stand for.
const WIDTHS: [i64; 6] = [1, 2, 3, 6, 12, 24];

/// Draws it; nothing without events.
pub fn plot(timeline: &Timeline) -> Plot {
    let unusual = timeline.unusual.len();
    let description = format!("{} hours with events, {unusual} unusual stretches", timeline.hours.len());
    let (Some(first), Some(last)) = (timeline.hours.first(), timeline.hours.last()) else {
        return Plot {
            title: "Activity".to_owned(),
            description,
            height: HEIGHT,
            drawing: None,
            legend: Vec::new(),
        };
    };
    let wide = bar_hours((last.hour - first.hour).num_hours() + 1);
    let bins = binned(timeline, first.hour, wide);
    let end = first.hour + TimeDelta::hours(wide * bins.len() as i64);
    let x = |at: DateTime<Utc>| {
        let scale =
            Scale::new(Kind::Linear, (0.0, (end - first.hour).num_seconds() as f64), (LEFT, WIDTH - 4.0));
        scale.at((at - first.hour).num_seconds() as f64)
    };
    let highest = bins.iter().copied().max().unwrap_or(1) as f64;
    let y = Scale::new(Kind::Linear, (0.0, highest.max(1.0)), (BOTTOM, TOP));
    let start_of = |bin: usize| first.hour + TimeDelta::hours(wide * bin as i64);
    let drawing = html! {
        @for tick in y.ticks(3) {
            (segment("grid", (LEFT, y.at(tick)), (WIDTH - 4.0, y.at(tick))))
            (letters("tick", LEFT - 5.0, y.at(tick) + 4.0, Anchor::End, &number(tick)))
        }
        g class=(Tone::Positive.class()) {
            @for stretch in &timeline.unusual {
                (rectangle("band", x(stretch.from_hour), TOP, (x(end_of(stretch)) - x(stretch.from_hour)).max(2.0), BOTTOM - TOP, &told(stretch)))
                (rectangle("bar", x(stretch.from_hour), TOP - 7.0, (x(end_of(stretch)) - x(stretch.from_hour)).max(3.0), 4.0, &told(stretch)))
            }
        }
        @for (bin, events) in bins.iter().enumerate().filter(|(_, events)| **events > 0) {
            @let (from, to) = (start_of(bin), start_of(bin + 1));
            @let is_unusual = timeline.unusual.iter().any(|stretch| stretch.from_hour < to && end_of(stretch) > from);
            g class=(if is_unusual { Tone::Positive } else { Tone::Main }.class()) {
                (rectangle("bar", x(from), y.at(*events as f64), (x(to) - x(from) - 0.4).max(0.6), BOTTOM - y.at(*events as f64),
                    &format!("{}: {events}", from.format("%Y-%m-%d %H:%M"))))
            }
        }
        (segment("axis", (LEFT, BOTTOM), (WIDTH - 4.0, BOTTOM)))
        @for (at, anchor) in [(first.hour, Anchor::Start), (end, Anchor::End)] {
            (letters("tick", x(at), HEIGHT - 6.0, anchor, &at.format("%Y-%m-%d").to_string()))
        }
    };
    let per = if wide == 1 { "hour".to_owned() } else { format!("{wide} hours") };
    let legend = match unusual {
        0 => Vec::new(),
        _ => vec![(Tone::Main, "usual".to_owned()), (Tone::Positive, "unusual for it".to_owned())],
    };
    Plot {
        title: format!("Events per {per}, UTC"),
        description,
        height: HEIGHT,
        drawing: Some(drawing),
        legend,
    }
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

/// Hours a bar stands for.
fn bar_hours(hours: i64) -> i64 {
    WIDTHS.into_iter().find(|wide| hours / wide <= BARS).unwrap_or(24)
}

fn binned(timeline: &Timeline, first: DateTime<Utc>, wide: i64) -> Vec<i64> {
    let bin_of = |at: DateTime<Utc>| usize::try_from((at - first).num_hours() / wide).unwrap_or_default();
    let bins = timeline.hours.last().map_or(0, |last| bin_of(last.hour) + 1);
    let mut counts = vec![0; bins];
    for hour in &timeline.hours {
        counts[bin_of(hour.hour)] += hour.events;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::accounts::HourOfEvents;

    fn hour(n: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(n)
    }

    fn timeline(hours: &[(i64, i64)], unusual: &[(i64, i64)]) -> Timeline {
        Timeline {
            hours: hours
                .iter()
                .map(|(at, events)| HourOfEvents { hour: hour(*at), events: *events })
                .collect(),
            actions: Vec::new(),
            unusual: unusual
                .iter()
                .map(|(from, to)| UnusualHours {
                    from_hour: hour(*from),
                    to_hour: hour(*to),
                    kind: "burst".to_owned(),
                    events: 90,
                    usual: Some(4.0),
                    strength: Some(9.0),
                })
                .collect(),
        }
    }

    #[test]
    fn every_event_is_in_a_bar_and_bars_are_few() {
        for last in [0, 5, 179, 180, 1440, 4000] {
            let wide = bar_hours(last + 1);
            let found = binned(&timeline(&[(0, 3), (last, 4)], &[]), hour(0), wide);
            assert_eq!(found.iter().sum::<i64>(), 7, "{last}");
            assert!(found.len() as i64 <= BARS + 1, "{last}: {}", found.len());
        }
    }

    #[test]
    fn unusual_stretches_are_set_off_and_told() {
        let drawn = plot(&timeline(&[(0, 1), (30, 40), (31, 50), (60, 1)], &[(30, 31)]));
        let text = drawn.drawing.map(maud::Markup::into_string).unwrap_or_default();
        assert!(
            text.contains("1970-01-02 06:00 to 1970-01-02 08:00: 90 events, where 4 are usual for it"),
            "{text}"
        );
        // The band, its mark, and the two bars.
        assert_eq!(text.matches("t-pos").count(), 3, "{text}");
        assert!(plot(&timeline(&[], &[])).drawing.is_none());
    }
}
