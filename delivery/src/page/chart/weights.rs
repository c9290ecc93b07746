//! The share of traffic that the new release had, over time.

use super::super::ink::{between, clock, folded, table, took};
use super::{Frame, Ink, Line, Story, figure, key};

/// The picture and its table; nothing when no traffic was ever weighed.
pub(in super::super) fn weights(story: &Story<'_>, ink: &Ink<'_>) -> String {
    let [.., (_, last)] = story.weights.as_slice() else { return String::new() };
    let frame = Frame::of(story, 100.0);
    let mut line = Line::default();
    let mut before = None;
    for (at, weight) in &story.weights {
        if let Some(before) = before {
            line.to(frame.x(*at), frame.y(before));
        }
        line.to(frame.x(*at), frame.y(*weight));
        before = Some(*weight);
    }
    line.to(frame.x(story.over), frame.y(*last));
    let svg = frame.watches(story, ink) + &frame.axes(|value| format!("{value} %")) + &line.draw("line candidate");

    let most = story.weights.iter().map(|(_, weight)| *weight).fold(0.0, f64::max);
    let says = format!(
        "The new release had {most} % of users' traffic at the most, and {last} % at the end; its share changed {}.",
        match story.weights.len() - 1 {
            0 => "never".to_owned(),
            1 => "once".to_owned(),
            times => format!("{times} times"),
        }
    );
    let until = story.weights.iter().skip(1).map(|(at, _)| *at).chain([story.over]);
    let rows = story
        .weights
        .iter()
        .zip(until)
        .map(|((at, weight), until)| {
            let lasted = took(between(*at, until));
            format!("<tr><th scope=\"row\">{}</th><td>{weight} %</td><td>{lasted}</td></tr>\n", clock(*at))
        })
        .collect::<Vec<_>>()
        .concat();
    let table = table("The new release's share of traffic", &["from", "share", "for"], &rows);
    let mut keys = vec![("line candidate", "share of the new release")];
    keys.extend(marks(story));
    figure("share", "Share of traffic over time", &says, &svg, &key(&keys))
        + &folded("The same as a table", &table, false)
}

/// The keys of the marks that verdicts leave.
pub(super) fn marks(story: &Story<'_>) -> Vec<(&'static str, &'static str)> {
    let mut keys = Vec::new();
    if story.stretches().next().is_some() {
        keys.push(("band", "while it was watched"));
    }
    if story.verdicts().next().is_some() {
        keys.push(("judged good", "a verdict"));
    }
    if Frame::has_bad(story) {
        keys.push(("judged bad", "a verdict that was no pass"));
    }
    keys
}
