//! The error rate of both releases over time, with its interval.

use std::fmt::Write as _;

use super::super::figures::whose;
use super::super::ink::percent;
use super::weights::marks;
use super::{EnvironmentSettings, Frame, Ink, Line, Release, Story, Stretch, figure, key};
use crate::progress::{Arm, Measured};
use crate::verdict::Source;

/// A picture for each source of requests.
pub(in super::super) fn errors(story: &Story<'_>, settings: &EnvironmentSettings, ink: &Ink<'_>) -> String {
    let has_rate =
        |stretches: &[Stretch<'_>]| samples(stretches).any(|measured| measured.candidate.error_rate.is_some());
    let drawn = story.measured.iter().filter(|(_, stretches)| has_rate(stretches));
    drawn.map(|(source, stretches)| of(story, *source, stretches, settings.watch.error_rate, ink)).collect()
}

fn of(story: &Story<'_>, source: Source, stretches: &[Stretch<'_>], limit: f64, ink: &Ink<'_>) -> String {
    // The interval of the first few requests is almost everything, and would press all else flat.
    let ends = stretches.iter().filter_map(Stretch::last).flat_map(arms);
    let ends = ends.filter_map(|(_, arm)| arm.error_rate).map(|(_, high)| high);
    let settled = ends.filter(|high| *high < 10.0 * limit);
    let rates = stretches.iter().filter_map(Stretch::last).flat_map(arms).map(|(_, arm)| rate(arm));
    let most = settled.chain(rates).fold(2.5 * limit, f64::max).min(1.0);
    let frame = Frame::of(story, most);
    let mut svg = frame.watches(story, ink) + &frame.axes(|value| format!("{:.1} %", value * 100.0));
    svg += &frame.level(limit);
    for release in Release::BOTH {
        for stretch in stretches {
            let (mut line, mut low, mut high) = (Line::default(), Line::default(), Line::default());
            for (at, measured) in &stretch.samples {
                let Some((arm, (least, most))) = arm_of(measured, release).and_then(|arm| Some((arm, arm.error_rate?)))
                else {
                    continue;
                };
                let x = frame.x(*at);
                line.to(x, frame.y(rate(arm)));
                low.to(x, frame.y(least));
                high.to(x, frame.y(most));
            }
            svg += &high.fill(&low, &format!("area {}", release.class()));
            svg += &line.draw(&format!("line {}", release.class()));
        }
    }
    let says = says(source, stretches, limit);
    let title = format!("Error rate of {} over time", whose(source));
    let mut keys = vec![("line candidate", "new release"), ("area candidate", "its 95 % interval")];
    if samples(stretches).any(|measured| measured.serving.is_some()) {
        keys.extend([("line serving", "release that served"), ("area serving", "its 95 % interval")]);
    }
    keys.push(("limit", "limit"));
    keys.extend(marks(story));
    let id = format!("errors-{}", whose(source));
    format!("<h3>{}</h3>\n", heading(source)) + &figure(&id, &title, &says, &svg, &key(&keys))
}

fn says(source: Source, stretches: &[Stretch<'_>], limit: f64) -> String {
    let mut says = format!("Requests of {}, against a limit of {}.", whose(source), percent(limit));
    let last = |release: Release| {
        let mut found = stretches.iter().rev().filter_map(Stretch::last);
        found.find_map(|measured| arm_of(measured, release).and_then(|arm| Some((arm, arm.error_rate?))))
    };
    for (release, name) in [(Release::Candidate, "the new release"), (Release::Serving, "the one that served")] {
        if let Some((arm, (low, high))) = last(release) {
            let _ = write!(
                says,
                " At the end of the last watch {name} had failed {} of {} requests: {} ({} to {}).",
                arm.errors,
                arm.requests,
                percent(rate(arm)),
                percent(low),
                percent(high)
            );
        }
    }
    says
}

pub(super) fn heading(source: Source) -> &'static str {
    match source {
        Source::Probes => "Probes",
        Source::Users => "Users",
    }
}

pub(super) fn samples<'s, 'a: 's>(stretches: &'s [Stretch<'a>]) -> impl Iterator<Item = &'a Measured> + use<'s, 'a> {
    stretches.iter().flat_map(|stretch| stretch.samples.iter().map(|(_, measured)| *measured))
}

pub(super) fn arm_of(measured: &Measured, release: Release) -> Option<&Arm> {
    match release {
        Release::Candidate => Some(&measured.candidate),
        Release::Serving => measured.serving.as_ref(),
    }
}

fn arms(measured: &Measured) -> impl Iterator<Item = (Release, &Arm)> {
    Release::BOTH.into_iter().filter_map(|release| Some((release, arm_of(measured, release)?)))
}

fn rate(arm: &Arm) -> f64 {
    arm.errors as f64 / (arm.requests as f64).max(1.0)
}
