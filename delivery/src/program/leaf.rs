//! The page that a run leaves, however it ends.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::arguments::Verb;
use crate::edge::{Clock, Variables};
use crate::environment::Environment;
use crate::exit;
use crate::page::{self, Record};
use crate::report::{Ended, Report};
use crate::settings::EnvironmentSettings;
use crate::verbs::Phase;

/// What a page is made from, kept until the run is over. When the run is cut off, by a second signal or
/// by a panic, it is left all the same and says so.
pub(super) struct Leaf {
    folder: PathBuf,
    verb: &'static str,
    environment: Environment,
    settings: EnvironmentSettings,
    report: Arc<Report>,
    clock: Clock,
    began: Timestamp,
    phase: Phase,
    is_left: bool,
}

/// Where a verb leaves a page: where it may change something, or watches. None when it only looks, or when
/// nobody says where.
pub(super) fn place(verb: &Verb, variables: &Variables) -> Option<Environment> {
    match verb {
        _ if verb.only_looks() => None,
        Verb::DeployStaging(_) => Some(Environment::Staging),
        Verb::Promote(_) => Some(Environment::Production),
        Verb::Rollback(rollback) => rollback.environment(variables).ok(),
        Verb::Monitor(monitor) => monitor.environment(variables).ok(),
        Verb::Status(_) | Verb::History(_) | Verb::MigrateStatus(_) | Verb::Serving(_) | Verb::Plan(_) => None,
    }
}

impl Leaf {
    pub(super) fn new(
        folder: PathBuf,
        verb: &'static str,
        environment: Environment,
        settings: EnvironmentSettings,
        report: Arc<Report>,
        clock: Clock,
        phase: Phase,
    ) -> Self {
        Self { folder, verb, environment, settings, report, clock, began: clock.now(), phase, is_left: false }
    }

    /// Leaves the page and notes where in how the run ended; what is to be said of it. That it could not
    /// be written changes nothing else. A run that began with a mistake of its caller leaves none.
    pub(super) fn leave(mut self, ended: &mut Ended) -> Option<String> {
        self.is_left = true;
        if ended.code == exit::USAGE {
            return None;
        }
        match self.write(ended) {
            Ok(path) => {
                let words = format!("the page of this run is {}", path.display());
                ended.page = Some(path);
                Some(words)
            }
            Err(error) => {
                let folder = self.folder.display();
                Some(format!("warning: the page of this run could not be written into {folder}: {error}"))
            }
        }
    }

    fn write(&self, ended: &Ended) -> std::io::Result<PathBuf> {
        let moments = self.report.moments();
        let Self { environment, settings, began, .. } = self;
        let (environment, began, over) = (*environment, *began, self.clock.now());
        let record = Record { environment, settings, ended, began, over, moments: &moments };
        let page = page::of(&record, &|text| self.report.safe(text));
        page::write(&self.folder, &page::name(began, self.verb, environment), &page)
    }
}

impl Drop for Leaf {
    fn drop(&mut self) {
        if self.is_left {
            return;
        }
        let code = if std::thread::panicking() { exit::UNEXPECTED } else { self.phase.code() };
        let line = match code {
            exit::INTERRUPTED => "it was left at once, before anything was touched",
            exit::FAILED => {
                "it was left at once; what serves was not changed, and the lock may be held until it expires"
            }
            exit::ROLLBACK_FAILED => {
                "it was left at once WHILE THE SERVICE WAS BEING CHANGED: nobody follows it any more, and the lock is held"
            }
            _ => "it broke off, and nobody knows what state is left",
        };
        let (verb, lines) = (self.verb.to_owned(), vec![line.to_owned()]);
        let ended = Ended { verb, code, lines, result: Value::Null, page: None };
        // Whoever could be told has gone.
        let _unwritten = self.write(&ended);
    }
}
