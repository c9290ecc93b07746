//! The outcome for people: a table on a terminal, Markdown in a job's summary.

use std::fmt::Write as _;

use super::{Check, Finding, Outcome, Standing};

/// The outcome as plain text.
#[must_use]
pub fn as_text(outcome: &Outcome) -> String {
    let mut text = String::new();
    for check in &outcome.checks {
        line(&mut text, format_args!("{}: {}", check.name, check.verdict().as_str()));
        for reason in reasons(check) {
            line(&mut text, format_args!("  {reason}"));
        }
        for row in table(check) {
            line(&mut text, format_args!("  {row}"));
        }
    }
    line(&mut text, format_args!("scan: {}", outcome.verdict().as_str()));
    text
}

/// The outcome as Markdown.
#[must_use]
pub fn as_markdown(outcome: &Outcome) -> String {
    let mut text = format!("## Scan: {}\n\n", outcome.verdict().as_str());
    text.push_str("| check | verdict | why |\n| --- | --- | --- |\n");
    for check in &outcome.checks {
        let why: Vec<String> = reasons(check).map(|reason| escape(&reason)).collect();
        line(&mut text, format_args!("| {} | {} | {} |", check.name, check.verdict().as_str(), why.join("<br>")));
    }
    let findings: Vec<&Finding> = outcome.checks.iter().flat_map(|check| &check.findings).collect();
    if !findings.is_empty() {
        text.push_str("\n| severity | id | in | mended in | what | |\n");
        text.push_str("| --- | --- | --- | --- | --- | --- |\n");
        for finding in findings {
            let cells = cells(finding).map(|cell| escape(&cell));
            line(&mut text, format_args!("| {} |", cells.join(" | ")));
        }
    }
    text
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{arguments}");
}

/// What refuses, what is doubted and what is worth saying, in this order.
fn reasons(check: &Check) -> impl Iterator<Item = String> {
    let count = check.refusing().count();
    let found = match count {
        0 => None,
        1 => Some("1 finding refuses the image".to_owned()),
        _ => Some(format!("{count} findings refuse the image")),
    };
    found
        .into_iter()
        .chain(check.refusals.iter().cloned())
        .chain(check.doubts.iter().cloned())
        .chain(check.notes.iter().cloned())
}

/// The findings in columns as wide as they need to be.
fn table(check: &Check) -> Vec<String> {
    let rows: Vec<[String; 6]> = check.findings.iter().map(cells).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    rows.iter()
        .map(|row| {
            let padded: Vec<String> = row
                .iter()
                .zip(widths)
                .filter(|(_, width)| *width > 0)
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            padded.join("  ").trim_end().to_owned()
        })
        .collect()
}

fn cells(finding: &Finding) -> [String; 6] {
    [
        finding.severity.as_str().to_owned(),
        finding.id.clone(),
        format!("{} {}", finding.subject, finding.version).trim_end().to_owned(),
        finding.fixed.clone(),
        finding.title.clone(),
        match &finding.standing {
            Standing::Refuses => "refuses".to_owned(),
            Standing::Excepted { reason, expires } => format!("excepted until {expires}: {reason}"),
            Standing::Listed => "listed".to_owned(),
        },
    ]
}

/// Text from elsewhere must not end a cell or begin markup.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' | '\r' => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
