//! Nothing lingers, however the provider ends.

use std::fs;

use rustix::process::Signal;

use crate::provider::{
    HOLD, Held, check_nothing_left, eventually, exec, guards_below, has, kill, names_in, stderr, temporary,
};

/// The sources that leave something behind: a URL names a server that is there anyway.
const SOURCES: [&str; 2] = ["local", "container"];

#[test]
fn a_signal_before_the_command_began_ends_the_start() {
    if !has("local") {
        return;
    }
    for (signal, expected) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let temporary = temporary();
        let mut child = exec(&temporary, "local", "exit 0").spawn().expect("the provider");
        // There are files, so it listens for signals, and `initdb` needs a while yet.
        eventually("the start has begun", || {
            names_in(temporary.path()).iter().any(|name| name.starts_with("slipway-postgres-"))
        });
        kill(child.id(), signal);
        assert_eq!(child.wait().expect("its end").code(), Some(expected));
        check_nothing_left(&temporary, None);
    }
}

#[test]
fn a_killed_provider_leaves_nothing_for_long() {
    for source in SOURCES.into_iter().filter(|source| has(source)) {
        let mut held = Held::start(source, HOLD);
        let address = held.address();
        held.signal(Signal::KILL);
        held.child.wait().expect("its end");
        check_nothing_left(&held.temporary, Some(address));
    }
}

#[test]
fn what_a_killed_provider_and_its_killed_guard_left_is_cleared_by_the_next() {
    for source in SOURCES.into_iter().filter(|source| has(source)) {
        let mut held = Held::start(source, HOLD);
        let address = held.address();
        for guard in guards_below(held.temporary.path()) {
            kill(guard, Signal::KILL);
        }
        held.signal(Signal::KILL);
        held.child.wait().expect("its end");
        assert_eq!(names_in(held.temporary.path()).len(), 1, "{source}");

        let output = exec(&held.temporary, source, "exit 0").output().expect("the provider");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stderr(&output).contains("cleared the leftover"), "{}", stderr(&output));
        check_nothing_left(&held.temporary, Some(address));
    }
}

#[tokio::test]
async fn what_belongs_to_a_living_provider_is_left_alone() {
    if !has("local") {
        return;
    }
    let held = Held::start("local", HOLD);
    let output = exec(&held.temporary, "local", "exit 0").output().expect("the provider");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    crate::given::connect(&held.url).await;
    let (code, ..) = held.end();
    assert_eq!(code, Some(0));
}

#[test]
fn a_server_that_dies_is_said_and_the_rest_is_cleared() {
    if !has("local") {
        return;
    }
    let temporary = temporary();
    let script = r#"kill -QUIT $(head -1 "$TMPDIR"/slipway-postgres-*/data/postmaster.pid); cat; exit 4"#;
    let mut command = exec(&temporary, "local", script);
    let child = command.stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = child.spawn().expect("the provider");
    let said = std::io::BufReader::new(child.stderr.take().expect("its errors"));
    let died = std::io::BufRead::lines(said).any(|line| line.is_ok_and(|line| line.contains("the server ended")));
    assert!(died, "nothing was said");
    drop(child.stdin.take());
    assert_eq!(child.wait().expect("its end").code(), Some(4));
    check_nothing_left(&temporary, None);
}

#[test]
fn what_only_has_the_name_of_a_leftover_is_left_alone() {
    if !has("local") {
        return;
    }
    let temporary = temporary();
    let elsewhere = tempfile::tempdir().expect("a directory");
    std::os::unix::fs::symlink(elsewhere.path(), temporary.path().join("slipway-postgres-link")).expect("a link");
    fs::write(temporary.path().join("slipway-postgres-file"), "not ours").expect("a file");
    let output = exec(&temporary, "local", "exit 0").output().expect("the provider");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let mut names = names_in(temporary.path());
    names.sort();
    assert_eq!(names, ["slipway-postgres-file", "slipway-postgres-link"]);
    assert!(elsewhere.path().is_dir());
}
