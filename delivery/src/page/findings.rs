//! The verdicts of the watches with their numbers, and what was recorded as evidence.

use std::fmt::Write as _;

use super::ink::{Ink, badge, clock, folded, number, table};
use super::story::Story;
use crate::evidence::{Check, Judgement, Verdict};
use crate::verdict::Finding;

/// What each watch came to: what was no pass open, the others folded.
pub(super) fn verdicts(story: &Story<'_>, ink: &Ink<'_>) -> String {
    let mut html = String::new();
    for (at, watch, judgement, findings) in story.verdicts() {
        let rows: String = findings.iter().map(|finding| found(finding, ink)).collect();
        let summary = format!("{} {} <span class=\"faint\">at</span> {}", ink.text(watch), badge(judgement), clock(at));
        let caption = format!("What was found: {}", ink.text(watch));
        let content = if rows.is_empty() {
            "<p>It has no numbers.</p>\n".to_owned()
        } else {
            table(&caption, &["what", "verdict", "in words", "measured", "limit"], &rows)
        };
        html += &folded(&summary, &content, judgement != Judgement::Passed);
    }
    html
}

fn found(finding: &Finding, ink: &Ink<'_>) -> String {
    let value = |value: Option<f64>| value.map(|value| with_unit(value, finding.unit, ink)).unwrap_or_default();
    let told = if finding.decides { "" } else { ", told only" };
    format!(
        "<tr><th scope=\"row\">{}{told}</th><td>{}</td><td class=\"words\">{}</td><td>{}</td><td>{}</td></tr>\n",
        finding.trigger,
        badge(finding.judgement),
        ink.text(&finding.words),
        value(finding.measured),
        value(finding.limit)
    )
}

fn with_unit(value: f64, unit: &str, ink: &Ink<'_>) -> String {
    let (number, unit) = (number(value), ink.text(unit));
    if unit.is_empty() { number } else { format!("{number} {unit}") }
}

/// What was left behind about the release.
pub(super) fn evidence(story: &Story<'_>, ink: &Ink<'_>) -> String {
    story.recorded.iter().map(|verdict| recorded(verdict, ink)).collect()
}

fn recorded(verdict: &Verdict, ink: &Ink<'_>) -> String {
    let Verdict { environment, judgement, release, reason, service_deployment, checks, by, .. } = verdict;
    let mut html = format!(
        "<p>{} in {environment}: {} by <code>{}</code>.</p>\n",
        ink.text(&release.to_string()),
        badge(*judgement),
        ink.text(by)
    );
    if !reason.is_empty() {
        let _ = writeln!(html, "<p class=\"said\">{}</p>", ink.text(reason));
    }
    if let Some(arn) = service_deployment {
        let _ = writeln!(html, "<p>Service deployment <code>{}</code>.</p>", ink.text(arn));
    }
    if checks.is_empty() {
        return html;
    }
    let rows: String = checks.iter().map(|check| checked(check, ink)).collect();
    let caption = format!("What was checked in {environment}");
    html + &table(&caption, &["check", "verdict", "seen", "measured", "limit"], &rows)
}

fn checked(check: &Check, ink: &Ink<'_>) -> String {
    let value = |value: Option<f64>| value.map(|value| with_unit(value, &check.unit, ink)).unwrap_or_default();
    format!(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"words\">{}</td><td>{}</td><td>{}</td></tr>\n",
        ink.text(&check.name),
        badge(check.judgement),
        ink.text(&check.detail),
        value(check.measured),
        value(check.limit)
    )
}
