//! The requests of every second, as a picture: what came back, what failed, and what was played.

use std::fmt::Write as _;
use std::time::Duration;

use super::super::timeline::{Scene, Timeline};
use super::escape;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 260.0;
/// Room for the numbers beside the picture and below it, and for those of the scenes above.
const LEFT: f64 = 44.0;
const BOTTOM: f64 = 28.0;
const TOP: f64 = 24.0;

/// The chart of a timeline's traffic, with a sentence that says the same.
pub(super) fn chart(timeline: &Timeline) -> String {
    let scale = Scale::of(timeline);
    let mut svg =
        format!("<figure>\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"chart-says\">\n");
    for (number, scene) in (1..).zip(&timeline.scenes) {
        svg += &band(&scale, number, scene);
    }
    svg += &axes(&scale);
    let points: Vec<_> = timeline
        .traffic
        .iter()
        .map(|sample| (scale.x(sample.at.saturating_sub(sample.over / 2)), rate(sample.answered, sample.over)))
        .collect();
    if let (Some(first), Some(last)) = (points.first(), points.last()) {
        let line = points.iter().map(|(x, rate)| format!("{x:.1},{:.1}", scale.y(*rate))).collect::<Vec<_>>().join(" ");
        let floor = scale.y(0.0);
        let _ =
            writeln!(svg, "<polygon class=\"area\" points=\"{:.1},{floor} {line} {:.1},{floor}\"/>", first.0, last.0);
        let _ = writeln!(svg, "<polyline class=\"line\" points=\"{line}\"/>");
    }
    for sample in timeline.traffic.iter().filter(|sample| sample.failed > 0) {
        let x = scale.x(sample.at.saturating_sub(sample.over));
        let width = (scale.x(sample.at) - x).max(2.0);
        let y = scale.y(rate(sample.failed, sample.over)).min(scale.y(0.0) - 3.0);
        let height = scale.y(0.0) - y;
        let _ = writeln!(
            svg,
            "<rect class=\"failed\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
        );
    }
    let failed = timeline.traffic.iter().filter(|sample| sample.failed > 0).count();
    let _ = writeln!(
        svg,
        "</svg>\n<figcaption id=\"chart-says\">Requests a second over {} seconds; {}. The bands are the scenarios, by \
         their numbers.</figcaption>\n</figure>",
        timeline.took.as_secs(),
        match failed {
            0 => "none failed".to_owned(),
            1 => "in one of them requests failed, in red".to_owned(),
            seconds => format!("in {seconds} of them requests failed, in red"),
        }
    );
    svg
}

/// A scene's stretch of time; every other one is shaded.
fn band(scale: &Scale, number: usize, scene: &Scene) -> String {
    let (Some(first), Some(last)) = (scene.steps.first(), scene.steps.last()) else {
        return String::new();
    };
    let (from, to) = (scale.x(first.began), scale.x(last.began + last.took));
    let class = if number.is_multiple_of(2) { "band even" } else { "band odd" };
    let mut svg = format!(
        "<rect class=\"{class}\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}</title></rect>\n",
        (to - from).max(1.0),
        HEIGHT - TOP - BOTTOM,
        escape(&scene.name)
    );
    let state = if scene.passed() { "" } else { " bad" };
    let _ = writeln!(
        svg,
        "<text class=\"label{state}\" x=\"{:.1}\" y=\"{}\">{number}</text>",
        f64::midpoint(from, to),
        TOP - 7.0
    );
    svg
}

fn axes(scale: &Scale) -> String {
    let mut svg = String::new();
    for part in [0.0, 0.5, 1.0] {
        let (rate, y) = (scale.most * part, scale.y(scale.most * part));
        let _ = writeln!(svg, "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
        let _ = writeln!(svg, "<text class=\"axis end\" x=\"{}\" y=\"{:.1}\">{rate:.0}</text>", LEFT - 6.0, y + 4.0);
    }
    let mut second = 0;
    while f64::from(second) <= scale.length {
        let x = scale.x(Duration::from_secs(u64::from(second)));
        let class = if second == 0 { "axis" } else { "axis middle" };
        let _ = writeln!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\">{second} s</text>", HEIGHT - 8.0);
        second += scale.tick;
    }
    svg
}

/// From time and rate to places.
struct Scale {
    /// Seconds of the whole.
    length: f64,
    /// The greatest rate that is shown.
    most: f64,
    /// Seconds between two numbers below.
    tick: u32,
}

impl Scale {
    fn of(timeline: &Timeline) -> Self {
        let length = timeline.took.as_secs_f64().max(1.0);
        let rates = timeline.traffic.iter().map(|sample| rate(sample.answered.max(sample.failed), sample.over));
        let most = round_up(rates.fold(1.0, f64::max));
        let tick = [5, 10, 15, 30, 60, 120, 300].into_iter().find(|tick| length / f64::from(*tick) <= 10.0);
        Self { length, most, tick: tick.unwrap_or(600) }
    }

    fn x(&self, at: Duration) -> f64 {
        LEFT + (at.as_secs_f64() / self.length).min(1.0) * (WIDTH - LEFT)
    }

    fn y(&self, rate: f64) -> f64 {
        let height = HEIGHT - TOP - BOTTOM;
        TOP + height * (1.0 - (rate / self.most).clamp(0.0, 1.0))
    }
}

fn rate(count: u64, over: Duration) -> f64 {
    count as f64 / over.as_secs_f64().max(0.1)
}

/// The next number that reads well: 1, 2 or 5 with zeros.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power).find(|round| *round >= value).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_at_a_round_number_that_holds_every_rate() {
        for (value, round) in [(1.0, 1.0), (1.2, 2.0), (47.3, 50.0), (51.0, 100.0), (200.0, 200.0), (201.0, 500.0)] {
            assert!((round_up(value) - round).abs() < 1e-9, "{value} became {}", round_up(value));
        }
    }
}
