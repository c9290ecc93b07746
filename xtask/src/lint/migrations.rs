//! The files of the migrations: each with its way back, in one order.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Context as _;

use crate::exit::Ending;
use crate::workspace::Workspace;

/// Refuses a folder of migrations in which one cannot be undone or the order is not one.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let folder = workspace.root.join("migrations");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("failed to read {}", folder.display()))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let findings = findings(&names);
    if findings.is_empty() {
        return Ok(());
    }
    Err(Ending::Refused(findings.join("\n")).into())
}

/// What is wrong with files of these names, each finding with what would be right.
fn findings(names: &[String]) -> Vec<String> {
    let mut findings = Vec::new();
    let mut versions: BTreeMap<&str, Vec<(&str, bool)>> = BTreeMap::new();
    for name in names.iter().filter(|name| name.ends_with(".sql")) {
        match parse(name) {
            Some((version, what, up)) => versions.entry(version).or_default().push((what, up)),
            None => findings.push(format!(
                "migrations/{name}: a migration is named NNNN_what_it_does.up.sql or .down.sql, with four digits"
            )),
        }
    }
    for (version, files) in &versions {
        let mut whats: Vec<_> = files.iter().map(|(what, _)| *what).collect();
        whats.dedup();
        if let [first, second, ..] = whats[..] {
            findings.push(format!(
                "migrations/{version}_*: {first} and {second} have the same number; give the later one the next number"
            ));
            continue;
        }
        let what = whats[0];
        for (up, missing, why) in [
            (true, "up", "there is nothing that it would undo"),
            (false, "down", "without it the migration cannot be undone: write one, even if it only raises an error"),
        ] {
            if !files.iter().any(|(_, its)| *its == up) {
                findings.push(format!("migrations/{version}_{what}.{missing}.sql is missing: {why}"));
            }
        }
    }
    findings
}

/// The version, the name and the direction (up is true) in a file's name.
fn parse(file: &str) -> Option<(&str, &str, bool)> {
    let (stem, up) = match file.strip_suffix(".up.sql") {
        Some(stem) => (stem, true),
        None => (file.strip_suffix(".down.sql")?, false),
    };
    let (version, what) = stem.split_once('_')?;
    let fine = version.len() == 4
        && version.bytes().all(|digit| digit.is_ascii_digit())
        && !what.is_empty()
        && what.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    fine.then_some((version, what, up))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(names: &[&str], finding: Option<&str>) {
        let mut names: Vec<_> = names.iter().map(ToString::to_string).collect();
        names.sort();
        let findings = findings(&names);
        match finding {
            None => assert!(findings.is_empty(), "{findings:?}"),
            Some(part) => assert!(findings.len() == 1 && findings[0].contains(part), "{findings:?}"),
        }
    }

    #[test]
    fn every_up_has_its_down_and_every_number_is_used_once() {
        let pair = ["0001_create_links.up.sql", "0001_create_links.down.sql", "README.md"];
        check(&pair, None);
        check(&[&pair[..], &["0002_add.up.sql"]].concat(), Some("0002_add.down.sql is missing"));
        check(&[&pair[..], &["0002_add.down.sql"]].concat(), Some("0002_add.up.sql is missing"));
        check(&[&pair[..], &["0001_other.up.sql", "0001_other.down.sql"]].concat(), Some("same number"));
        for bad in ["2_add.up.sql", "0002-add.up.sql", "0002_Add.up.sql", "0002_add.sql", "0002_.up.sql"] {
            check(&[&pair[..], &[bad]].concat(), Some("four digits"));
        }
    }
}
