//! The load: `wrk` with one thread, so that the server under it keeps a core.

use std::process::{Command, Stdio};

/// Whether wrk is installed.
pub(super) fn is_here() -> bool {
    Command::new("wrk").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Requests a second that were answered, over three seconds on 32 connections.
pub(super) fn requests_a_second(url: &str) -> f64 {
    let output = Command::new("wrk").args(["-t1", "-c32", "-d3s", url]).output().expect("wrk starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!said.contains("Non-2xx or 3xx"), "errors under load: {said}");
    said.lines()
        .find_map(|line| line.trim().strip_prefix("Requests/sec:")?.trim().parse().ok())
        .unwrap_or_else(|| panic!("wrk printed no rate: {said}"))
}
