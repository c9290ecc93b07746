//! The real executable, where signals, exit codes and output matter.

use std::net::{SocketAddr, TcpListener};
use std::process::{ExitStatus, Stdio};

use hyper::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use url::Url;

use super::http::{Connection, get};
use super::in_process::TOKEN;
use super::{PATIENCE, eventually};

/// The executable, with an environment that holds nothing of ours.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_app"));
    command.args(arguments).env_clear().kill_on_drop(true).stdin(Stdio::null());
    // Coverage is written where the variable says.
    if let Some(profile) = std::env::var_os("LLVM_PROFILE_FILE") {
        command.env("LLVM_PROFILE_FILE", profile);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A process that was started.
pub(crate) struct Process {
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

impl Process {
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the executable starts");
        let stdout = child.stdout.take().expect("it is piped");
        let stderr = child.stderr.take().expect("it is piped");
        Self { child, stdout: tokio::spawn(read(stdout)), stderr: tokio::spawn(read(stderr)) }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = self.child.id().expect("the process has not ended");
        let id = Pid::from_raw(id.cast_signed()).expect("process ids are small and not 0");
        kill_process(id, signal).expect("the process is ours");
    }

    pub(crate) async fn ended(mut self) -> Ended {
        let waited = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status: ExitStatus = waited.expect("the process ends").expect("it is our child");
        Ended {
            code: status.code(),
            stdout: self.stdout.await.expect("reading does not panic"),
            stderr: self.stderr.await.expect("reading does not panic"),
        }
    }
}

/// Runs a command to its end.
pub(crate) async fn run(command: Command) -> Ended {
    Process::spawn(command).ended().await
}

async fn read(mut from: impl tokio::io::AsyncRead + Unpin) -> String {
    let mut text = String::new();
    let _ = from.read_to_string(&mut text).await;
    text
}

/// A process that serves.
pub(crate) struct ServeProcess {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl ServeProcess {
    /// Starts a service and waits until it is ready.
    pub(crate) async fn ready(database: &Url, settings: &[(&str, &str)]) -> Self {
        let service = Self::start(database, settings);
        eventually("the service is ready", async || {
            let Ok(mut connection) = Connection::open(service.address).await else { return false };
            matches!(connection.send(get("/ready")).await, Ok(answer) if answer.status == StatusCode::OK)
        })
        .await;
        service
    }

    /// Starts a service and does not wait.
    pub(crate) fn start(database: &Url, settings: &[(&str, &str)]) -> Self {
        let address = free_address();
        let mut command = command(&["serve"]);
        command
            .arg(format!("--listen-address={address}"))
            .env("MANAGEMENT_ADDRESS", "127.0.0.1:0")
            .env("DRAIN_DELAY", "0s")
            .env("DATABASE_URL", database.as_str())
            .env("API_TOKEN", TOKEN)
            .envs(settings.iter().copied());
        Self { process: Process::spawn(command), address }
    }
}

/// An address that was free a moment ago. A process cannot tell us which port it was given.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("port 0 is always free");
    listener.local_addr().expect("it is bound")
}
