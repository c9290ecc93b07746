//! The production image as ECS runs it: read-only, not root, without capabilities, stopped under load.
//!
//! Needs a Docker engine, and for the hermetic builder the base images; skipped with a reason where
//! there is none.

mod container;
mod http;
mod postgres;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use self::container::Container;
use self::http::{Answer, get};
use self::postgres::Lease;
use crate::copy::{root, run};

/// The largest image that a deployment may have to pull, in bytes.
const LARGEST: u64 = 15_000_000;

#[test]
fn the_image_of_cargo_runs_read_only_and_stops_cleanly_under_load() {
    runs_read_only_and_stops_cleanly("cargo");
}

#[test]
fn the_image_of_docker_runs_read_only_and_stops_cleanly_under_load() {
    runs_read_only_and_stops_cleanly("docker");
}

fn runs_read_only_and_stops_cleanly(builder: &str) {
    if !container::engine_answers() {
        eprintln!("skipped: no Docker engine answers");
        return;
    }
    if builder == "docker" && !container::has_image("rust:1.95-slim-bookworm") {
        eprintln!("skipped: the base image rust:1.95-slim-bookworm is not here");
        return;
    }
    let image = build(builder);
    assert!(image.bytes < LARGEST, "{} bytes are too many", image.bytes);

    let postgres = Lease::take();
    Container::run_to_end(&image.name, &postgres.url, &["migrate", "up"]);
    let service = Container::start(&image.name, &postgres.url);
    assert_eq!(service.inspect("{{.Config.User}}"), "65532:65532");
    assert_eq!(service.inspect("{{.HostConfig.ReadonlyRootfs}}"), "true");

    let ready = wait_until(|| matches!(get(service.port, "/ready"), Ok(Answer { status: 200, .. })));
    eprintln!("{builder}: {} bytes, ready {} ms after docker run returned", image.bytes, ready.as_millis());
    assert!(service.exec(&["/app", "healthcheck"]), "the image's own health check has to pass");
    let commit = image.name.rsplit_once(':').expect("the name has a tag").1.to_owned();
    let health = get(service.port, "/health").expect("an answer");
    assert!(health.body.contains(&commit), "{commit} is not in {}", health.body);

    stop_under_load(&service);
}

/// Requests on new connections while the service is told to stop, until it says that it is not ready
/// any more, which is when a load balancer sends no more: none may fail.
fn stop_under_load(service: &Container) {
    let (answered, draining) = (AtomicU64::new(0), AtomicBool::new(false));
    let failures: Vec<String> = thread::scope(|scope| {
        let request = || request_until(service.port, &answered, &draining);
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(request)).collect();
        wait_until(|| answered.load(Ordering::Relaxed) > 200);
        let stopped = scope.spawn(|| service.stop());
        wait_until(|| matches!(get(service.port, "/ready"), Ok(Answer { status: 503, .. })));
        draining.store(true, Ordering::SeqCst);
        stopped.join().expect("the container stops");
        clients.into_iter().filter_map(|client| client.join().expect("a client does not panic")).collect()
    });
    assert_eq!(failures, Vec::<String>::new());
    assert_eq!(service.inspect("{{.State.ExitCode}}"), "0", "{}", service.logs());
}

fn request_until(port: u16, answered: &AtomicU64, draining: &AtomicBool) -> Option<String> {
    while !draining.load(Ordering::SeqCst) {
        match get(port, "/l/nowhere") {
            Ok(answer) if answer.status == 404 => {
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(answer) => return Some(format!("status {} with {}", answer.status, answer.body)),
            Err(error) => return Some(error.to_string()),
        }
    }
    None
}

/// Waits for a condition, and returns how long that took.
#[track_caller]
fn wait_until(condition: impl Fn() -> bool) -> Duration {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_mins(1), "a minute was not enough");
        thread::yield_now();
    }
    started.elapsed()
}

struct Built {
    name: String,
    bytes: u64,
}

fn build(builder: &str) -> Built {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_xtask"));
    crate::copy::unmeasured(&mut command).current_dir(root());
    let ran = run(command.args(["build", "--builder", builder, "--load", "--json"]));
    assert_eq!(ran.code, Some(0), "{}", ran.output);
    let built: serde_json::Value = serde_json::from_str(&ran.stdout).expect("standard output is JSON and no more");
    let loaded = ran.output.lines().find_map(|line| line.strip_prefix("Loaded image: "));
    Built {
        name: loaded.expect("Docker says what it has loaded").to_owned(),
        bytes: built["uncompressed_bytes"].as_u64().expect("a number"),
    }
}
