//! Starting the provider with surroundings of a test's own, and looking at what it leaves.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_postgres-provider");

/// For what comes, however slow the machine is.
const DEADLINE: Duration = Duration::from_mins(2);

/// A shell command that prints its `DATABASE_URL` and then ends with its standard input.
pub(crate) const HOLD: &str = r#"printf '%s\n' "$DATABASE_URL"; cat"#;

/// A directory for temporary files that every account may enter, as `/tmp` is.
pub(crate) fn temporary() -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).expect("permissions");
    directory
}

/// The provider with nothing of the test's own database in its environment.
pub(crate) fn provider(temporary: &TempDir) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_remove("DATABASE_URL").env_remove("POSTGRES_SOURCE").env_remove("PGPASSWORD");
    command.env("TMPDIR", temporary.path());
    // A group of its own: a signal of the test is not the terminal's.
    command.process_group(0).stdin(Stdio::null());
    command
}

/// The provider running a shell command on one source.
pub(crate) fn exec(temporary: &TempDir, source: &str, script: &str) -> Command {
    let mut command = provider(temporary);
    command.args(["exec", "--source", source, "--", "sh", "-c", script]);
    command
}

/// Whether this machine has a source; says so where it has not.
pub(crate) fn has(source: &str) -> bool {
    let output = provider(&temporary()).args(["doctor", "--json"]).output().expect("doctor");
    let diagnosis: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = diagnosis["sources"].as_array().expect("sources");
    let finding = findings.iter().find(|finding| finding["source"] == source).expect(source);
    let there = finding["works"] == true && !finding["detail"].as_str().unwrap_or_default().contains("pulled");
    if !there {
        let reason = format!("skipped, no {source}: {}", finding["detail"]);
        assert!(std::env::var_os("POSTGRES_TESTS_SKIP_NOTHING").is_none(), "{reason}");
        println!("{reason}");
    }
    there
}

/// A source of servers for tests that need one of their own, whichever it is.
pub(crate) fn any() -> Option<&'static str> {
    if has("local") {
        return Some("local");
    }
    has("container").then_some("container")
}

/// A provider that holds a PostgreSQL for as long as the test wants.
pub(crate) struct Held {
    pub(crate) url: String,
    pub(crate) temporary: TempDir,
    pub(crate) child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Held {
    /// Starts one with this script, which prints its URL first.
    pub(crate) fn start(source: &str, script: &str) -> Self {
        let temporary = temporary();
        let mut command = exec(&temporary, source, script);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the provider");
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let mut url = String::new();
        output.read_line(&mut url).expect("a line");
        let url = url.trim().to_owned();
        assert!(url.starts_with("postgres://"), "the provider failed");
        Self { url, temporary, child, input, output }
    }

    pub(crate) fn password(&self) -> &str {
        let (credentials, _) = self.url.split_once('@').expect("credentials");
        credentials.rsplit_once(':').expect("a password").1
    }

    pub(crate) fn address(&self) -> SocketAddr {
        let (_, rest) = self.url.split_once('@').expect("credentials");
        let (address, _) = rest.split_once('/').expect("a database");
        address.parse().expect("an address")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.child.id(), signal);
    }

    /// Lets the script read one line.
    pub(crate) fn release_line(&mut self) {
        let input = self.input.as_mut().expect("its input");
        std::io::Write::write_all(input, b"\n").expect("a reader");
    }

    /// Waits for the next line of the script.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        line.trim().to_owned()
    }

    /// Waits for the provider to end by itself and says its exit code.
    pub(crate) fn wait(mut self) -> (Option<i32>, TempDir, SocketAddr) {
        let address = self.address();
        let status = self.child.wait().expect("its end");
        assert_eq!(status.signal(), None, "the provider was killed itself");
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).expect("the rest of its output");
        (status.code(), self.temporary, address)
    }

    /// Lets the script end.
    pub(crate) fn end(mut self) -> (Option<i32>, TempDir, SocketAddr) {
        drop(self.input.take());
        self.wait()
    }
}

pub(crate) fn kill(id: u32, signal: Signal) {
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("a living process");
}

/// The process ids of the guards of estates below a directory.
pub(crate) fn guards_below(directory: &Path) -> Vec<u32> {
    let needle = format!("guard {}", directory.display());
    processes().lines().filter(|line| line.contains(&needle)).map(id_of).collect()
}

/// One line for each process: its id and its arguments.
pub(crate) fn processes() -> String {
    let output = Command::new("ps").args(["-A", "-ww", "-o", "pid=,args="]).output().expect("ps");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn id_of(line: &str) -> u32 {
    line.split_whitespace().next().and_then(|word| word.parse().ok()).expect("a process id")
}

/// Checks that nothing is left: no file, no process that knows of them, nobody at the address.
#[track_caller]
pub(crate) fn check_nothing_left(temporary: &TempDir, address: Option<SocketAddr>) {
    eventually("no files are left", || names_in(temporary.path()).is_empty());
    let here = temporary.path().display().to_string();
    eventually("no processes are left", || !processes().contains(&here));
    if let Some(address) = address {
        eventually("nobody listens", || TcpStream::connect(address).is_err());
    }
}

pub(crate) fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("the directory");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

/// Polls a condition.
#[track_caller]
pub(crate) fn eventually(what: &str, condition: impl Fn() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < DEADLINE, "not even after {DEADLINE:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
