//! `image scan`: Trivy and the advisories on a layout, with the exceptions of the repository.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{LayoutArgument, print, print_json};
use crate::age::MaximumAge;
use crate::exit::Exit;
use crate::layout::Image;
use crate::scan::advisories::{self, database::Snapshot};
use crate::scan::trivy::report::{self, Origin, Subject};
use crate::scan::trivy::{self, Trivy};
use crate::scan::{Check, Exceptions, Outcome, show};
use crate::{contract, elf};

/// Scans an image: known vulnerabilities, misconfigurations and secrets by Trivy, RustSec
/// advisories for the crates in its binary. HIGH and CRITICAL refuse (exit 10); a scanner that
/// breaks, or a database that is missing or old, is no pass (exit 11).
#[derive(Debug, Args)]
pub(super) struct Scan {
    #[command(flatten)]
    layout: LayoutArgument,
    /// Read the crates from this binary rather than from the one in the image.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// The Trivy program.
    #[arg(long, default_value = "trivy", value_name = "PROGRAM")]
    trivy: PathBuf,
    /// How long a run of Trivy may take, in seconds.
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    time_limit: u64,
    /// Judge this JSON report of Trivy's by the same rules, and do not run Trivy.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// The folder of a RustSec advisory database.
    #[arg(long, value_name = "FOLDER")]
    advisory_db: Option<PathBuf>,
    /// How old a database, or a report, may be: a number and m, h, d or w.
    #[arg(long, default_value = "7d", value_name = "AGE")]
    max_database_age: MaximumAge,
    /// The exceptions; a file that is not there makes none.
    #[arg(long, value_name = "FILE", default_value = "scan-exceptions.toml")]
    exceptions: PathBuf,
    /// Print the outcome as JSON.
    #[arg(long)]
    json: bool,
    /// The time of the scan, for tests.
    #[arg(long, hide = true, value_name = "TIMESTAMP")]
    now: Option<Timestamp>,
}

impl Scan {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let now = self.now.unwrap_or_else(Timestamp::now);
        let today: Date = now.to_zoned(TimeZone::UTC).date();
        let image = Image::read(&self.layout.layout);
        let checks = vec![self.check_with_trivy(image.as_ref(), now), self.check_advisories(image.as_ref(), now)];
        let outcome = Outcome::new(checks, self.read_exceptions(), today);
        if self.json {
            print_json(&outcome.to_json())?;
        } else {
            print(&show::as_text(&outcome))?;
        }
        if let Some(summary) = env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
            append(Path::new(&summary), &show::as_markdown(&outcome))?;
        }
        Ok(outcome.exit())
    }

    fn check_with_trivy(&self, image: Result<&Image, &anyhow::Error>, now: Timestamp) -> Check {
        let subject =
            image.map(|image| Subject { config: image.manifest.config.digest.clone(), manifest: image.digest() });
        if let Some(path) = &self.report {
            return match fs::read(path) {
                Ok(json) => report::judge(&json, subject.ok().as_ref(), Origin::File(self.max_database_age, now)),
                Err(error) => Check::in_doubt(trivy::NAME, format!("cannot read {}: {error}", path.display())),
            };
        }
        let trivy = Trivy {
            program: self.trivy.clone(),
            time_limit: Duration::from_secs(self.time_limit),
            environment: env::vars_os().collect(),
        };
        match subject {
            Ok(subject) => trivy.scan(&self.layout.layout, &subject, self.max_database_age, now),
            Err(error) => Check::in_doubt(trivy::NAME, format!("{error:#}")),
        }
    }

    fn check_advisories(&self, image: Result<&Image, &anyhow::Error>, now: Timestamp) -> Check {
        let check = || -> anyhow::Result<Check> {
            let binary = match &self.binary {
                Some(path) => fs::read(path).with_context(|| format!("cannot read the binary {}", path.display()))?,
                None => binary_of(image.map_err(|error| anyhow::anyhow!("{error:#}"))?)?,
            };
            let architecture = elf::check_binary(&binary)?;
            let snapshot = Snapshot::open(self.advisory_db.as_deref());
            Ok(advisories::judge(&binary, architecture, snapshot, self.max_database_age, now))
        };
        check().unwrap_or_else(|error| Check::in_doubt(advisories::NAME, format!("{error:#}")))
    }

    fn read_exceptions(&self) -> anyhow::Result<Exceptions> {
        if self.exceptions.exists() { Exceptions::read(&self.exceptions) } else { Ok(Exceptions::default()) }
    }
}

/// The service's binary in an image.
fn binary_of(image: &Image) -> anyhow::Result<Vec<u8>> {
    image
        .files()?
        .into_iter()
        .find(|file| file.path == contract::BINARY_PATH)
        .and_then(|file| file.bytes().map(<[u8]>::to_vec))
        .with_context(|| format!("the image has no /{}", contract::BINARY_PATH))
}

fn append(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot append the summary to {}", path.display()))
}
