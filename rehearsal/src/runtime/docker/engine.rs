//! The Docker engine, by its command line, without a trace in the user's own settings.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use serde_json::json;
use tokio::process::{Child, Command};

#[derive(Debug)]
pub(super) struct Engine {
    /// The folder of our own `config.json`, which has the registry's password.
    settings: PathBuf,
}

impl Engine {
    /// The engine, when there is one that answers.
    pub(super) async fn connect(folder: &Path, registry: &str, login: &str) -> anyhow::Result<Self> {
        let settings = folder.join("docker");
        std::fs::create_dir_all(&settings).with_context(|| format!("failed to make {}", settings.display()))?;
        let config = json!({ "auths": { registry: { "auth": login } } });
        write_private(&settings.join("config.json"), &config.to_string()).context("failed to write Docker's login")?;
        let engine = Self { settings };
        engine.run(&["version", "--format", "{{.Server.Version}}"]).await.context("no Docker engine answers")?;
        Ok(engine)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("docker");
        command.env("DOCKER_CONFIG", &self.settings).stdin(Stdio::null()).kill_on_drop(true);
        // In a process group of its own, so that the terminal's ^C does not end it before its time.
        command.process_group(0);
        command
    }

    /// Runs a command of the engine and returns what it writes; the error is its first line.
    pub(super) async fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.command().args(arguments).output().await.context("failed to run docker")?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            // What the engine says comes first, and what the client makes of it last.
            bail!("{}", errors.lines().find(|line| !line.trim().is_empty()).unwrap_or("docker failed").trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Pulls an image, named by its digest, unless the engine has it.
    pub(super) async fn pull(&self, name: &str) -> anyhow::Result<()> {
        if self.run(&["image", "inspect", "--format", "{{.Id}}", name]).await.is_ok() {
            return Ok(());
        }
        self.run(&["pull", "--quiet", name]).await.map(drop)
    }

    /// Makes a container. Its environment goes through a private file, and through ours where a
    /// value has several lines: command lines are for all to see.
    pub(super) async fn create(
        &self,
        arguments: &[&str],
        environment: &BTreeMap<String, String>,
    ) -> anyhow::Result<String> {
        let file = self.settings.join(format!("environment-{}", uuid::Uuid::new_v4().simple()));
        let (whole, of_lines): (Vec<_>, Vec<_>) = environment.iter().partition(|(_, value)| !value.contains('\n'));
        let lines: Vec<_> = whole.iter().map(|(name, value)| format!("{name}={value}")).collect();
        write_private(&file, &lines.join("\n")).context("failed to write the environment")?;
        let mut command = self.command();
        command.arg("create").arg("--env-file").arg(&file);
        for (name, value) in of_lines {
            command.env(name, value).args(["--env", name]);
        }
        let output = command.args(arguments).output().await;
        let _ = std::fs::remove_file(&file);
        let output = output.context("failed to run docker")?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Follows what a container writes, from its start.
    pub(super) fn follow(&self, container: &str) -> io::Result<Child> {
        self.command().args(["logs", "--follow", container]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    }

    /// Waits for the end of a container; its exit code.
    pub(super) async fn wait(&self, container: &str) -> i32 {
        self.run(&["wait", container]).await.ok().and_then(|code| code.parse().ok()).unwrap_or(super::KILLED)
    }

    /// Sends a signal to a container's program.
    pub(super) async fn signal(&self, container: &str, signal: &str) {
        // One that has just ended needs none.
        let _ = self.run(&["kill", "--signal", signal, container]).await;
    }

    /// Removes a container, running or not.
    pub(super) async fn remove(&self, container: &str) {
        let _ = self.run(&["rm", "--force", "--volumes", container]).await;
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
