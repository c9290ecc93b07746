//! A release that serves on a port of this machine.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long a start may take, and a stop.
const LIMIT: Duration = Duration::from_secs(30);

/// The token of the service's API, on this machine and for this proof only.
pub(super) const TOKEN: &str = "token-of-the-proof";

/// A service that runs, and not longer than this.
pub(super) struct Program {
    child: Child,
    pub(super) address: SocketAddr,
    log: PathBuf,
}

/// Brings the database to the schema of a release, by the release itself.
pub(super) fn migrate(program: &Path, database: &PgConnectOptions) -> anyhow::Result<Result<(), String>> {
    let output = Command::new(program)
        .args(["migrate", "up"])
        .env("DATABASE_URL", database.to_url_lossy().as_str())
        .output()
        .with_context(|| format!("failed to start {}", program.display()))?;
    let said = [output.stdout, output.stderr].concat();
    Ok(if output.status.success() { Ok(()) } else { Err(last_lines(&said)) })
}

impl Program {
    /// Starts a service and waits until it is ready; the reason why it is not is for people.
    pub(super) async fn start(
        program: &Path,
        name: &str,
        database: &PgConnectOptions,
        folder: &Path,
    ) -> anyhow::Result<Result<Self, String>> {
        let address = free()?;
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| format!("failed to write {}", log.display()))?;
        let child = Command::new(program)
            .arg("serve")
            .env("DATABASE_URL", database.to_url_lossy().as_str())
            .env("API_TOKEN", TOKEN)
            .env("LISTEN_ADDRESS", address.to_string())
            .env("MANAGEMENT_ADDRESS", "127.0.0.1:0")
            .env("DRAIN_DELAY", "0s")
            // What one release has deleted the other may remember for as long.
            .env("CACHE_FRESH", "1s")
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("failed to start {}", program.display()))?;
        let mut started = Self { child, address, log };
        let since = Instant::now();
        loop {
            if is_ready(address).await {
                return Ok(Ok(started));
            }
            let ended = started.child.try_wait()?;
            if ended.is_some() || since.elapsed() > LIMIT {
                let how =
                    ended.map_or_else(|| format!("/ready is no 200 after {LIMIT:?}"), |status| status.to_string());
                let said = fs::read(&started.log).unwrap_or_default();
                return Ok(Err(format!("{how}: {}", last_lines(&said))));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks it to end, and sees to it that it does.
    pub(super) fn stop(mut self) -> anyhow::Result<ExitStatus> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).context("failed to signal a release")?;
        let since = Instant::now();
        loop {
            match self.child.try_wait()? {
                Some(status) => return Ok(status),
                None if since.elapsed() > LIMIT => anyhow::bail!("a release does not end when it is asked to"),
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// An address that nobody listens on.
fn free() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

async fn is_ready(address: SocketAddr) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(b"GET /ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.ok()?;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.ok()?;
        Some(status.ends_with(b" 200"))
    };
    tokio::time::timeout(Duration::from_secs(1), ask).await.ok().flatten().unwrap_or(false)
}

/// The end of what a program said.
fn last_lines(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let lines: Vec<_> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(3)..].join(" | ")
}
