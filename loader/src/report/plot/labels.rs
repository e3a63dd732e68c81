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
        const STEP: f64 = 4.0;
        for pair in points.windows(2) {
            let (dx, dy) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
            let steps = (dx.hypot(dy) / STEP).ceil().max(1.0);
            let along = (0..=steps as usize).map(|step| step as f64 / steps);
            self.curve.extend(along.map(|part| (pair[0].0 + dx * part, pair[0].1 + dy * part)));
        }
    }

    /// A place for letters near a point: where their baseline begins or ends. `None` where there is no room.
    pub fn place(
        &mut self,
        point: (f64, f64),
        side: Side,
        label: &str,
        within: Area,
    ) -> Option<(f64, f64, Anchor)> {
        let wide = text::width(label, LETTER);
        let sides =
            if side == Side::Right { [Anchor::Start, Anchor::End] } else { [Anchor::End, Anchor::Start] };
        let offsets = [0.0, 15.0, -15.0, 30.0, -30.0, 45.0, 60.0];
        let candidates = || {
            offsets.into_iter().flat_map(|dy| sides.map(|anchor| (dy, anchor))).map(|(dy, anchor)| {
                let x = if anchor == Anchor::Start { point.0 + 9.0 } else { point.0 - 9.0 };
                let left = if anchor == Anchor::Start { x } else { x - wide };
                let middle = point.1 + dy;
                let place = Area { left, right: left + wide, top: middle - 7.0, bottom: middle + 7.0 };
                (place, (x, middle + 4.0, anchor))
            })
        };
        let is_free = |place: &Area| {
            let is_inside = place.left >= within.left
                && place.right <= within.right
                && place.top >= within.top
                && place.bottom <= within.bottom;
            is_inside && self.taken.iter().all(|other| !overlap(place, other))
        };
        let holds = |place: &Area, (x, y): (f64, f64)| {
            x > place.left && x < place.right && y > place.top && y < place.bottom
        };
        let is_clear = |place: &Area| !self.curve.iter().any(|point| holds(place, *point));
        let (place, letters) = candidates()
            .find(|(place, _)| is_free(place) && is_clear(place))
            .or_else(|| candidates().find(|(place, _)| is_free(place)))?;
        self.taken.push(place);
        Some(letters)
    }
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
