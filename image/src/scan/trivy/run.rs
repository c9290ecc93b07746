//! One run of the Trivy program, with a time limit and without anybody's settings.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

use super::{Trivy, Version};

/// `trivy version` reads a few files and no network.
const VERSION_LIMIT: Duration = Duration::from_secs(30);
/// How often an unfinished run is looked at.
const POLL: Duration = Duration::from_millis(20);
/// The settings that say where Trivy finds its data. Every other `TRIVY_*` variable could make it
/// look away (`TRIVY_IGNORE_UNFIXED`, `TRIVY_SEVERITY`, `TRIVY_SKIP_FILES`).
const KEPT_SETTINGS: [&str; 6] = [
    "TRIVY_CACHE_DIR",
    "TRIVY_CHECKS_BUNDLE_REPOSITORY",
    "TRIVY_DB_REPOSITORY",
    "TRIVY_JAVA_DB_REPOSITORY",
    "TRIVY_SKIP_CHECK_UPDATE",
    "TRIVY_SKIP_DB_UPDATE",
];

/// A folder to run Trivy in: an empty one, so that no `trivy.yaml`, `.trivyignore` or
/// `trivy-secret.yaml` of the working folder changes what it looks for.
pub(super) struct Run<'a> {
    trivy: &'a Trivy,
    folder: TempDir,
}

impl<'a> Run<'a> {
    pub(super) fn new(trivy: &'a Trivy) -> anyhow::Result<Self> {
        Ok(Self { trivy, folder: TempDir::new().context("cannot make a folder to run trivy in")? })
    }

    pub(super) fn version(&self) -> anyhow::Result<Version> {
        let output = self.run(&["version", "--format", "json"], VERSION_LIMIT.min(self.trivy.time_limit))?;
        serde_json::from_slice(&output)
            .with_context(|| format!("`trivy version --format json` does not print its version: {}", excerpt(&output)))
    }

    /// The report about the layout in this folder.
    pub(super) fn scan(&self, layout: &Path) -> anyhow::Result<Vec<u8>> {
        let layout = layout.to_str().context("the path of the layout is not UTF-8")?;
        let seconds = format!("{}s", self.trivy.time_limit.as_secs());
        self.run(
            &[
                "image",
                "--input",
                layout,
                "--format",
                "json",
                "--scanners",
                "vuln,secret,misconfig",
                "--image-config-scanners",
                "misconfig,secret",
                "--severity",
                "UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL",
                "--list-all-pkgs",
                "--exit-code",
                "0",
                "--no-progress",
                "--disable-telemetry",
                "--skip-version-check",
                "--timeout",
                &seconds,
            ],
            self.trivy.time_limit,
        )
    }

    /// Runs Trivy and returns what it printed. Both streams go to files, because a full pipe that
    /// nobody reads would stop it.
    fn run(&self, arguments: &[&str], limit: Duration) -> anyhow::Result<Vec<u8>> {
        let name = format!("{} {}", self.trivy.program.display(), arguments[0]);
        let outputs = TempDir::new()?;
        let (stdout, stderr) = (outputs.path().join("stdout"), outputs.path().join("stderr"));
        let kept = self.trivy.environment.iter().filter(|(key, _)| {
            key.to_str().is_none_or(|key| !key.starts_with("TRIVY_") || KEPT_SETTINGS.contains(&key))
        });
        let mut child = Command::new(&self.trivy.program)
            .args(arguments)
            .env_clear()
            .envs(kept.map(|(key, value)| (key, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(File::create(&stdout)?)
            .stderr(File::create(&stderr)?)
            .spawn()
            .with_context(|| {
                format!(
                    "cannot start `{}`: `cargo xtask doctor` says how to install Trivy",
                    self.trivy.program.display()
                )
            })?;
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if started.elapsed() > limit {
                child.kill()?;
                child.wait()?;
                bail!("`{name}` was stopped after {} seconds, its limit", limit.as_secs());
            }
            thread::sleep(POLL);
        };
        if !status.success() {
            bail!("`{name}` failed with {}: {}", describe(status), excerpt(&fs::read(&stderr)?));
        }
        Ok(fs::read(&stdout)?)
    }
}

fn describe(status: ExitStatus) -> String {
    status.code().map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"))
}

/// The last line of some output, where programs say what went wrong, and not more of it than
/// fits on two lines of a terminal.
fn excerpt(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    match text.trim().lines().last() {
        None => "it printed nothing".to_owned(),
        Some(line) => line.chars().take(160).collect(),
    }
}
