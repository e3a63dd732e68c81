//! Where letters beside points go, so that they neither touch one another nor leave the plot.

use super::LETTER;
use super::axes::Area;
use super::canvas::Anchor;
use crate::report::text;

/// What letters are kept off.
#[derive(Default)]
pub struct Labels {
    taken: Vec<Area>,
    curve: Vec<(f64, f64)>,
}

/// On which side of a point letters are tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// On its right, then on its left.
    Right,
    /// On its left, then on its right.
    Left,
}

impl Labels {
    /// Keeps letters off a point.
    pub fn keep_off(&mut self, (x, y): (f64, f64), radius: f64) {
        self.taken.push(Area { left: x - radius, right: x + radius, top: y - radius, bottom: y + radius });
    }

    /// Keeps letters off a curve, as far as there is other room.
    pub fn keep_off_curve(&mut self, points: &[(f64, f64)]) {
        for pair in points.windows(2) {
            self.curve.extend(along(pair[0], pair[1]));
        }
    }

    /// A place for letters near a point, the nearest that is free. `None` where there is no room.
    pub fn place(&mut self, point: (f64, f64), side: Side, label: &str, within: Area) -> Option<Place> {
        let candidates = candidates(point, side, text::width(label, LETTER));
        let is_free = |area: &Area| {
            let is_inside = area.left >= within.left
                && area.right <= within.right
                && area.top >= within.top
                && area.bottom <= within.bottom;
            is_inside && self.taken.iter().all(|other| !overlap(area, other))
        };
        let holds = |area: &Area, (x, y): (f64, f64)| {
            x > area.left && x < area.right && y > area.top && y < area.bottom
        };
        let is_clear = |area: &Area| !self.curve.iter().any(|point| holds(area, *point));
        let leads_freely = |place: &Place| {
            // The point's own box does not stand in the way.
            let others = || self.taken.iter().filter(|other| !holds(other, point));
            let end = (place.x, place.y - 4.0);
            along(point, end).all(|step| !others().any(|other| holds(other, step)))
        };
        let free = || candidates.iter().filter(|(area, place)| is_free(area) && leads_freely(place));
        let (area, place) = free().find(|(area, _)| is_clear(area)).or_else(|| free().next())?;
        self.taken.push(*area);
        if place.is_far {
            self.curve.extend(along(point, (place.x, place.y - 4.0)));
        }
        Some(*place)
    }
}

/// Points along a line, close to one another.
fn along(from: (f64, f64), to: (f64, f64)) -> impl Iterator<Item = (f64, f64)> {
    const STEP: f64 = 4.0;
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let steps = (dx.hypot(dy) / STEP).ceil().max(1.0);
    (0..=steps as usize).map(move |step| {
        let part = step as f64 / steps;
        (from.0 + dx * part, from.1 + dy * part)
    })
}

/// Where letters go.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Where they begin or end.
    pub x: f64,
    /// Their baseline.
    pub y: f64,
    /// Which of both.
    pub anchor: Anchor,
    /// Whether they are so far from the point that a line should lead to it.
    pub is_far: bool,
}

/// Places around a point, the nearest and those on the wanted side first.
fn candidates(point: (f64, f64), side: Side, wide: f64) -> Vec<(Area, Place)> {
    let wanted = if side == Side::Right { Anchor::Start } else { Anchor::End };
    let mut ranked = Vec::new();
    for anchor in [Anchor::Start, Anchor::End] {
        for dx in [9.0, 22.0, 40.0, 64.0] {
            for dy in [0.0, 15.0, -15.0, 30.0, -30.0, 46.0, -46.0, 62.0] {
                let detour: f64 = if anchor == wanted { 0.0 } else { 12.0 };
                ranked.push((detour + dx + f64::abs(dy), anchor, dx, dy));
            }
        }
    }
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    let placed = ranked.into_iter().map(|(_, anchor, dx, dy)| {
        let is_start = anchor == Anchor::Start;
        let x = if is_start { point.0 + dx } else { point.0 - dx };
        let left = if is_start { x } else { x - wide };
        let middle = point.1 + dy;
        let area = Area { left, right: left + wide, top: middle - 7.0, bottom: middle + 7.0 };
        (area, Place { x, y: middle + 4.0, anchor, is_far: dx > 9.0 || dy != 0.0 })
    });
    placed.collect()
}

/// Middles of texts of these widths that come to lie near the wanted ones, in order, without touching, between bounds.
pub fn beside_one_another(wanted: &[(f64, f64)], (left, right): (f64, f64)) -> Vec<f64> {
    const GAP: f64 = 10.0;
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].0.total_cmp(&wanted[*b].0));
    let mut starts = vec![0.0; wanted.len()];
    let mut free_from = left;
    for index in &order {
        let (middle, wide) = wanted[*index];
        starts[*index] = (middle - wide / 2.0).max(free_from);
        free_from = starts[*index] + wide + GAP;
    }
    let mut free_to = right;
    for index in order.iter().rev() {
        let wide = wanted[*index].1;
        starts[*index] = starts[*index].min(free_to - wide);
        free_to = starts[*index] - GAP;
    }
    starts.iter().zip(wanted).map(|(start, (_, wide))| start + wide / 2.0).collect()
}

fn overlap(a: &Area, b: &Area) -> bool {
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_beside_one_another_do_not_touch() {
        let wanted = [(95.0, 30.0), (90.0, 40.0), (2.0, 20.0)];
        let middles = beside_one_another(&wanted, (0.0, 110.0));
        let ends = |(middle, (_, wide)): (&f64, &(f64, f64))| (middle - wide / 2.0, middle + wide / 2.0);
        let mut boxes: Vec<(f64, f64)> = middles.iter().zip(&wanted).map(ends).collect();
        boxes.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(boxes[0].0 >= 0.0 && boxes[2].1 <= 110.0);
        assert!(boxes.windows(2).all(|pair| pair[0].1 < pair[1].0));
    }

    #[test]
    fn labels_never_overlap() {
        let within = Area { left: 0.0, right: 200.0, top: 0.0, bottom: 100.0 };
        let mut labels = Labels::default();
        let placed =
            (0..40).filter(|_| labels.place((100.0, 50.0), Side::Right, "review 0.62", within).is_some());
        assert!((4..40).contains(&placed.count()));
        for (index, a) in labels.taken.iter().enumerate() {
            assert!(labels.taken[index + 1..].iter().all(|b| !overlap(a, b)));
        }
    }
}
