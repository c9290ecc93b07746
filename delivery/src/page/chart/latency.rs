//! How long answers of both releases took, over time.

use std::fmt::Write as _;

use super::super::figures::whose;
use super::super::ink::milliseconds;
use super::errors::{arm_of, heading, samples};
use super::weights::marks;
use super::{EnvironmentSettings, Frame, Ink, Line, Release, Story, Stretch, figure, key};
use crate::progress::Arm;
use crate::verdict::Source;

/// A share of the requests, by its name.
type Quantile = (&'static str, fn(&Arm) -> Option<f64>);

const QUANTILES: [Quantile; 2] = [("p50", |arm| arm.p50), ("p95", |arm| arm.p95)];

/// A picture for each source of requests.
pub(in super::super) fn latency(story: &Story<'_>, settings: &EnvironmentSettings, ink: &Ink<'_>) -> String {
    let ratio = settings.watch.latency_ratio;
    let has_times = |stretches: &[Stretch<'_>]| samples(stretches).any(|measured| measured.candidate.p95.is_some());
    let drawn = story.measured.iter().filter(|(_, stretches)| has_times(stretches));
    drawn.map(|(source, stretches)| of(story, *source, stretches, ratio, ink)).collect()
}

fn of(story: &Story<'_>, source: Source, stretches: &[Stretch<'_>], ratio: f64, ink: &Ink<'_>) -> String {
    let slowest = samples(stretches)
        .flat_map(|measured| [measured.candidate.p95, measured.serving.and_then(|arm| arm.p95.map(|p95| p95 * ratio))]);
    let frame = Frame::of(story, slowest.flatten().fold(0.0, f64::max));
    let mut svg = frame.watches(story, ink) + &frame.axes(milliseconds);
    for stretch in stretches {
        let mut limit = Line::default();
        for (at, measured) in &stretch.samples {
            if let Some(p95) = measured.serving.and_then(|arm| arm.p95) {
                limit.to(frame.x(*at), frame.y(p95 * ratio));
            }
        }
        svg += &limit.draw("limit");
        for release in Release::BOTH {
            for (name, quantile) in QUANTILES {
                let mut line = Line::default();
                for (at, measured) in &stretch.samples {
                    if let Some(seconds) = arm_of(measured, release).and_then(quantile) {
                        line.to(frame.x(*at), frame.y(seconds));
                    }
                }
                svg += &line.draw(&format!("line {} {name}", release.class()));
            }
        }
    }
    let has_serving = samples(stretches).any(|measured| measured.serving.is_some());
    let mut keys = vec![("line candidate p95", "new release, p95"), ("line candidate p50", "new release, p50")];
    let over = format!("limit: {:.0} % over the p95 of the release that served", (ratio - 1.0) * 100.0);
    if has_serving {
        keys.extend([("line serving p95", "release that served, p95"), ("line serving p50", "its p50")]);
        keys.push(("limit", over.as_str()));
    }
    keys.extend(marks(story));
    let title = format!("Latency of {} over time", whose(source));
    let id = format!("latency-{}", whose(source));
    format!("<h3>{}</h3>\n", heading(source)) + &figure(&id, &title, &says(source, stretches), &svg, &key(&keys))
}

fn says(source: Source, stretches: &[Stretch<'_>]) -> String {
    let mut says = format!("How long {} waited.", whose(source));
    for (release, name) in [(Release::Candidate, "the new release"), (Release::Serving, "the one that served")] {
        let mut last = stretches.iter().rev().filter_map(Stretch::last);
        let times = last.find_map(|measured| {
            let arm = arm_of(measured, release)?;
            Some((arm.p50?, arm.p95?))
        });
        if let Some((p50, p95)) = times {
            let (p50, p95) = (milliseconds(p50), milliseconds(p95));
            let _ = write!(
                says,
                " At the end of the last watch {name} answered half within {p50} and 95 of 100 within {p95}."
            );
        }
    }
    says
}
