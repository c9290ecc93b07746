//! What a run tells: people at a terminal, lines in a log, a document for programs, the summary page
//! of a run in Actions.
//!
//! **Invariant**: nothing comes out of here that has not been through the [`Redactor`] and been freed
//! of control characters, whoever wrote it.

mod clean;
mod document;
mod live;
mod style;
mod summary;
mod table;
mod words;

use std::fmt;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::progress::{Event, Listener, Moment, Tasks};
use crate::secret::Redactor;

pub use document::Ended;
pub use style::Style;
pub use table::{Align, Table};

/// How long figures that do not change are left untold where every telling is a line of its own.
const QUIET: Duration = Duration::from_secs(30);

/// Tells what happens, and keeps it for the end.
pub struct Report {
    redactor: Redactor,
    style: Style,
    inner: Mutex<Inner>,
}

struct Inner {
    out: Box<dyn Write + Send>,
    moments: Vec<Moment>,
    /// The line that is written over, while it is there.
    live: Option<String>,
    told: Option<(Tasks, Duration)>,
}

impl fmt::Debug for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Report").field("style", &self.style).finish_non_exhaustive()
    }
}

impl Report {
    /// Tells in this style, into this: standard error, so that standard output is for what was asked.
    pub fn new(style: Style, out: impl Write + Send + 'static, redactor: Redactor) -> Self {
        let inner = Inner { out: Box::new(out), moments: Vec::new(), live: None, told: None };
        Self { redactor, style, inner: Mutex::new(inner) }
    }

    /// The text as it may be shown.
    #[must_use]
    pub fn safe(&self, text: &str) -> String {
        clean::text(&self.redactor.redact(text))
    }

    /// Says a last word, in the colour of how the run ended.
    pub fn close(&self, ended: &Ended) {
        let text = self.safe(&ended.words());
        self.with(|inner, style| {
            inner.clear();
            inner.line(&style.paint(ended.tone(), &text));
        });
    }

    /// Says a line that is no event.
    pub fn note(&self, text: &str) {
        let text = self.safe(text);
        self.with(|inner, _| {
            inner.clear();
            inner.line(&text);
        });
    }

    /// The one document for programs.
    #[must_use]
    pub fn document(&self, ended: &Ended) -> String {
        let mut document = self.with(|inner, _| document::of(ended, &inner.moments));
        document::redact(&mut document, &|text| self.safe(text));
        document.to_string()
    }

    /// The page for the summary of a run, as Markdown.
    #[must_use]
    pub fn summary(&self, ended: &Ended) -> String {
        let safe = |text: &str| self.safe(text);
        self.with(|inner, _| summary::of(ended, &inner.moments, &safe))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner, Style) -> T) -> T {
        // A panic elsewhere does not silence the report.
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner), self.style)
    }
}

impl Listener for Report {
    fn take(&self, moment: Moment) {
        let text = self.safe(&words::of(&moment.event));
        self.with(|inner, style| {
            if let Event::Tasks { tasks, spent, .. } = &moment.event {
                if style.live {
                    inner.show(live::line(&text, style.width));
                } else if inner.is_news(tasks, *spent) {
                    inner.told = Some((tasks.clone(), *spent));
                    inner.line(&style.line(&moment, &text));
                }
            } else {
                let again = inner.live.clone().filter(|_| !matches!(moment.event, Event::Ended { .. }));
                inner.clear();
                inner.line(&style.line(&moment, &text));
                if let Some(line) = again {
                    inner.show(line);
                }
            }
            if inner.is_kept(&moment.event) {
                inner.moments.push(moment);
            }
        });
    }
}

impl Inner {
    fn line(&mut self, text: &str) {
        // A reader that has gone away does not stop a deployment.
        let _gone = writeln!(self.out, "{text}").and_then(|()| self.out.flush());
    }

    fn clear(&mut self) {
        if self.live.take().is_some() {
            let _gone = write!(self.out, "{}", live::CLEAR).and_then(|()| self.out.flush());
        }
    }

    fn show(&mut self, line: String) {
        let _gone = write!(self.out, "{}{line}", live::CLEAR).and_then(|()| self.out.flush());
        self.live = Some(line);
    }

    fn is_news(&self, tasks: &Tasks, spent: Duration) -> bool {
        match &self.told {
            None => true,
            Some((told, at)) => told != tasks || spent < *at || spent.saturating_sub(*at) >= QUIET,
        }
    }

    /// Figures that repeat the last ones add nothing to a document.
    fn is_kept(&self, event: &Event) -> bool {
        let Event::Tasks { tasks, .. } = event else { return true };
        let last = self.moments.iter().rev().find_map(|moment| match &moment.event {
            Event::Tasks { tasks, .. } => Some(tasks),
            _ => None,
        });
        last != Some(tasks)
    }
}

#[cfg(test)]
mod tests;
