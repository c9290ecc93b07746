//! The summary page of a run in Actions.

use std::fmt::Write as _;
use std::path::Path;

use super::Ended;
use super::words::{name, outcome_word, time};
use crate::page::story::Story;
use crate::progress::{About, Event, Moment, Stage};
use crate::verdict::Finding;

/// How many lines of logs are repeated.
const LOG_LINES: usize = 60;
/// How much of a text fits into a cell.
const CELL: usize = 200;

/// The page; every text of others goes through `safe`.
pub(super) fn of(ended: &Ended, moments: &[Moment], safe: &dyn Fn(&str) -> String) -> String {
    let mut page = format!("### {}: {}\n\n", cell(&safe(&ended.verb)), ended.meaning());
    let time = |moment: Option<&Moment>| moment.map(|moment| moment.at).unwrap_or_default();
    let story = Story::of(time(moments.first()), time(moments.last()), moments);
    if let Some(finding) = story.fired().filter(|_| !ended.is_well()) {
        let _ = writeln!(page, "**Trigger: {}.** {}\n", finding.trigger, cell(&safe(&finding.words)));
    }
    for line in &ended.lines {
        let _ = writeln!(page, "{}<br>", escaped(&safe(line)));
    }
    if let Some(About { release: Some(release), serving }) = story.about {
        let _ = writeln!(page, "\n{release}, after {}", cell(&safe(serving)));
    }
    if let Some(name) = ended.page.as_deref().and_then(Path::file_name) {
        let name = cell(&safe(&name.to_string_lossy()));
        // The workflows name an artifact after the verb and the attempt.
        let verb = cell(&safe(&ended.verb));
        let _ = writeln!(page, "\nEverything over time is on the page {name}, in this run's artifact page-{verb}.");
    }
    page.push('\n');
    verdicts(&mut page, &story, safe);
    stages(&mut page, &story, safe);
    steps(&mut page, moments, safe);
    warnings(&mut page, moments, safe);
    logs(&mut page, moments, safe);
    page
}

/// What each watch found, in numbers.
fn verdicts(page: &mut String, story: &Story<'_>, safe: &dyn Fn(&str) -> String) {
    for (number, (_, watch, _, findings)) in story.verdicts().enumerate() {
        if number == 0 {
            page.push_str("| watch | what | verdict | in words |\n| --- | --- | --- | --- |\n");
        }
        let watch = cell(&safe(watch));
        for Finding { trigger, judgement, words, decides, .. } in findings {
            let told = if *decides { "" } else { ", told only" };
            let _ = writeln!(page, "| {watch} | {trigger}{told} | {judgement} | {} |", cell(&safe(words)));
        }
    }
    end(page);
}

/// The stages that took their time or at which something was decided.
fn stages(page: &mut String, story: &Story<'_>, safe: &dyn Fn(&str) -> String) {
    for (number, (stage, took)) in story.stages().enumerate() {
        if number == 0 {
            page.push_str("| stage | traffic | took | who decides |\n| --- | ---: | ---: | --- |\n");
        }
        let Stage { name, weight, decides, why } = stage;
        let decides = cell(&safe(&format!("{decides}: {why}")));
        let _ = writeln!(page, "| {} | {weight} % | {} | {decides} |", cell(&safe(name)), time(took));
    }
    end(page);
}

/// An empty line, where there is none yet.
fn end(page: &mut String) {
    if !page.ends_with("\n\n") {
        page.push('\n');
    }
}

fn steps(page: &mut String, moments: &[Moment], safe: &dyn Fn(&str) -> String) {
    let ended = moments.iter().filter_map(|moment| match &moment.event {
        Event::Ended { step, outcome, what, took } => Some((*step, *outcome, what, *took)),
        _ => None,
    });
    for (number, (step, outcome, what, took)) in ended.enumerate() {
        if number == 0 {
            page.push_str("| step | outcome | took | what |\n| --- | --- | ---: | --- |\n");
        }
        let what = cell(&safe(what));
        let _ = writeln!(page, "| {} | {} | {} | {what} |", name(step), outcome_word(outcome), time(took));
    }
}

fn warnings(page: &mut String, moments: &[Moment], safe: &dyn Fn(&str) -> String) {
    let warned = moments.iter().filter_map(|moment| match &moment.event {
        Event::Warned { step, what } => Some((*step, what)),
        _ => None,
    });
    for (number, (step, what)) in warned.enumerate() {
        if number == 0 {
            page.push_str("\n#### Warnings\n\n");
        }
        let _ = writeln!(page, "- {}: {}", name(step), cell(&safe(what)));
    }
}

fn logs(page: &mut String, moments: &[Moment], safe: &dyn Fn(&str) -> String) {
    let lines: Vec<_> = moments
        .iter()
        .filter_map(|moment| match &moment.event {
            Event::Log { task, line } => Some(format!("{} | {line}", task.get(..8).unwrap_or(task))),
            _ => None,
        })
        .collect();
    if lines.is_empty() {
        return;
    }
    // In an element and not in a fence: a log may hold a fence, and nothing ends an element but a tag.
    page.push_str("\n#### The last lines of tasks\n\n<pre>");
    for line in &lines[lines.len().saturating_sub(LOG_LINES)..] {
        let _ = writeln!(page, "{}", escaped(&safe(line).replace('\n', " ")));
    }
    page.push_str("</pre>\n");
}

/// Text for a cell of a table: one line, not too long, without markup of its own.
fn cell(text: &str) -> String {
    let text = text.replace('\n', " ");
    let mut short: String = text.chars().take(CELL).collect();
    if text.chars().count() > CELL {
        short.push_str(" ...");
    }
    escaped(&short)
}

/// Text without any meaning in Markdown or HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' | '~' | '@' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
