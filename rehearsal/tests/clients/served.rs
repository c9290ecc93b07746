//! A cloud that is up as long as the test, on ports of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// How long a cloud may take to stop.
const LIMIT: Duration = Duration::from_secs(30);

/// One repository, a secret, a parameter and a role, and no service.
const SMALL: &str = r#"{
    "region": "ap-northeast-1",
    "account": "123456789012",
    "repositories": [{"name": "myapp", "immutable": true, "mutable_tags": ["*-latest"]}],
    "secrets": {"myapp/staging/database-url": "a value"},
    "parameters": {"/myapp/flag": "on"},
    "roles": ["myapp-task"],
    "services": []
}"#;

pub(crate) struct Served {
    child: Child,
    /// What leads a client there.
    pub(crate) environment: BTreeMap<String, String>,
    /// `127.0.0.1:PORT`.
    pub(crate) host: String,
    /// For whatever a client writes.
    pub(crate) temporary: TempDir,
}

impl Served {
    /// A cloud in which nothing runs.
    pub(crate) fn small() -> Self {
        let temporary = TempDir::new().expect("folder");
        let world = temporary.path().join("world.json");
        fs::write(&world, SMALL).expect("file");
        Self::start(temporary, &["--world", world.to_str().expect("a path")])
    }

    /// This repository's two environments, each with a service that runs, in a time that hurries.
    pub(crate) fn whole() -> Self {
        Self::start(TempDir::new().expect("folder"), &["--scale", "20"])
    }

    fn start(temporary: TempDir, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
            .args(["serve", "--json", "--seed", &seed()])
            .args(arguments)
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let announced: Value = serde_json::from_str(&line).expect("json");
        let environment = serde_json::from_value(announced["environment"].clone()).expect("variables");
        let origin = announced["origin"].as_str().expect("an origin");
        let host = origin.strip_prefix("http://").expect("http").to_owned();
        Self { child, environment, host, temporary }
    }
}

/// Another one for each cloud: their tasks would get the same addresses otherwise.
fn seed() -> String {
    static CLOUDS: AtomicU32 = AtomicU32::new(0);
    (u64::from(std::process::id()) * 1024 + u64::from(CLOUDS.fetch_add(64, Ordering::Relaxed))).to_string()
}

impl Drop for Served {
    fn drop(&mut self) {
        let process = Pid::from_raw(self.child.id().cast_signed()).expect("a process");
        let _ = kill_process(process, Signal::TERM);
        let since = Instant::now();
        while since.elapsed() < LIMIT {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // Its guard clears what it leaves.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
