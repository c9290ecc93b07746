//! The commands of the `schema` program. The environment is read here and nowhere else.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::exit::Exit;
use crate::git::{self, Checkout, Merged};
use crate::{Finding, Folder, check};

/// The migrations, checked before they merge.
#[derive(Debug, Parser)]
#[command(name = "schema", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(Check),
    New(New),
    Changed(Changed),
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            Command::Check(command) => command.run(),
            Command::New(command) => command.run(),
            Command::Changed(command) => command.run(),
        }
    }
}

/// What the migrations that this branch adds would do to production
#[derive(Debug, Args)]
struct Check {
    #[command(flatten)]
    base: Base,

    /// Print the findings as JSON on standard output
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    place: Place,
}

/// Which migrations are merged already.
#[derive(Debug, Args)]
pub struct Base {
    /// Take what this revision has for merged [default: where this branch left main; on main, and in
    /// GitHub Actions, the commit before]
    #[arg(long, visible_alias = "release", value_name = "REVISION", conflicts_with = "all")]
    base: Option<String>,

    /// Take all migrations for new, as if none were merged
    #[arg(long)]
    all: bool,
}

impl Base {
    /// Asks git; says so where it cannot tell, which is none.
    #[must_use]
    pub fn merged(&self, root: &Path) -> Option<Merged> {
        match self.ask(root) {
            Ok(merged) => Some(merged),
            Err(error) => {
                eprintln!(
                    "could not tell: which migrations are merged already: {error:#}\n\
                     Name a revision that is, with --base REVISION, or take all of them for new with --all."
                );
                None
            }
        }
    }

    fn ask(&self, root: &Path) -> anyhow::Result<Merged> {
        if self.all {
            return Ok(Merged { commit: None, folder: Some(Folder::default()) });
        }
        let revision = match &self.base {
            Some(revision) => Some(revision.clone()),
            None => {
                let in_actions = std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true");
                git::base(root, if in_actions { Checkout::OfActions } else { Checkout::Branch })?
            }
        };
        revision.map_or_else(|| Ok(Merged::default()), |revision| git::read(root, &revision))
    }
}

/// Where the migrations are.
#[derive(Debug, Args)]
pub struct Place {
    /// The folder of the repository, with `migrations` in it
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    pub root: PathBuf,
}

impl Place {
    /// The folder with the migrations.
    #[must_use]
    pub fn migrations(&self) -> PathBuf {
        self.root.join("migrations")
    }
}

/// Which migrations and queries are not as what is merged has them, a line each; none is no line
#[derive(Debug, Args)]
struct Changed {
    #[command(flatten)]
    base: Base,

    #[command(flatten)]
    place: Place,
}

impl Changed {
    fn run(self) -> anyhow::Result<Exit> {
        let Some(merged) = self.base.merged(&self.place.root) else { return Ok(Exit::CouldNotTell) };
        let changed = match &merged.commit {
            Some(commit) => git::changed(&self.place.root, commit)?,
            // Where nothing is merged, all of it is new.
            None => {
                Folder::read(&self.place.migrations())?.files.keys().map(|file| format!("migrations/{file}")).collect()
            }
        };
        for path in &changed {
            println!("{path}");
        }
        if let (Some(commit), true) = (&merged.commit, changed.is_empty()) {
            eprintln!("no migration and no query has changed since {}", short(commit));
        }
        Ok(Exit::Done)
    }
}

/// A commit as people name it.
#[must_use]
pub fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

impl Check {
    fn run(self) -> anyhow::Result<Exit> {
        let folder = Folder::read(&self.place.migrations())?;
        let Some(merged) = self.base.merged(&self.place.root) else { return Ok(Exit::CouldNotTell) };
        let findings = check::check(&folder, merged.folder.as_ref());
        if self.json {
            println!("{}", serde_json::to_string_pretty(&findings)?);
        }
        report(&folder, &merged, &findings);
        Ok(if findings.is_empty() { Exit::Done } else { Exit::Refused })
    }
}

fn report(folder: &Folder, merged: &Merged, findings: &[Finding]) {
    let is_merged = |file: &String| merged.folder.as_ref().is_some_and(|merged| merged.files.contains_key(file));
    let new = folder.files.keys().filter(|file| !is_merged(file)).count();
    let since = match (&merged.commit, &merged.folder) {
        (Some(commit), _) => format!("since {}", short(commit)),
        (None, Some(_)) => "all of them taken for new".to_owned(),
        (None, None) => "there is no commit before this one, so nothing runs that could be harmed".to_owned(),
    };
    for finding in findings {
        eprintln!("{finding}");
    }
    let files = folder.files.len();
    eprintln!("migrations: {files} files, {new} added ({since}), {} findings", findings.len());
}

/// Writes both files of the next migration, with what has to be asked of it
#[derive(Debug, Args)]
struct New {
    /// What it does: lower-case words with `_` between them
    name: String,

    /// It runs without a transaction: CONCURRENTLY, or batches with a COMMIT after each
    #[arg(long, conflicts_with = "contract")]
    no_transaction: bool,

    /// It only takes away what no release that needs this version, or a later one, uses
    #[arg(long, value_name = "VERSION")]
    contract: Option<String>,

    #[command(flatten)]
    place: Place,
}

impl New {
    fn run(self) -> anyhow::Result<Exit> {
        let kind = match &self.contract {
            Some(since) => crate::new::Kind::Contract { since },
            None if self.no_transaction => crate::new::Kind::NoTransaction,
            None => crate::new::Kind::Expand,
        };
        let migrations = self.place.migrations();
        let files = match crate::new::files(&Folder::read(&migrations)?, &self.name, kind) {
            Ok(files) => files,
            Err(why) => {
                eprintln!("error: {why}");
                return Ok(Exit::Usage);
            }
        };
        for (name, text) in files {
            let path = migrations.join(&name);
            std::fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))?;
            println!("migrations/{name}");
        }
        Ok(Exit::Done)
    }
}
