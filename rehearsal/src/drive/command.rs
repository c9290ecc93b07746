//! Starts the real commands, each with all that it starts in a process group of its own, and keeps
//! what they say.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::timeline::{Exit, Line};

/// How long output may come after a command has ended: what holds the pipe then is nobody's.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What every command is started with.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    /// Variables that are taken away, by how their names begin.
    pub(crate) without: &'static [&'static str],
    /// Variables that are set.
    pub(crate) with: Vec<(OsString, OsString)>,
}

/// A command that runs. Dropping it kills it with all that it has started.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    group: Option<Pid>,
    lines: Arc<Mutex<Vec<Line>>>,
    readers: JoinSet<()>,
}

impl Running {
    /// Starts a program in a folder.
    pub(crate) fn start(
        program: &Path,
        arguments: &[String],
        folder: &Path,
        surroundings: &Surroundings,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder).process_group(0).kill_on_drop(true);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if surroundings.without.iter().any(|start| text.starts_with(start)) {
                command.env_remove(&name);
            }
        }
        command.envs(surroundings.with.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("failed to start {}", program.display()))?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let (lines, began) = (Arc::default(), Instant::now());
        let mut readers = JoinSet::new();
        if let Some(stdout) = child.stdout.take() {
            readers.spawn(read(stdout, Arc::clone(&lines), began));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.spawn(read(stderr, Arc::clone(&lines), began));
        }
        Ok(Self { child, group, lines, readers })
    }

    /// Waits for its end.
    pub(crate) async fn end(&mut self) -> anyhow::Result<Exit> {
        let status = self.child.wait().await.context("failed to wait for a command")?;
        let readers = &mut self.readers;
        let _ = timeout(LAST_WORDS, async { while readers.join_next().await.is_some() {} }).await;
        // Whatever it has left behind is not to outlive it.
        self.signal(Signal::KILL);
        Ok(ending(status))
    }

    /// Sends a signal to it and to all that it has started.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // The group may be gone, which is what is wanted in the end.
            let _ = kill_process_group(group, signal);
        }
    }

    /// What it has said so far.
    pub(crate) fn output(&self) -> Vec<Line> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it has ended already.
    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

async fn read(stream: impl AsyncRead + Unpin, lines: Arc<Mutex<Vec<Line>>>, began: Instant) {
    let mut stream = BufReader::new(stream);
    let mut bytes = Vec::new();
    while let Ok(count) = stream.read_until(b'\n', &mut bytes).await
        && count > 0
    {
        let text = without_control(String::from_utf8_lossy(&bytes).trim_end());
        bytes.clear();
        lines.lock().unwrap_or_else(PoisonError::into_inner).push(Line { after: began.elapsed(), text });
    }
}

/// A line as text: without the sequences that colour a terminal.
fn without_control(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => {
                // `ESC [ ... letter`; other sequences are two characters long.
                if characters.next() == Some('[') {
                    characters.by_ref().find(char::is_ascii_alphabetic);
                }
            }
            '\t' => plain.push_str("    "),
            _ if character.is_control() => {}
            _ => plain.push(character),
        }
    }
    plain
}

fn ending(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, surroundings: &Surroundings) -> Running {
        let arguments = ["-c".to_owned(), script.to_owned()];
        Running::start(Path::new("/bin/sh"), &arguments, Path::new("/"), surroundings).expect("it starts")
    }

    fn plain() -> Surroundings {
        Surroundings { without: &["CARGO_"], with: vec![("COLOUR".into(), "\u{1b}[31mred\u{1b}[0m".into())] }
    }

    #[tokio::test]
    async fn its_code_and_both_of_its_streams_are_kept_as_plain_text() {
        let mut running = shell("echo $COLOUR; echo more >&2; echo ${CARGO_PKG_NAME:-none}; exit 21", &plain());
        assert_eq!(running.end().await.expect("an end"), Exit::Code(21));
        let mut lines: Vec<_> = running.output().into_iter().map(|line| line.text).collect();
        lines.sort();
        assert_eq!(lines, ["more", "none", "red"]);
    }

    #[tokio::test]
    async fn what_it_has_started_is_killed_with_it() {
        let mut running = shell("sleep 600 & echo $!; wait", &plain());
        let child = loop {
            if let Some(line) = running.output().first() {
                break line.text.parse::<i32>().expect("a number");
            }
            tokio::task::yield_now().await;
        };
        assert!(!running.has_ended());
        running.signal(Signal::KILL);
        assert_eq!(running.end().await.expect("an end"), Exit::Signal(9));
        let child = Pid::from_raw(child).expect("a process");
        // It is gone once whoever inherited it has taken note, which is not for us to wait for long.
        let gone = async {
            while rustix::process::test_kill_process(child).is_ok() && !is_zombie(child) {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(10), gone).await.expect("it is gone");
    }

    fn is_zombie(pid: Pid) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        status.is_ok_and(|status| status.contains(") Z "))
    }
}
