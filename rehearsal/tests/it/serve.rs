//! `rehearsal serve`: it says when it is up, answers, and leaves nothing behind, however it ends.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(20);

/// A cloud with nothing in it: what its start and its end are like does not depend on that.
const EMPTY: &str = r#"{"region": "ap-northeast-1", "account": "123456789012", "repositories": [], "services": []}"#;

struct Served {
    child: Child,
    announced: Value,
    temporary: tempfile::TempDir,
}

impl Served {
    fn start() -> Self {
        let temporary = tempfile::tempdir().expect("folder");
        let world = temporary.path().join("world.json");
        fs::write(&world, EMPTY).expect("file");
        let mut child = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
            .args(["serve", "--json", "--scale", "10", "--world"])
            .arg(&world)
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let announced = serde_json::from_str(&line).expect("json");
        Self { child, announced, temporary }
    }

    fn signal(&mut self, signal: Signal) -> ExitStatus {
        let process = Pid::from_raw(self.child.id().cast_signed()).expect("a process");
        kill_process(process, signal).expect("signal");
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("status") {
                return status;
            }
            assert!(since.elapsed() < LIMIT, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn leftovers(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).expect("folder").flatten();
    names
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("slipway-rehearsal"))
        .collect()
}

#[test]
fn it_announces_the_environment_of_a_cloud_that_answers_on_loopback() {
    let mut served = Served::start();
    let origin = served.announced["origin"].as_str().expect("an origin").to_owned();
    assert_eq!(served.announced["environment"]["AWS_ENDPOINT_URL"], origin.as_str());
    let address = origin.strip_prefix("http://").expect("http");
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let mut stream = TcpStream::connect(address).expect("connection");
    let request = "GET /_rehearsal/state HTTP/1.1\r\nhost: rehearsal\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answer");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(served.signal(Signal::TERM).success());
}

#[test]
fn it_ends_in_order_by_either_signal_and_leaves_nothing() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut served = Served::start();
        assert_eq!(leftovers(served.temporary.path()).len(), 1);
        assert!(served.signal(signal).success());
        assert_eq!(leftovers(served.temporary.path()), [""; 0]);
    }
}

#[test]
fn its_guard_clears_what_it_left_when_it_was_killed() {
    let mut served = Served::start();
    assert!(!served.signal(Signal::KILL).success());
    let since = Instant::now();
    while !leftovers(served.temporary.path()).is_empty() {
        assert!(since.elapsed() < LIMIT, "{:?}", leftovers(served.temporary.path()));
        std::thread::sleep(Duration::from_millis(5));
    }
}
