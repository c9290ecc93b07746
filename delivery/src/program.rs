//! The program around the verbs: settings, clients, what is told to whom, and the exit code.

mod leaf;
mod redaction;
pub mod signals;
mod voice;

pub(crate) use redaction::is_secret;
pub use voice::Voice;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::arguments::Arguments;
use crate::aws::Clients;
use crate::edge::Edge;
use crate::exit::Ending;
use crate::git::WorkTree;
use crate::progress::Progress;
use crate::report::{Ended, Report, Style};
use crate::secret::Redactor;
use crate::settings::Settings;
use crate::verbs::{self, Phase, Session};
use leaf::Leaf;

/// Where a run tells what.
pub struct Outlets<O, E> {
    /// What was asked for: standard output.
    pub out: O,
    /// What happens: standard error.
    pub err: E,
    /// How the latter looks.
    pub style: Style,
    /// How wide the terminal is, when that can be asked.
    pub wide: fn() -> Option<usize>,
    /// What is said to whoever sends signals.
    pub voice: Voice,
}

impl<O, E> std::fmt::Debug for Outlets<O, E> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Outlets").field("style", &self.style).finish_non_exhaustive()
    }
}

/// Does what the command line says; the exit code.
pub async fn run<O: Write, E: Write + Send + 'static>(
    arguments: Arguments,
    edge: Edge,
    phase: &Phase,
    outlets: Outlets<O, E>,
    connect: impl AsyncFnOnce(&str) -> anyhow::Result<Clients>,
) -> u8 {
    let path = arguments.settings(&edge.variables);
    let Arguments { page_dir, verb, .. } = arguments;
    let (name, json, only_looks) = (verb.name(), verb.json(), verb.only_looks());
    let leaves = leaf::place(&verb, &edge.variables);
    let Outlets { mut out, err, style, wide, voice } = outlets;
    let settings = Settings::read(&path, &edge.variables);
    let redactor = redaction::of(&edge.variables, settings.as_ref().ok());
    let report = Arc::new(Report::new(style, err, redactor.clone()).as_wide_as(wide));
    voice.speak_through(&report);
    let progress = Progress::new(report.clone(), edge.clock);
    let summary = edge.variables.get("GITHUB_STEP_SUMMARY").map(str::to_owned);
    let leaf = leaves.zip(settings.as_ref().ok()).map(|(environment, settings)| {
        let folder = page_dir.or_else(|| edge.variables.get("SLIPWAY_PAGE_DIR").map(PathBuf::from));
        let folder = folder.unwrap_or_else(|| beside(&path).join("target/delivery"));
        let (settings, report) = (settings.environment(environment).clone(), Arc::clone(&report));
        Leaf::new(folder, name, environment, settings, report, edge.clock, phase.clone())
    });
    let mut ended = match begin(settings, &path, edge, progress, redactor, connect).await {
        Ok(mut session) => {
            session.phase = phase.clone();
            Box::pin(verbs::perform(&session, verb)).await
        }
        Err(error) => Ended::badly(name, &error),
    };
    let left = leaf.and_then(|leaf| leaf.leave(&mut ended));
    // A reader that has gone away does not change how it ended.
    if json {
        let _gone = writeln!(out, "{}", report.document(&ended)).and_then(|()| out.flush());
    } else if only_looks && ended.is_well() {
        let _gone = writeln!(out, "{}", report.safe(&ended.lines.join("\n"))).and_then(|()| out.flush());
    }
    if !(only_looks && ended.is_well()) {
        report.close(&ended);
    }
    if let Some(left) = left {
        report.note(&left);
    }
    if let Some(path) = summary
        && let Err(error) = append(Path::new(&path), &report.summary(&ended))
    {
        report.note(&format!("warning: the summary could not be written to {path}: {error}"));
    }
    ended.code
}

async fn begin(
    settings: Result<Settings, Ending>,
    path: &Path,
    edge: Edge,
    progress: Progress,
    redactor: Redactor,
    connect: impl AsyncFnOnce(&str) -> anyhow::Result<Clients>,
) -> anyhow::Result<Session> {
    let settings = settings?;
    let clients = connect(&settings.service.region).await?;
    let folder = beside(path);
    let (layout, tree) = (folder.join("target/image"), WorkTree::at(folder, &edge.variables));
    Ok(Session::new(settings, layout, tree, clients, edge, progress, redactor))
}

/// The folder in which a file is.
fn beside(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn append(path: &Path, text: &str) -> std::io::Result<()> {
    OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
}
