//! The program itself: what ends before there is anything to talk to.

use std::process::{Command, Output};

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
    std::fs::write(&wrong, "[service]\nnmae = \"a\"\n").expect("a file");
    let (none, wrong) = (none.to_str().expect("text"), wrong.to_str().expect("text"));
    for (arguments, words) in [
        (&["deploy"][..], "unrecognized subcommand"),
        (&["--settings", none, "status"], "cannot read the settings"),
        (&["--settings", wrong, "status"], "nobody knows the key service.nmae"),
    ] {
        let output = delivery(arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(words), "{told}");
    }
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
