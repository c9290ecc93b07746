//! The two programs as processes.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::bare;

const SERVICE: &str = env!("CARGO_BIN_EXE_app");
const TOKEN: &str = "token-of-the-benchmark";

/// A server that is killed when this is dropped.
pub(super) struct Server {
    child: Child,
    address: SocketAddr,
    /// From its start until it answered that it is ready.
    pub(super) ready_after: Duration,
}

impl Server {
    /// The service, with its settings as in production.
    pub(super) fn service(database: &str) -> Self {
        let mut command = Command::new(SERVICE);
        let address = free_address();
        command.arg("serve").env("LISTEN_ADDRESS", address.to_string()).env("API_TOKEN", TOKEN);
        command.env("MANAGEMENT_ADDRESS", free_address().to_string()).env("DRAIN_DELAY", "0s");
        Self::start(command, address, "/ready", database)
    }

    /// The bare program.
    pub(super) fn bare(database: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
        let address = free_address();
        command.args([bare::FLAG, &address.to_string()]);
        Self::start(command, address, "/health", database)
    }

    fn start(mut command: Command, address: SocketAddr, ready: &str, database: &str) -> Self {
        let started = Instant::now();
        let child = command.env("DATABASE_URL", database).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut server = Self { child: child.expect("the server starts"), address, ready_after: Duration::ZERO };
        while !matches!(server.request("GET", ready, ""), Ok(answer) if answer.starts_with("HTTP/1.1 200")) {
            assert!(started.elapsed() < Duration::from_secs(30), "no {ready} within 30 s");
            std::thread::yield_now();
        }
        server.ready_after = started.elapsed();
        server
    }

    /// The URL of a path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Makes a link and follows it once, and answers its slug.
    pub(super) fn create_link(&self) -> String {
        let slug = "benchmark";
        let body = format!("{{\"target_url\":\"https://example.com/\",\"slug\":\"{slug}\"}}");
        let answer = self.request("POST", "/v1/links", &body).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        self.request("GET", &format!("/l/{slug}"), "").expect("an answer");
        slug.to_owned()
    }

    /// The memory that the process holds, in megabytes of 10^6 bytes.
    pub(super) fn resident_megabytes(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("Linux has /proc");
        let kibibytes: f64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok())
            .expect("the status has VmRSS");
        kibibytes * 1024.0 / 1e6
    }

    fn request(&self, method: &str, path: &str, body: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Applies the migrations.
pub(super) fn migrate(database: &str) {
    let mut command = Command::new(SERVICE);
    command.args(["migrate", "up"]).env("DATABASE_URL", database).stdout(Stdio::null());
    assert!(command.status().expect("the service starts").success(), "the migrations could not be applied");
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free")
}
