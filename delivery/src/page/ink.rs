//! Text on its way into the page, and what is written the same way everywhere.

use std::time::Duration;

use jiff::Timestamp;

use crate::evidence::Judgement;
use crate::report::time_in_words;

/// The filter through which every text goes.
pub(super) struct Ink<'a> {
    safe: &'a dyn Fn(&str) -> String,
}

impl<'a> Ink<'a> {
    pub(super) fn new(safe: &'a dyn Fn(&str) -> String) -> Self {
        Self { safe }
    }

    /// A text inside an element or an attribute.
    pub(super) fn text(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for letter in (self.safe)(text).chars() {
            match letter {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                letter => out.push(letter),
            }
        }
        out
    }
}

/// Lines that keep their breaks, in a box that scrolls by itself. `lines` is markup.
pub(super) fn lines(label: &str, lines: &str) -> String {
    format!("<pre tabindex=\"0\" role=\"region\" aria-label=\"{label}\">{lines}</pre>\n")
}

/// A table in a box that scrolls by itself. `rows` is markup.
pub(super) fn table(caption: &str, columns: &[&str], rows: &str) -> String {
    let header = columns.iter().map(|column| format!("<th scope=\"col\">{column}</th>")).collect::<Vec<_>>().concat();
    format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\n<table>\n\
         <caption>{caption}</caption>\n<thead><tr>{header}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )
}

/// What can be unfolded. Both are markup.
pub(super) fn folded(summary: &str, content: &str, open: bool) -> String {
    let open = if open { " open" } else { "" };
    format!("<details{open}>\n<summary>{summary}</summary>\n{content}</details>\n")
}

/// A judgement as a badge.
pub(super) fn badge(judgement: Judgement) -> String {
    format!("<span class=\"badge {}\">{judgement}</span>", tone(judgement))
}

/// The class of what was judged like this.
pub(super) fn tone(judgement: Judgement) -> &'static str {
    match judgement {
        Judgement::Passed => "good",
        Judgement::Inconclusive | Judgement::Errored => "unsure",
        Judgement::Failed => "bad",
    }
}

/// A time of day, with the whole of it for programs.
pub(super) fn clock(at: Timestamp) -> String {
    format!("<time datetime=\"{at:.0}\">{}</time>", at.strftime("%H:%M:%S"))
}

/// How long something took, in the unit that fits.
pub(super) fn took(took: Duration) -> String {
    if took < Duration::from_secs(1) { format!("{} ms", took.as_millis()) } else { time_in_words(took) }
}

/// How long something is to take: whole minutes and hours without more.
pub(super) fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds if seconds > 0 && seconds.is_multiple_of(3600) => format!("{} h", seconds / 3600),
        seconds if seconds > 0 && seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => took(span),
    }
}

/// From one time to another; nothing when the second came first.
pub(super) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// A part of one as a percentage.
pub(super) fn percent(part: f64) -> String {
    format!("{:.2} %", part * 100.0)
}

/// Seconds as milliseconds.
pub(super) fn milliseconds(seconds: f64) -> String {
    let milliseconds = seconds * 1000.0;
    if milliseconds < 10.0 { format!("{milliseconds:.1} ms") } else { format!("{milliseconds:.0} ms") }
}

/// A number with no more digits than a person reads.
pub(super) fn number(value: f64) -> String {
    let text = if value.abs() < 1.0 { format!("{value:.4}") } else { format!("{value:.2}") };
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
