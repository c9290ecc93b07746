//! Tidy: this repository's own conventions, which fail like code.
//!
//! Each rule is a function from a file's text to findings, with a table of what it accepts and what
//! it refuses beside it, and a test that applies it to the whole repository.

mod deployments;
mod documents;
mod manifests;
mod permissions;
mod sources;
mod workflows;

use std::fs;
use std::path::Path;
use std::process::Command;

/// The files of the repository that git knows or would add, as path and text, for which `wanted` holds.
fn files(wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let root = root();
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .expect("git runs");
    assert!(listed.status.success(), "git ls-files failed: is this a git work tree?");
    let listed = String::from_utf8(listed.stdout).expect("paths are UTF-8");
    let files: Vec<_> = listed
        .lines()
        .filter(|path| wanted(path) && root.join(path).is_file())
        .map(|path| (path.to_owned(), fs::read_to_string(root.join(path)).expect("the file is text")))
        .collect();
    assert!(!files.is_empty(), "the rule looked at no file at all");
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in a folder")
}

/// Fails with every finding of a rule in the files for which `wanted` holds.
#[track_caller]
fn assert_tidy(wanted: impl Fn(&str) -> bool, rule: impl Fn(&str, &str) -> Vec<String>) {
    let findings: Vec<_> = files(wanted).iter().flat_map(|(path, text)| rule(path, text)).collect();
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

/// Fails unless the rule finds as many things in each text as the table says.
#[track_caller]
fn assert_finds(path: &str, cases: &[(&str, usize)], rule: impl Fn(&str, &str) -> Vec<String>) {
    for (text, count) in cases {
        let findings = rule(path, text);
        assert_eq!(findings.len(), *count, "in {text:?} it found {findings:?}");
    }
}
