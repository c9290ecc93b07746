//! A throw-away cluster of this machine's server binaries.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::process::{Child, Command};

use crate::account::Account;
use crate::binaries::Binaries;
use crate::connect::{self, Patience};
use crate::estate::{Estate, is_root};
use crate::provide::{AUTHENTICATION, DATABASE, ROLE, SETTINGS, new_password};
use crate::refusal::Refusal;

/// How long `initdb` may take; it takes about one second.
const INITDB_LIMIT: Duration = Duration::from_mins(1);

/// How long the server may take to serve; it takes a few tenths of a second.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How often another process may snatch the port between its choice and the start.
const PORT_ATTEMPTS: usize = 5;

/// A running cluster. Dropping it kills the server; [`Estate::clear`] ends it in order.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) url: String,
    pub(crate) port: u16,
    server: Child,
    log: PathBuf,
}

impl Cluster {
    /// Makes a cluster in the estate and starts its server.
    pub(crate) async fn start(
        binaries: &Binaries,
        environment: &[(OsString, OsString)],
        estate: &Estate,
    ) -> Result<Self, Refusal> {
        let account = account_for_server()?;
        let password = new_password();
        let setting_up = Setup {
            binaries,
            environment,
            account: account.as_ref(),
            directory: estate.directory(),
            data: estate.data(),
        };
        setting_up.initialise(&password).await?;
        setting_up.serve(&password).await
    }

    /// Waits until the server ends by itself, which it should not, and says its last words.
    pub(crate) async fn end(&mut self) -> String {
        let status = self.server.wait().await;
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        format!("the server ended ({status}): {}", last_words(&self.log))
    }
}

/// The account to run the server under; none when we are not root and need not change.
pub(crate) fn account_for_server() -> Result<Option<Account>, Refusal> {
    if !is_root() {
        return Ok(None);
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    Account::choose(&passwd).map(Some).ok_or_else(|| {
        Refusal::new(
            "PostgreSQL does not run as root, and /etc/passwd has no other account",
            "useradd --system postgres",
        )
    })
}

struct Setup<'a> {
    binaries: &'a Binaries,
    environment: &'a [(OsString, OsString)],
    account: Option<&'a Account>,
    directory: &'a Path,
    data: PathBuf,
}

impl Setup<'_> {
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.folder.join(program));
        command.env_clear().envs(self.environment.iter().cloned());
        // On macOS a server in another locale of the environment becomes multithreaded and stops.
        command.env("LC_ALL", "C");
        // A process group of its own, so that the terminal's ^C does not end the server while the
        // command is still at its last words.
        command.current_dir(&self.data).process_group(0);
        command.stdin(Stdio::null()).kill_on_drop(true);
        if let Some(account) = self.account {
            account.apply(&mut command);
        }
        command
    }

    fn take(&self, path: &Path) -> io::Result<()> {
        self.account.map_or(Ok(()), |account| account.take(path))
    }

    /// Makes the files of the cluster. The password goes through a file, not an argument.
    async fn initialise(&self, password: &str) -> Result<(), Refusal> {
        let password_file = self.directory.join("password");
        self.prepare(&password_file, password)
            .map_err(|error| refuse(format!("cannot prepare {}: {error}", self.data.display())))?;
        // C.UTF-8 sorts alike everywhere and knows more letters than ASCII; not every system has it.
        let mut outcome = self.initdb("C.UTF-8", &password_file).await?;
        if outcome.as_ref().is_err_and(|reason| reason.contains("locale")) {
            outcome = self.initdb("C", &password_file).await?;
        }
        let removed = fs::remove_file(&password_file);
        outcome.map_err(|reason| refuse(format!("initdb failed: {reason}")))?;
        removed.map_err(|error| refuse(format!("cannot remove the password file: {error}")))
    }

    fn prepare(&self, password_file: &Path, password: &str) -> io::Result<()> {
        fs::create_dir(&self.data)?;
        self.take(&self.data)?;
        // Empty and private first, then the secret.
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(password_file)?;
        self.take(password_file)?;
        file.write_all(password.as_bytes())
    }

    async fn initdb(&self, locale: &str, password_file: &Path) -> Result<Result<(), String>, Refusal> {
        let mut command = self.command("initdb");
        command
            .arg("--pgdata")
            .arg(&self.data)
            .args(["--username", ROLE, "--auth", AUTHENTICATION, "--pwfile"])
            .arg(password_file)
            .args(["--encoding", "UTF8", "--locale", locale])
            .args(["--no-sync", "--no-instructions"]);
        let output = tokio::time::timeout(INITDB_LIMIT, command.output())
            .await
            .map_err(|_| refuse(format!("initdb took over {} s", INITDB_LIMIT.as_secs())))?
            .map_err(|error| refuse(format!("cannot run initdb: {error}")))?;
        if output.status.success() {
            return Ok(Ok(()));
        }
        Ok(Err(last_lines(&String::from_utf8_lossy(&output.stderr))))
    }

    /// Starts the server on a free port, on another when somebody was faster there.
    async fn serve(&self, password: &str) -> Result<Cluster, Refusal> {
        let mut reason = String::new();
        for _ in 0..PORT_ATTEMPTS {
            let port = free_port().map_err(|error| refuse(format!("no free port at 127.0.0.1: {error}")))?;
            let mut cluster = self.spawn(port, password)?;
            match cluster.ready(password).await {
                Ok(()) => return Ok(cluster),
                Err(words) => reason = words,
            }
            if !reason.contains("could not bind") && !reason.contains("could not create any TCP") {
                break;
            }
        }
        Err(refuse(reason))
    }

    fn spawn(&self, port: u16, password: &str) -> Result<Cluster, Refusal> {
        let log = self.directory.join("server.log");
        let streams = File::create(&log).and_then(|file| Ok((file.try_clone()?, file)));
        let (output, errors) = streams.map_err(|error| refuse(format!("cannot write {}: {error}", log.display())))?;
        let mut command = self.command("postgres");
        command.arg("-D").arg(&self.data);
        command.stdout(output).stderr(errors);
        // No socket file: its path would have to fit into 107 bytes, and nobody needs it.
        let address = ["listen_addresses=127.0.0.1", "unix_socket_directories="];
        for setting in SETTINGS.iter().chain(&address) {
            command.args(["-c", setting]);
        }
        let server = command
            .args(["-c", &format!("port={port}")])
            .spawn()
            .map_err(|error| refuse(format!("cannot run postgres: {error}")))?;
        Ok(Cluster { url: format!("postgres://{ROLE}:{password}@127.0.0.1:{port}/{DATABASE}"), port, server, log })
    }
}

impl Cluster {
    async fn ready(&mut self, password: &str) -> Result<(), String> {
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username(ROLE)
            .password(password)
            .database(DATABASE)
            .ssl_mode(PgSslMode::Disable);
        let connection = connect::connect(&options, Patience::WithAbsent, START_LIMIT);
        tokio::select! {
            connection = connection => connection.map(drop),
            words = self.end() => Err(words),
        }
    }
}

fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

fn refuse(reason: impl Into<String>) -> Refusal {
    Refusal::new(reason, "see the reason; DATABASE_URL or a Docker engine would do as well")
}

fn last_words(log: &Path) -> String {
    match fs::read(log) {
        Ok(bytes) => last_lines(&String::from_utf8_lossy(&bytes)),
        Err(error) => format!("no log: {error}"),
    }
}

/// The last few lines of a text, on one.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(4)..].join("; ")
}
