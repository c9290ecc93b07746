//! The frame of a picture: from times and values to places, with numbers at its sides.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use super::super::ink::Ink;
use super::super::story::{Story, What};
use crate::evidence::Judgement;

pub(super) const WIDTH: f64 = 640.0;
pub(super) const HEIGHT: f64 = 250.0;
/// Room for the numbers beside the picture, below it, and for the names of the watches above.
const LEFT: f64 = 80.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 30.0;
/// The narrowest watch that has room for its name.
const NAMED: f64 = 64.0;

/// From times and values to places.
pub(super) struct Frame {
    from: Timestamp,
    seconds: f64,
    most: f64,
}

/// A line through points.
#[derive(Default)]
pub(super) struct Line(Vec<(f64, f64)>);

impl Frame {
    /// A frame of all that was watched, up to this value.
    pub(super) fn of(story: &Story<'_>, most: f64) -> Self {
        let samples = story.stretches().flat_map(|stretch| stretch.samples.iter().map(|(at, _)| *at));
        let weights = story.weights.iter().map(|(at, _)| *at);
        let from = samples.chain(weights).min().unwrap_or(story.began);
        let seconds = story.over.duration_since(from).as_secs_f64().max(1.0);
        Self { from, seconds, most: round_up(most) }
    }

    pub(super) fn x(&self, at: Timestamp) -> f64 {
        let part = at.duration_since(self.from).as_secs_f64() / self.seconds;
        LEFT + part.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    /// What is over the greatest value is drawn at the top.
    pub(super) fn y(&self, value: f64) -> f64 {
        TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - (value / self.most).clamp(0.0, 1.0))
    }

    /// Numbers at the sides; those of the values as `words` has them.
    pub(super) fn axes(&self, words: impl Fn(f64) -> String) -> String {
        let mut svg = String::new();
        for part in [0.0, 0.5, 1.0] {
            let (value, y) = (self.most * part, self.y(self.most * part));
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\n\
                 <text class=\"end\" x=\"{}\" y=\"{:.1}\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 5.0,
                words(value)
            );
        }
        let format = if self.seconds > 600.0 { "%H:%M" } else { "%H:%M:%S" };
        for quarter in 0..4 {
            let after = self.seconds * f64::from(quarter) / 4.0;
            let at = self.from + SignedDuration::from_secs_f64(after);
            let (x, y) = (self.x(at), HEIGHT - 8.0);
            let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", at.strftime(format));
        }
        svg
    }

    /// A band for each watch, with its name where it fits, and a mark where it was judged.
    pub(super) fn watches(&self, story: &Story<'_>, ink: &Ink<'_>) -> String {
        let mut svg = String::new();
        let mut bands: Vec<(&str, Timestamp, Timestamp)> = Vec::new();
        for stretch in story.stretches() {
            let (Some((from, _)), Some((to, _))) = (stretch.samples.first(), stretch.samples.last()) else { continue };
            match bands.iter_mut().find(|(watch, its, end)| *watch == stretch.watch && its <= to && from <= end) {
                Some((_, its, end)) => (*its, *end) = ((*its).min(*from), (*end).max(*to)),
                None => bands.push((stretch.watch, *from, *to)),
            }
        }
        for (watch, from, to) in bands {
            let (x, width) = (self.x(from), (self.x(to) - self.x(from)).max(1.0));
            let height = HEIGHT - TOP - BOTTOM;
            let name = ink.text(watch);
            let _ = writeln!(
                svg,
                "<rect class=\"band\" x=\"{x:.1}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{height}\"/>"
            );
            if width >= NAMED {
                let (middle, y) = (x + width / 2.0, TOP - 8.0);
                let _ = writeln!(svg, "<text class=\"middle\" x=\"{middle:.1}\" y=\"{y}\">{name}</text>");
            }
        }
        for (at, _, judgement, _) in story.verdicts() {
            let class = if judgement == Judgement::Passed { "judged good" } else { "judged bad" };
            let x = self.x(at);
            let _ = writeln!(
                svg,
                "<line class=\"{class}\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{}\"/>",
                HEIGHT - BOTTOM
            );
        }
        svg
    }

    /// A level that holds everywhere.
    pub(super) fn level(&self, value: f64) -> String {
        let y = self.y(value);
        format!("<line class=\"limit\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\n", WIDTH - RIGHT)
    }

    /// Whether any verdict is marked in it that was no pass.
    pub(super) fn has_bad(story: &Story<'_>) -> bool {
        story
            .entries
            .iter()
            .any(|entry| matches!(entry.what, What::Judged { judgement, .. } if judgement != Judgement::Passed))
    }
}

impl Line {
    /// On to a point; one that is nowhere is left out.
    pub(super) fn to(&mut self, x: f64, y: f64) {
        if x.is_finite() && y.is_finite() {
            self.0.push((x, y));
        }
    }

    /// The line; a single point is a dot.
    pub(super) fn draw(&self, class: &str) -> String {
        match self.0.as_slice() {
            [] => String::new(),
            [(x, y)] => format!("<circle class=\"{class} dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>\n"),
            points => format!("<polyline class=\"{class}\" points=\"{}\"/>\n", places(points.iter())),
        }
    }

    /// The area between this line and another, back to front.
    pub(super) fn fill(&self, other: &Self, class: &str) -> String {
        if self.0.len() < 2 {
            return String::new();
        }
        let points = places(self.0.iter().chain(other.0.iter().rev()));
        format!("<polygon class=\"{class}\" points=\"{points}\"/>\n")
    }
}

fn places<'a>(points: impl Iterator<Item = &'a (f64, f64)>) -> String {
    points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}

/// The next number that reads well: 1, 2 or 5 with zeros.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|step| step * power).find(|round| *round >= value * 0.999).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    #[test]
    fn scales_end_at_numbers_that_read_well() {
        for (value, expected) in [(0.012, 0.02), (0.3, 0.5), (100.0, 100.0), (501.0, 1000.0), (0.0, 1.0)] {
            assert!((super::round_up(value) - expected).abs() < 1e-9, "{value}");
        }
    }
}
