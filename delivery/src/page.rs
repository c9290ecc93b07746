//! A deployment as one page of HTML: nothing of it comes from elsewhere, so that it can be kept, sent,
//! and opened without a network.
//!
//! **Invariant**: no text reaches the page but through `Ink::text`: without secrets, without control
//! characters, without markup of its own. The page runs no script and asks nobody for anything, and
//! says so in a policy that browsers enforce.

mod chart;
mod figures;
mod file;
mod findings;
mod head;
mod ink;
pub(crate) mod story;
mod tasks;
mod timeline;

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::environment::Environment;
use crate::progress::Moment;
use crate::report::Ended;
use crate::settings::EnvironmentSettings;
use ink::Ink;
use story::Story;

pub use file::{name, write};

/// All that a page is made from.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Where it was done.
    pub environment: Environment,
    /// What is set there.
    pub settings: &'a EnvironmentSettings,
    /// How it ended.
    pub ended: &'a Ended,
    /// When it began.
    pub began: Timestamp,
    /// When it was over.
    pub over: Timestamp,
    /// What happened, the oldest first.
    pub moments: &'a [Moment],
}

/// The page; every text goes through `safe`, which hides secrets and control characters.
#[must_use]
pub fn of(record: &Record<'_>, safe: &dyn Fn(&str) -> String) -> String {
    let (ink, story) = (Ink::new(safe), Story::of(record.began, record.over, record.moments));
    let mut sections = Vec::new();
    let mut section = |id: &'static str, title: &'static str, content: String| {
        if !content.is_empty() {
            sections.push((id, title, content));
        }
    };
    section("verdicts", "Verdicts", findings::verdicts(&story, &ink));
    section("timeline", "Timeline", timeline::list(&story, &ink));
    section("traffic", "Traffic", chart::weights(&story, &ink));
    section("errors", "Error rate", chart::errors(&story, record.settings, &ink));
    section("latency", "Latency", chart::latency(&story, record.settings, &ink));
    section("figures", "Figures", figures::table_of(&story, &ink));
    section("tasks", "Tasks", tasks::section(&story, &ink));
    section("plan", "Plan", plan(&story, &ink));
    section("evidence", "Evidence", findings::evidence(&story, &ink));
    section("told", "All that was told", tasks::told(record.moments, &ink));

    let mut html = head::open(record, &ink);
    html += "<body>\n";
    html += &head::header(record, &story, &ink);
    html += "<nav aria-label=\"Parts of this page\">\n<ul>\n";
    for (id, title, _) in &sections {
        let _ = writeln!(html, "<li><a href=\"#{id}\">{title}</a></li>");
    }
    html += "</ul>\n</nav>\n<main>\n";
    for (id, title, content) in &sections {
        let _ = writeln!(html, "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n{content}</section>");
    }
    html += "</main>\n";
    html += &head::footer(record);
    html += "</body>\n</html>\n";
    html
}

fn plan(story: &Story<'_>, ink: &Ink<'_>) -> String {
    if story.plan.is_empty() {
        return String::new();
    }
    let text = story.plan.iter().map(|line| ink.text(line)).collect::<Vec<_>>().join("\n");
    ink::lines("The plan", &text)
}
