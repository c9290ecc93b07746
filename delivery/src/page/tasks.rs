//! How the tasks stood, what they wrote, and everything that was told.

use std::fmt::Write as _;

use super::ink::{Ink, clock, folded, lines, table};
use super::story::Story;
use crate::progress::{Event, Moment, Tasks};
use crate::report::{event_in_words, step_name};

/// How many lines of all that was told are shown.
const MOST: usize = 800;

/// The tasks' figures and their last lines.
pub(super) fn section(story: &Story<'_>, ink: &Ink<'_>) -> String {
    let mut html = String::new();
    let rows = story
        .tasks
        .iter()
        .map(|(at, step, tasks)| {
            let Tasks { status, desired, running, pending, failed, old } = tasks;
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{running} of {desired}</td><td>{pending}</td>\
                 <td>{failed}</td><td>{old}</td></tr>\n",
                clock(*at),
                step_name(*step),
                ink.text(&status.to_lowercase().replace('_', " "))
            )
        })
        .collect::<Vec<_>>()
        .concat();
    if !rows.is_empty() {
        let columns = ["at", "step", "deployment", "new run", "starting", "failed", "old run"];
        let content = table("How the tasks stood, where it changed", &columns, &rows);
        let summary = format!("How the tasks stood <span class=\"faint\">{}</span>", changes(story.tasks.len()));
        html += &folded(&summary, &content, story.tasks.len() <= 12);
    }
    if !story.logs.is_empty() {
        let text = story
            .logs
            .iter()
            .map(|(task, line)| format!("{}  {}\n", ink.text(task.get(..8).unwrap_or(task)), ink.text(line)))
            .collect::<Vec<_>>()
            .concat();
        html += "<h3>The last lines of tasks that stopped</h3>\n";
        html += &lines("The last lines of tasks that stopped", &text);
    }
    html
}

fn changes(count: usize) -> String {
    if count == 1 { "1 line".to_owned() } else { format!("{count} lines") }
}

/// Everything, as a log would have it; figures are elsewhere.
pub(super) fn told(moments: &[Moment], ink: &Ink<'_>) -> String {
    let all: Vec<_> = moments
        .iter()
        .filter(|moment| !matches!(moment.event, Event::Measured(_) | Event::Tasks { .. } | Event::Log { .. }))
        .filter_map(|moment| Some((moment.at, event_in_words(&moment.event)?)))
        .collect();
    if all.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    let left_out = all.len().saturating_sub(MOST);
    if left_out > 0 {
        let _ = writeln!(text, "({left_out} earlier lines are left out)");
    }
    for (at, words) in &all[left_out..] {
        let _ = writeln!(text, "{} {}", at.strftime("%H:%M:%S"), ink.text(&words.replace('\n', "\n         | ")));
    }
    folded(&format!("The log <span class=\"faint\">{}</span>", changes(all.len())), &lines("The log", &text), false)
}
