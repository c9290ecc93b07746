//! The program itself: what ends before there is anything to talk to.

use std::io::Read as _;
use std::process::{Command, Output, Stdio};

fn delivery(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_delivery"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["AWS_", "SLIPWAY_", "GITHUB_"].iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
    command.args(arguments).output().expect("it starts")
}

#[test]
fn mistakes_on_the_command_line_and_in_the_settings_are_usage() {
    let folder = tempfile::tempdir().expect("a folder");
    let none = folder.path().join("none.toml");
    let wrong = folder.path().join("wrong.toml");
    std::fs::write(&wrong, "[service]\nnam = \"a\"\n").expect("a file");
    let (none, wrong) = (none.to_str().expect("text"), wrong.to_str().expect("text"));
    for (arguments, words) in [
        (&["deploy"][..], "unrecognized subcommand"),
        (&["--settings", none, "status"], "cannot read the settings"),
        (&["--settings", wrong, "status"], "nobody knows the key service.nam"),
    ] {
        let output = delivery(arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn a_signal_while_nobody_answers_is_an_interruption() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address");
    let folder = tempfile::tempdir().expect("a folder");
    let settings = folder.path().join("delivery.toml");
    std::fs::write(&settings, crate::stage::SETTINGS).expect("settings");
    let mut command = Command::new(env!("CARGO_BIN_EXE_delivery"));
    command.env("AWS_ENDPOINT_URL", format!("http://{address}")).env("NO_PROXY", "127.0.0.1");
    command.envs([("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "a"), ("AWS_EC2_METADATA_DISABLED", "true")]);
    command.envs([("AWS_CONFIG_FILE", "/dev/null"), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")]);
    let child = command.arg("--settings").arg(&settings).arg("status").stderr(Stdio::piped()).spawn();
    let mut child = child.expect("it starts");
    // It is asked something, so it listens for signals.
    let (_asked, _) = silent.accept().expect("a connection");
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(killed.success());
    let status = child.wait().expect("it ends");
    let mut told = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut told).expect("text");
    assert_eq!(status.code(), Some(130), "{told}");
    assert!(told.contains("interrupted before anything was touched"), "{told}");
}

#[test]
fn help_says_what_the_exit_codes_mean() {
    for arguments in [&["--help"][..], &["rollback", "--help"]] {
        let output = delivery(arguments);
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0));
        assert!(told.contains("22 the rollback failed"), "{told}");
    }
}
