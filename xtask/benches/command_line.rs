//! What the command line costs: its cold build, and its start against that of an empty program.
//!
//! `cargo bench --package xtask` prints the figures that stand in `docs/performance.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often each program is started; an odd number, so that there is a middle one.
const STARTS: usize = 31;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    cold_build(&folder.path().join("target"));
    start(folder.path());
}

/// Compiles `xtask` where nothing has been compiled.
fn cold_build(target: &Path) {
    let before = processor_time();
    let started = Instant::now();
    let build = Command::new("cargo")
        .args(["build", "--quiet", "--locked", "--package", "xtask", "--message-format", "json", "--target-dir"])
        .arg(target)
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo starts");
    assert!(build.status.success(), "the build failed");
    let (elapsed, processor) = (started.elapsed(), processor_time().saturating_sub(before));
    let output = String::from_utf8(build.stdout).expect("JSON is UTF-8");
    let crates: BTreeSet<String> = output
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter_map(|message| message["package_id"].as_str().map(str::to_owned))
        .collect();
    println!(
        "cold build of xtask: {:.1} s of processor time, {:.1} s elapsed, {} crates",
        processor.as_secs_f64(),
        elapsed.as_secs_f64(),
        crates.len()
    );
}

/// Starts `cargo xtask --help` and an empty program by turns.
fn start(folder: &Path) {
    let empty = folder.join("empty");
    fs::create_dir_all(empty.join("src")).expect("a folder");
    fs::write(empty.join("Cargo.toml"), "[package]\nname = \"empty\"\nedition = \"2024\"\n[workspace]\n")
        .expect("a file");
    fs::write(empty.join("src/main.rs"), "fn main() {}\n").expect("a file");
    let programs = [(root(), &["xtask", "--help"][..]), (empty, &["run", "--quiet"][..])];
    let mut times = [const { Vec::new() }; 2];
    for turn in 0..=STARTS {
        for ((folder, arguments), times) in programs.iter().zip(&mut times) {
            let started = Instant::now();
            let status = Command::new("cargo")
                .args(*arguments)
                .current_dir(folder)
                .stdout(Stdio::null())
                .status()
                .expect("cargo starts");
            assert!(status.success(), "cargo {arguments:?} failed");
            // The first turn compiles.
            if turn > 0 {
                times.push(started.elapsed());
            }
        }
    }
    let [xtask, empty] = times.map(median);
    println!(
        "cargo xtask --help: {:.0} ms; cargo run of an empty program: {:.0} ms; difference {:+.0} ms",
        milliseconds(xtask),
        milliseconds(empty),
        milliseconds(xtask) - milliseconds(empty)
    );
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The processor time of all children that have been waited for.
fn processor_time() -> Duration {
    let status = fs::read_to_string("/proc/self/stat").expect("Linux has /proc");
    // The name, which comes second and may hold anything, ends with the last parenthesis. The fields 16
    // and 17 are cutime and cstime (proc(5)), and the first after the name is the third.
    let (_, fields) = status.rsplit_once(')').expect("the name is in parentheses");
    let ticks: u64 = fields.split_whitespace().skip(13).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in a folder").to_path_buf()
}
