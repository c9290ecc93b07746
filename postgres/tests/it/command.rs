//! The command gets its database, its signals and its exit code through.

use std::fs;

use rustix::process::Signal;

use crate::provider::{HOLD, Held, any, check_nothing_left, exec, provider, stderr, temporary};

#[test]
fn the_exit_code_is_the_commands_or_128_and_its_signal() {
    let Some(source) = any() else { return };
    for (script, expected) in [("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 137), ("kill -TERM $$", 143)] {
        let temporary = temporary();
        let output = exec(&temporary, source, script).output().expect("the provider");
        assert_eq!(output.status.code(), Some(expected), "{script}: {}", stderr(&output));
        check_nothing_left(&temporary, None);
    }
}

#[test]
fn a_command_that_cannot_be_started_is_said_and_leaves_nothing() {
    let Some(source) = any() else { return };
    let temporary = temporary();
    let folder = tempfile::tempdir().expect("a folder");
    let plain = folder.path().join("plain");
    fs::write(&plain, "no program").expect("a file");
    for (program, expected) in [("/does/not/exist".as_ref(), 127), (plain.as_path(), 126)] {
        let mut command = provider(&temporary);
        let command = command.args(["exec", "--source", source, "--"]).arg(program);
        let output = command.output().expect("the provider");
        assert_eq!(output.status.code(), Some(expected), "{}", stderr(&output));
        assert!(stderr(&output).contains("cannot run"), "{}", stderr(&output));
        check_nothing_left(&temporary, None);
    }
}

#[test]
fn signals_are_passed_on_and_the_command_decides_when_to_end() {
    let Some(source) = any() else { return };
    for (signal, name) in [(Signal::TERM, "TERM"), (Signal::INT, "INT"), (Signal::HUP, "HUP")] {
        let script = format!(
            "trap 'echo got {name}; read line; exit 9' {name}; printf '%s\\n' \"$DATABASE_URL\"; \
             while :; do read line; done"
        );
        let mut held = Held::start(source, &script);
        held.signal(signal);
        held.release_line();
        assert_eq!(held.line(), format!("got {name}"));
        held.release_line();
        let (code, temporary, address) = held.end();
        assert_eq!(code, Some(9), "{name}");
        check_nothing_left(&temporary, Some(address));
    }
}

#[test]
fn a_command_that_does_not_catch_a_signal_ends_with_it() {
    let Some(source) = any() else { return };
    for (signal, expected) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::QUIT, 131)] {
        // The shell replaces itself, so that the signal reaches what waits.
        let held = Held::start(source, "printf '%s\\n' \"$DATABASE_URL\"; exec cat");
        held.signal(signal);
        let (code, temporary, address) = held.wait();
        assert_eq!(code, Some(expected));
        check_nothing_left(&temporary, Some(address));
    }
}

#[tokio::test]
async fn a_fresh_database_is_empty_and_gone_afterwards() {
    let Some(source) = any() else { return };
    let server = Held::start(source, HOLD);
    let temporary = temporary();
    let mut command = provider(&temporary);
    command.env("DATABASE_URL", &server.url);
    command.args(["exec", "--source", "url", "--fresh-database", "--", "sh", "-c"]);
    command.arg("printf '%s' \"$DATABASE_URL\"; exit 3");
    let output = command.output().expect("the provider");
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let url = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, name) = url.rsplit_once('/').expect("a database");
    assert!(name.starts_with("slipway_test_"), "{name}");
    let names = crate::given::databases(&server.url).await;
    assert!(!names.iter().any(|name| name.starts_with("slipway_test_")), "{names:?}");
}

#[test]
fn no_password_is_printed_or_in_an_argument_list() {
    let Some(source) = any() else { return };
    let script = format!("ps -A -ww -o args= > \"$TMPDIR/processes\"; {HOLD}");
    let held = Held::start(source, &script);
    let processes = fs::read_to_string(held.temporary.path().join("processes")).expect("processes");
    assert!(processes.contains("postgres-provider exec"), "{processes}");
    assert!(!processes.contains(held.password()), "{processes}");
    fs::remove_file(held.temporary.path().join("processes")).expect("removed");
    let (code, temporary, address) = held.end();
    assert_eq!(code, Some(0));
    check_nothing_left(&temporary, Some(address));
}
