//! The corpus: migrations that are bad, each for its own reason, and good ones, held against the same
//! merged schema. The name of a bad one begins with the rule that finds it, and its last line says where.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use schema::{Finding, Folder, check};

const FIRST: &str = "0005_next";

fn corpus(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(part)
}

fn merged() -> Folder {
    Folder::read(&corpus("merged")).expect("the merged migrations can be read")
}

/// The findings in a branch that adds this file.
fn findings(text: &str) -> Vec<Finding> {
    let merged = merged();
    let mut folder = merged.clone();
    folder.files.insert(format!("{FIRST}.up.sql"), text.to_owned());
    folder.files.insert(format!("{FIRST}.down.sql"), "SELECT 1;".to_owned());
    check::check(&folder, Some(&merged))
}

fn cases(part: &str) -> Vec<(String, String)> {
    let mut cases: Vec<_> = fs::read_dir(corpus(part))
        .expect("the corpus is there")
        .map(|entry| entry.expect("it can be listed").path())
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("it can be read"))
        })
        .collect();
    cases.sort();
    cases
}

#[test]
fn every_bad_migration_is_refused_for_its_own_reason_and_no_other() {
    let cases = cases("bad");
    assert!(cases.len() >= 60, "{} bad ones", cases.len());
    let mut wrong = Vec::new();
    for (name, text) in cases {
        let rule = name.split('.').next().unwrap_or_default();
        let last = text.lines().last().unwrap_or_default();
        let line = last.strip_prefix("-- found in line ").and_then(|line| line.parse().ok());
        assert!(line.is_some(), "{name} does not say where: {last}");
        let found: Vec<_> = findings(&text).into_iter().map(|finding| (finding.rule, finding.line)).collect();
        if found != [(rule, line)] {
            wrong.push(format!("{name}: {found:?}, expected {rule} in line {line:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_good_migration_is_refused() {
    let cases = cases("good");
    assert!(cases.len() >= 30, "{} good ones", cases.len());
    let findings = cases
        .iter()
        .flat_map(|(name, text)| findings(text).into_iter().map(move |finding| format!("{name}: {finding}")));
    let wrong: Vec<_> = findings.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_about_a_statement_has_a_bad_migration_that_it_finds() {
    let shown: BTreeSet<String> =
        cases("bad").iter().map(|(name, _)| name.split('.').next().unwrap_or_default().to_owned()).collect();
    let missing: Vec<_> = check::every_rule().map(|rule| rule.name).filter(|name| !shown.contains(*name)).collect();
    // These are about the files among themselves, which `tests/files.rs` has.
    let of_files = [
        "file-name",
        "same-number",
        "out-of-order",
        "changed-after-merge",
        "removed-after-merge",
        "missing-up",
        "missing-down",
        "contract-too-early",
    ];
    assert_eq!(missing, of_files);
}
