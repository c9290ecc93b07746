//! The judgement of a binary's crates by a RustSec database, on tiny databases written here.

use std::process::Command;

use image::age::MaximumAge;
use image::elf::Architecture;
use image::scan::advisories::database::Snapshot;
use image::scan::advisories::judge;
use image::scan::{Check, Verdict};

use crate::support::{Crate, Elf, Project, RUN_AT};

/// A vulnerability of `leaky` up to 1.0.1 with these lines in its head.
fn advisory(project: &Project, id: &str, more: &str) {
    advisory_of(project, "2026-11-20", id, more, "");
}

fn advisory_of(project: &Project, date: &str, id: &str, more: &str, tables: &str) {
    project.write(
        &format!("db/crates/leaky/{id}.md"),
        format!(
            "```toml\n[advisory]\nid = \"{id}\"\npackage = \"leaky\"\ndate = \"{date}\"\n{more}\n\
             {tables}\n[versions]\npatched = [\">= 1.0.2\"]\n```\n\n# It leaks\n\nBadly.\n"
        ),
    );
}

const CRITICAL: &str = "cvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"";
const HIGH: &str = "cvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H\"";
const MEDIUM: &str = "cvss = \"CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H\"";

fn judged(project: &Project, crates: &[Crate]) -> Check {
    judge(
        &Elf::with_crates(crates),
        Architecture::Amd64,
        Snapshot::open(Some(&project.path("db"))),
        MaximumAge::days(7),
        RUN_AT.parse().expect("a time"),
    )
}

#[test]
fn severity_decides_and_a_vulnerability_that_nobody_rated_refuses() {
    for (more, verdict, severity) in [
        (CRITICAL, Verdict::Refused, "Critical"),
        (HIGH, Verdict::Refused, "High"),
        ("", Verdict::Refused, "Unknown"),
        (MEDIUM, Verdict::Passed, "Medium"),
        ("informational = \"unmaintained\"", Verdict::Passed, "None"),
        ("informational = \"unsound\"", Verdict::Passed, "None"),
        ("informational = \"notice\"", Verdict::Passed, "None"),
    ] {
        let project = Project::new();
        advisory(&project, "RUSTSEC-2026-0001", more);
        let check = judged(&project, &[Crate::public("leaky", "1.0.1")]);
        assert_eq!(check.verdict(), verdict, "{more}: {check:?}");
        assert!(format!("{:?}", check.findings).contains(severity), "{more}: {check:?}");
    }
}

#[test]
fn only_crates_that_run_in_the_binary_and_are_affected_count() {
    let project = Project::new();
    advisory(&project, "RUSTSEC-2026-0001", CRITICAL);
    let leaky = Crate::public("leaky", "1.0.1");
    for (given, found) in [
        (leaky, 1),
        (Crate { version: "1.0.2", ..leaky }, 0),
        (Crate { name: "sound", ..leaky }, 0),
        (Crate { kind: "build", ..leaky }, 0),
        (Crate { source: "local", ..leaky }, 0),
        (Crate { source: "git", ..leaky }, 1),
        (Crate { source: "registry", ..leaky }, 1),
    ] {
        let check = judged(&project, &[given]);
        assert_eq!(check.findings.len(), found, "{} {} {}", given.name, given.source, given.kind);
    }
}

#[test]
fn withdrawn_advisories_and_those_for_other_systems_are_ignored() {
    let project = Project::new();
    advisory(&project, "RUSTSEC-2026-0001", &format!("{CRITICAL}\nwithdrawn = \"2026-11-21\""));
    let windows = "[affected]\nos = [\"windows\"]";
    advisory_of(&project, "2026-11-20", "RUSTSEC-2026-0002", CRITICAL, windows);
    let arm = "[affected]\narch = [\"aarch64\"]";
    advisory_of(&project, "2026-11-20", "RUSTSEC-2026-0003", CRITICAL, arm);
    let check = judged(&project, &[Crate::public("leaky", "1.0.1")]);
    assert_eq!(check.verdict(), Verdict::Passed, "{check:?}");
}

#[test]
fn a_database_that_is_missing_empty_broken_or_old_tells_nothing() {
    let leaky = [Crate::public("leaky", "1.0.2")];
    let doubts = |project: &Project| {
        let check = judged(project, &leaky);
        assert_eq!(check.verdict(), Verdict::CouldNotTell);
        check.doubts.join("; ")
    };
    let project = Project::new();
    assert!(doubts(&project).contains("cannot read the advisory database"));
    std::fs::create_dir_all(project.path("db/crates")).expect("a folder");
    assert!(doubts(&project).contains("is empty"));
    advisory_of(&project, "2026-10-01", "RUSTSEC-2026-0001", CRITICAL, "");
    assert!(doubts(&project).contains("52 days old, and 7 days is the limit"));
    advisory(&project, "RUSTSEC-2026-0002", "");
    assert_eq!(judged(&project, &leaky).verdict(), Verdict::Passed);
    project.write("db/crates/leaky/RUSTSEC-2026-0003.md", "```toml\n[advisory]\n```\n");
    assert!(doubts(&project).contains("RUSTSEC-2026-0003.md"));

    let none = judge(
        &Elf::with_crates(&leaky),
        Architecture::Amd64,
        Snapshot::open(None),
        MaximumAge::days(7),
        RUN_AT.parse().expect("a time"),
    );
    assert_eq!(none.doubts, ["there is no advisory database: give one with --advisory-db"]);
}

#[test]
fn what_is_found_counts_though_the_database_is_old() {
    let project = Project::new();
    advisory_of(&project, "2020-01-01", "RUSTSEC-2020-0001", CRITICAL, "");
    let check = judged(&project, &[Crate::public("leaky", "1.0.1")]);
    assert_eq!(check.verdict(), Verdict::Refused);
    assert_eq!(check.doubts.len(), 1);
}

#[test]
fn a_binary_without_a_list_of_crates_tells_nothing() {
    let project = Project::new();
    advisory(&project, "RUSTSEC-2026-0001", CRITICAL);
    let check = judge(
        &Elf { crates: None, ..Elf::default() }.bytes(),
        Architecture::Amd64,
        Snapshot::open(Some(&project.path("db"))),
        MaximumAge::days(7),
        RUN_AT.parse().expect("a time"),
    );
    assert!(check.doubts[0].contains("cargo auditable"), "{check:?}");
}

#[test]
fn the_age_of_a_database_under_git_is_that_of_its_last_commit() {
    let project = Project::new();
    advisory_of(&project, "2020-01-01", "RUSTSEC-2020-0001", CRITICAL, "");
    let git = |arguments: &[&str]| {
        let done = Command::new("git")
            .arg("-C")
            .arg(project.path("db"))
            .args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .env("GIT_COMMITTER_DATE", "2026-11-21T00:00:00Z")
            .output()
            .expect("git starts");
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "--quiet"]);
    let doubtful = judged(&project, &[]);
    assert!(doubtful.doubts[0].contains("git cannot tell the age"), "{doubtful:?}");
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "advisories"]);
    assert_eq!(judged(&project, &[]).verdict(), Verdict::Passed);
}
