//! What was measured in the end, in numbers: the charts for whoever does not see them.

use super::ink::{Ink, milliseconds, percent, table};
use super::story::Story;
use crate::progress::{Arm, Measured};
use crate::verdict::Source;

const COLUMNS: [&str; 9] =
    ["watch", "share", "requests of", "release", "requests", "failed", "error rate, 95 % interval", "p50", "p95"];

/// A row for each watch, source and release.
pub(super) fn table_of(story: &Story<'_>, ink: &Ink<'_>) -> String {
    let last = story.stretches().filter_map(super::story::Stretch::last);
    let rows: String = last.map(|measured| rows(measured, ink)).collect();
    if rows.is_empty() { rows } else { table("What each watch had measured at its end", &COLUMNS, &rows) }
}

fn rows(measured: &Measured, ink: &Ink<'_>) -> String {
    let candidate = row(measured, "new", &measured.candidate, ink);
    let serving = measured.serving.as_ref().map(|arm| row(measured, "serving", arm, ink)).unwrap_or_default();
    candidate + &serving
}

fn row(measured: &Measured, release: &str, arm: &Arm, ink: &Ink<'_>) -> String {
    let rate = arm.error_rate.map(|(low, high)| {
        let rate = arm.errors as f64 / (arm.requests as f64).max(1.0);
        format!("{} ({} to {})", percent(rate), percent(low), percent(high))
    });
    let time = |seconds: Option<f64>| seconds.map(milliseconds).unwrap_or_default();
    format!(
        "<tr><th scope=\"row\">{}</th><td>{} %</td><td>{}</td><td>{release}</td><td>{}</td><td>{}</td><td>{}</td>\
         <td>{}</td><td>{}</td></tr>\n",
        ink.text(&measured.watch),
        ink.text(&measured.weight.to_string()),
        whose(measured.source),
        arm.requests,
        arm.errors,
        rate.unwrap_or_default(),
        time(arm.p50),
        time(arm.p95)
    )
}

/// Whose requests they were, for people.
pub(super) fn whose(source: Source) -> &'static str {
    match source {
        Source::Probes => "probes",
        Source::Users => "users",
    }
}
