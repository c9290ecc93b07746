//! What a run tells: people at a terminal, lines in a log, a document for programs, the summary page
//! of a run in Actions.
//!
//! **Invariant**: nothing comes out of here that has not been through the [`Redactor`] and been freed
//! of control characters, whoever wrote it.

mod clean;
mod document;
mod kept;
mod live;
mod screen;
mod style;
mod summary;
mod table;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::progress::{Event, Listener, Measured, Moment, Step, Tasks};
use crate::secret::Redactor;
use crate::verdict::Source;
use kept::Kept;
use live::Live;
use screen::Screen;

pub use document::Ended;
pub use style::Style;
pub use table::{Align, Table};
pub(crate) use words::{name as step_name, of as event_in_words, time as time_in_words};

/// How long figures that do not change are left untold where every telling is a line of its own.
const QUIET: Duration = Duration::from_secs(30);
/// How often a watch tells what it has measured where every telling is a line of its own.
const MEASURED: Duration = Duration::from_mins(1);

/// Tells what happens, and keeps it for the end.
pub struct Report {
    redactor: Redactor,
    style: Style,
    inner: Mutex<Inner>,
}

struct Inner {
    out: Box<dyn Write + Send>,
    style: Style,
    /// How wide the terminal is, when that can be asked.
    wide: fn() -> Option<usize>,
    kept: Kept,
    screen: Screen,
    live: Live,
    told: Option<(Tasks, Duration)>,
    /// When each watch told last what it has measured of whom.
    measured: BTreeMap<(String, Source), Duration>,
}

impl fmt::Debug for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Report").field("style", &self.style).finish_non_exhaustive()
    }
}

impl Report {
    /// Tells in this style, into this: standard error, so that standard output is for what was asked.
    pub fn new(style: Style, out: impl Write + Send + 'static, redactor: Redactor) -> Self {
        let inner = Inner {
            out: Box::new(out),
            style,
            wide: || None,
            kept: Kept::default(),
            screen: Screen::default(),
            live: Live::default(),
            told: None,
            measured: BTreeMap::new(),
        };
        Self { redactor, style, inner: Mutex::new(inner) }
    }

    /// The same, on a terminal whose width can be asked, and may change.
    #[must_use]
    pub fn as_wide_as(self, wide: fn() -> Option<usize>) -> Self {
        self.with(|inner, _| inner.wide = wide);
        self
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
            inner.live.forget();
            inner.line(&style.paint(ended.tone(), &text));
        });
    }

    /// Says a line that is no event.
    pub fn note(&self, text: &str) {
        let text = self.safe(text);
        self.with(|inner, _| {
            inner.live.forget();
            inner.line(&text);
        });
    }

    /// The one document for programs.
    #[must_use]
    pub fn document(&self, ended: &Ended) -> String {
        let mut document = self.with(|inner, _| document::of(ended, inner.kept.moments()));
        document::redact(&mut document, &|text| self.safe(text));
        document.to_string()
    }

    /// The page for the summary of a run, as Markdown.
    #[must_use]
    pub fn summary(&self, ended: &Ended) -> String {
        let safe = |text: &str| self.safe(text);
        self.with(|inner, _| summary::of(ended, inner.kept.moments(), &safe))
    }

    /// What happened, the oldest first, and of figures as many as a picture shows.
    #[must_use]
    pub fn moments(&self) -> Vec<Moment> {
        self.with(|inner, _| inner.kept.moments().to_vec())
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner, Style) -> T) -> T {
        // A panic elsewhere does not silence the report.
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner), self.style)
    }
}

impl Listener for Report {
    fn take(&self, moment: Moment) {
        let safe = |text: &str| self.safe(text);
        self.with(|inner, style| {
            inner.tell(&moment, &safe, style);
            inner.kept.keep(moment);
        });
    }
}

impl Inner {
    fn tell(&mut self, moment: &Moment, safe: &dyn Fn(&str) -> String, style: Style) {
        match &moment.event {
            Event::Ended { .. } => self.live.forget(),
            Event::Judged { .. } => self.live.forget_measured(),
            _ => {}
        }
        let is_drawn = style.live && self.screen.take(&moment.event, &mut self.live, safe);
        let stays = match &moment.event {
            Event::Tasks { step, tasks, spent, .. } => !style.live && self.is_news(*step, tasks, *spent),
            Event::Measured(measured) => !style.live && self.is_due(measured),
            _ => true,
        };
        match words::of(&moment.event).filter(|_| stays) {
            Some(words) => self.line(&style.line(moment, &safe(&words))),
            None if is_drawn => {
                let drawn = self.live.redraw(self.width(style));
                self.write(&drawn);
            }
            None => {}
        }
    }

    /// How wide the terminal is by now.
    fn width(&self, style: Style) -> usize {
        (self.wide)().filter(|width| *width >= 20).unwrap_or(style.width)
    }

    /// A line that stays, above those that are written over.
    fn line(&mut self, text: &str) {
        let width = self.width(self.style);
        let (clear, draw) = (self.live.clear(width), self.live.draw(width));
        self.write(&format!("{clear}{text}\n{draw}"));
    }

    fn write(&mut self, text: &str) {
        // A reader that has gone away does not stop a deployment.
        let _gone = write!(self.out, "{text}").and_then(|()| self.out.flush());
    }

    fn is_news(&mut self, step: Step, tasks: &Tasks, spent: Duration) -> bool {
        // While a release is only watched, what it measures is told anyway.
        let quiet = if step == Step::Watch { Duration::MAX } else { QUIET };
        let news = match &self.told {
            None => true,
            Some((told, at)) => told != tasks || spent < *at || spent.saturating_sub(*at) >= quiet,
        };
        if news {
            self.told = Some((tasks.clone(), spent));
        }
        news
    }

    /// Whether a watch has not told for a while what it measured.
    fn is_due(&mut self, measured: &Measured) -> bool {
        let key = (measured.watch.clone(), measured.source);
        let last = self.measured.get(&key);
        let due = last.is_none_or(|last| measured.spent < *last || measured.spent.saturating_sub(*last) >= MEASURED);
        if due {
            self.measured.insert(key, measured.spent);
        }
        due
    }
}

#[cfg(test)]
mod tests;
