//! The timeline: what was done, stage by stage, who decided what and why, and how long it took.

use std::time::Duration;

use super::ink::{Ink, badge, clock, folded, tone, took};
use super::story::{Entry, Story, What};
use crate::progress::{Outcome, Stage};
use crate::report::step_name;

/// So many quick stages in a row are folded.
const MANY: usize = 3;

/// The list, and the quick stages in it folded.
pub(super) fn list(story: &Story<'_>, ink: &Ink<'_>) -> String {
    if story.entries.is_empty() {
        return String::new();
    }
    let mut html = "<ol class=\"timeline\">\n".to_owned();
    let mut index = 0;
    while let Some(first) = story.entries.get(index) {
        let many = (index..story.entries.len()).take_while(|&one| story.is_quick(one)).count();
        if many >= MANY {
            html += &fold(&story.entries[index..index + many], ink);
            index += many;
        } else {
            html += &entry(first, ink);
            index += 1;
        }
    }
    html + "</ol>\n"
}

fn fold(entries: &[Entry<'_>], ink: &Ink<'_>) -> String {
    let weights: Vec<_> = entries
        .iter()
        .filter_map(|entry| match entry.what {
            What::Stage(stage) => Some(stage.weight),
            _ => None,
        })
        .collect();
    let (Some(from), Some(to)) = (weights.first(), weights.last()) else { return String::new() };
    let share = if (from - to).abs() < 1e-9 { format!("at {from} %") } else { format!("from {from} % to {to} %") };
    let spent: Duration = entries.iter().filter_map(|entry| entry.took).sum();
    let inner: String = entries.iter().map(|one| entry(one, ink)).collect();
    let summary = format!("{} stages that ECS went through, {share}, in {}", entries.len(), took(spent));
    let inner = format!("<ol class=\"timeline\">\n{inner}</ol>\n");
    format!("<li class=\"entry fold\">{}</li>\n", folded(&summary, &inner, false))
}

fn entry(entry: &Entry<'_>, ink: &Ink<'_>) -> String {
    let (class, title, text) = match &entry.what {
        What::Step { step, begun, outcome, came } => {
            let (class, word) = match outcome {
                Some(Outcome::Done) => ("good", "done"),
                Some(Outcome::Skipped) => ("faint", "nothing to do"),
                Some(Outcome::Refused) => ("bad", "refused"),
                Some(Outcome::Failed) => ("bad", "failed"),
                None => ("unsure", "cut off"),
            };
            let title = format!("{} <span class=\"badge {class}\">{word}</span>", step_name(*step));
            let parts: Vec<_> = [*begun, *came].into_iter().filter(|part| !part.is_empty()).collect();
            (class, title, paragraph(&parts.join(": "), ink))
        }
        What::Stage(stage) => ("stage", stage_title(stage, ink), stage_text(stage, ink)),
        What::Judged { watch, judgement, findings } => {
            let decided = findings.first().map(|finding| format!("{}: {}", finding.trigger, finding.words));
            let title = format!("Verdict: {} {}", ink.text(watch), badge(*judgement));
            (tone(*judgement), title, paragraph(&decided.unwrap_or_default(), ink))
        }
        What::Warned(what) => ("unsure", "Warning".to_owned(), paragraph(what, ink)),
    };
    let took = entry.took.map(|spent| format!(" <span class=\"faint\">{}</span>", took(spent))).unwrap_or_default();
    format!(
        "<li class=\"entry {class}\">\n<p class=\"what\">{} <b>{title}</b>{took}</p>\n{text}</li>\n",
        clock(entry.at)
    )
}

fn paragraph(text: &str, ink: &Ink<'_>) -> String {
    if text.is_empty() { String::new() } else { format!("<p class=\"said\">{}</p>\n", ink.text(text)) }
}

fn stage_title(stage: &Stage, ink: &Ink<'_>) -> String {
    let words = match stage.name.as_str() {
        "RECONCILE_SERVICE" => "ECS looks at the service",
        "PRE_SCALE_UP" => "Before the new tasks start",
        "SCALE_UP" => "The new tasks start",
        "POST_SCALE_UP" => "The new tasks run",
        "TEST_TRAFFIC_SHIFT" => "Test traffic goes over",
        "POST_TEST_TRAFFIC_SHIFT" => "Before users",
        "PRE_PRODUCTION_TRAFFIC_SHIFT" => "Before the next share of users",
        "PRODUCTION_TRAFFIC_SHIFT" => "Users go over",
        "POST_PRODUCTION_TRAFFIC_SHIFT" => "Users have gone over",
        "BAKE_TIME" => "The old release is kept",
        "CLEAN_UP" => "The old release goes",
        _ => "Stage",
    };
    format!("{words}, {} %", ink.text(&stage.weight.to_string()))
}

fn stage_text(stage: &Stage, ink: &Ink<'_>) -> String {
    format!(
        "<p><code>{}</code>: {} decides: {}</p>\n",
        ink.text(&stage.name),
        ink.text(&stage.decides),
        ink.text(&stage.why)
    )
}
