//! The contract of the production image, in one place: what it runs, as whom, on which ports.
//!
//! The Dockerfile repeats it, and `image from-docker` compares the two, so that neither can drift.

use std::collections::BTreeMap;

use crate::oci::{ExposedPorts, Healthcheck, Runtime};

/// Where the binary is, below the root.
pub const BINARY_PATH: &str = "app";
/// The binary's permission bits: anybody may run it, nobody may change it.
pub const BINARY_MODE: u32 = 0o755;
/// An extra file's permission bits when `delivery.toml` says nothing: anybody may read it.
pub const FILE_MODE: u32 = 0o644;

/// The time of every file, in seconds since 1970: none, whatever the commit, so that two commits with
/// the same files share their layer.
pub const MODIFIED: u64 = 0;

/// An unprivileged user without a name; 65532 is what distroless images use for theirs, too.
const USER: &str = "65532:65532";
/// The service and the management port.
const PORTS: [&str; 2] = ["8080/tcp", "9090/tcp"];
/// What every builder and engine gives to an image that says nothing, said aloud.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The variable by which the image tells the service its commit, which is not in the binary.
const COMMIT: &str = "BUILD_COMMIT";

const SECOND: u64 = 1_000_000_000;

/// How a container of the image is run; the commit and the labels come from the build.
#[must_use]
pub fn runtime(commit: &str, labels: BTreeMap<String, String>) -> Runtime {
    let program = format!("/{BINARY_PATH}");
    Runtime {
        user: USER.to_owned(),
        exposed_ports: ExposedPorts(PORTS.map(str::to_owned).to_vec()),
        env: vec![PATH.to_owned(), format!("{COMMIT}={commit}")],
        entrypoint: vec![program.clone()],
        cmd: vec!["serve".to_owned()],
        healthcheck: Healthcheck {
            test: vec!["CMD".to_owned(), program, "healthcheck".to_owned()],
            interval: 10 * SECOND,
            timeout: 3 * SECOND,
            start_period: 15 * SECOND,
            retries: 3,
        },
        working_dir: "/".to_owned(),
        labels,
        stop_signal: "SIGTERM".to_owned(),
    }
}
