//! The head of the page: how it ended in one sentence, and what it was about.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::Record;
use super::ink::{Ink, between, span, took};
use super::story::Story;
use crate::exit;
use crate::settings::{EnvironmentSettings, Strategy};

const STYLE: &str = include_str!("style.css");

/// Everything before the body. The only style that may apply is the page's own, by its digest.
pub(super) fn open(record: &Record<'_>, ink: &Ink<'_>) -> String {
    let digest = STANDARD.encode(Sha256::digest(format!("\n{STYLE}").as_bytes()));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{digest}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}: {}</title>\n<style>\n{STYLE}</style>\n</head>\n",
        ink.text(&title(record)),
        record.ended.meaning()
    )
}

/// What was done where.
fn title(record: &Record<'_>) -> String {
    let (verb, environment) = (&record.ended.verb, record.environment);
    match verb.as_str() {
        "promote" => format!("promote to {environment}"),
        "deploy-staging" => verb.clone(),
        _ => format!("{verb} of {environment}"),
    }
}

pub(super) fn header(record: &Record<'_>, story: &Story<'_>, ink: &Ink<'_>) -> String {
    let ended = record.ended;
    let tone = tone(ended.code);
    let mut html = format!(
        "<header>\n<h1>{} <span class=\"badge {tone}\">{}</span></h1>\n",
        ink.text(&title(record)),
        ended.meaning()
    );
    html += &ending(record, story, ink);
    html += "<dl class=\"facts\">\n";
    let mut fact = |name: &str, value: String| {
        let _ = writeln!(html, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    };
    if let Some(about) = story.about {
        if let Some(release) = &about.release {
            fact("Commit", format!("<code>{}</code>", ink.text(release.commit.as_str())));
            fact("Image", format!("<code>{}</code>", ink.text(release.digest.as_str())));
        }
        fact("Served before", ink.text(&about.serving));
    }
    let settings = record.settings;
    fact("Strategy", strategy(settings));
    fact("Environment", ink.text(&record.environment.to_string()));
    fact("Service", format!("<code>{}</code>", ink.text(&format!("{}/{}", settings.cluster, settings.service))));
    fact("Address", format!("<code>{}</code>", ink.text(settings.base_url.as_str())));
    if let Some(by) = story.recorded.last().map(|verdict| &verdict.by) {
        fact("By", format!("<code>{}</code>", ink.text(by)));
    }
    let (began, over) = (record.began, record.over);
    fact(
        "Time",
        format!(
            "<time datetime=\"{began:.0}\">{}</time> to <time datetime=\"{over:.0}\">{}</time> UTC, {}",
            began.strftime("%Y-%m-%d %H:%M:%S"),
            over.strftime("%H:%M:%S"),
            took(between(began, over))
        ),
    );
    html + "</dl>\n</header>\n"
}

/// How releases come in, in words.
fn strategy(settings: &EnvironmentSettings) -> String {
    let share = |tenths: u32| format!("{} %", f64::from(tenths) / 10.0);
    let way = match &settings.strategy {
        Strategy::Rolling => "rolling: tasks are replaced by and by".to_owned(),
        Strategy::BlueGreen => "blue-green: all traffic at once".to_owned(),
        Strategy::Canary { steps } => {
            let steps = steps.iter().map(|rung| format!("{} for {}", share(rung.share), span(rung.watch)));
            format!("canary: {}, then 100 %", steps.collect::<Vec<_>>().join(", "))
        }
        Strategy::Linear { step, watch } => format!("linear: {} more every {}", share(*step), span(*watch)),
    };
    let bake = settings.rollout.bake;
    if bake.is_zero() { way } else { format!("{way}; baked for {}", span(bake)) }
}

/// How it ended, with what decided it first.
fn ending(record: &Record<'_>, story: &Story<'_>, ink: &Ink<'_>) -> String {
    let ended = record.ended;
    let mut html = String::new();
    let fired = story.fired().filter(|_| !ended.is_well());
    for (number, line) in ended.lines.iter().enumerate() {
        let first = match fired {
            Some(finding) if number == 0 => format!("<strong>Trigger: {}.</strong> ", finding.trigger),
            _ => String::new(),
        };
        let class = if number == 0 { "ending" } else { "more" };
        let _ = writeln!(html, "<p class=\"{class}\">{first}{}</p>", ink.text(line.trim()));
    }
    if let Some(finding) = fired
        && !ended.lines.iter().any(|line| line.contains(&finding.words))
    {
        let _ = writeln!(html, "<p class=\"more\">{}</p>", ink.text(&finding.words));
    }
    html
}

/// The class of a run that ended with this code.
fn tone(code: u8) -> &'static str {
    match code {
        exit::DONE => "good",
        exit::COULD_NOT_TELL | exit::INTERRUPTED => "unsure",
        _ => "bad",
    }
}

pub(super) fn footer(record: &Record<'_>) -> String {
    format!(
        "<footer>\n<p>Exit code {}. Written by slipway {} at <time datetime=\"{2:.0}\">{2:.0}</time>. All times are \
         UTC.</p>\n</footer>\n",
        record.ended.code,
        env!("CARGO_PKG_VERSION"),
        record.over
    )
}
