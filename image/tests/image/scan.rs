//! `image scan` as a program: verdicts, exit codes, and a Trivy that is whatever a script is.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Crate, Elf, Project, RUN_AT, Ran};

/// Trivy as a script: it notes how it was called and prints what lies beside it.
const TRIVY: &str = r#"here=$(dirname "$0")
echo "$*" >> "$here/arguments"
env >> "$here/environment"
pwd >> "$here/folders"
case "$1" in
  version) cat "$here/version.json" ;;
  image) cat "$here/report.json"; echo "some trouble" >&2; exit "$(cat "$here/code")" ;;
esac"#;

/// A project with an image, a young database and a Trivy that finds nothing.
fn project_of(crates: &[Crate]) -> Project {
    let project = Project::new();
    project.write("app", Elf::with_crates(crates));
    let config = project.assemble(&[]).expect_code(0).json()["config"].clone();
    project.write(
        "db/crates/leaky/RUSTSEC-2026-0001.md",
        "```toml\n[advisory]\nid = \"RUSTSEC-2026-0001\"\npackage = \"leaky\"\ndate = \"2026-11-20\"\n\
         [versions]\npatched = [\">= 1.0.2\"]\n```\n\n# It leaks\n\nBadly.\n",
    );
    project.write_program("trivy/trivy", TRIVY);
    version(&project, "0.74.0", "2026-11-22T06:00:00Z");
    report(&project, &config, &json!([]));
    project.write("trivy/code", "0");
    project
}

fn version(project: &Project, version: &str, updated: &str) {
    let database = json!({ "Version": 2, "UpdatedAt": updated });
    let version = json!({ "Version": version, "VulnerabilityDB": database });
    project.write("trivy/version.json", version.to_string());
}

fn report(project: &Project, config: &Value, results: &Value) {
    let report = json!({
        "SchemaVersion": 2,
        "CreatedAt": "2026-11-22T11:00:00Z",
        "ArtifactType": "container_image",
        "Metadata": { "ImageID": config },
        "Results": results,
    });
    project.write("trivy/report.json", report.to_string());
}

fn vulnerable() -> Value {
    json!([{ "Target": "app", "Vulnerabilities": [
        { "VulnerabilityID": "CVE-2026-0001", "PkgName": "openssl", "Severity": "HIGH", "Title": "a | b" },
    ]}])
}

fn scan(project: &Project, more: &[&str]) -> Ran {
    scan_with(project, more, &[])
}

fn scan_with(project: &Project, more: &[&str], variables: &[(&str, &str)]) -> Ran {
    scan_by(project, &project.path("trivy/trivy"), more, variables)
}

fn scan_by(project: &Project, trivy: &Path, more: &[&str], variables: &[(&str, &str)]) -> Ran {
    let trivy = trivy.to_str().expect("UTF-8");
    let scan = ["scan", "--trivy", trivy, "--advisory-db", "db", "--now", RUN_AT];
    project.image_with(&[&scan, more].concat(), variables)
}

fn config(project: &Project) -> Value {
    project.image(&["inspect", "--json"]).json()["config"].clone()
}

#[test]
fn a_clean_image_passes_both_halves() {
    let project = project_of(&[Crate::public("harmless", "1.0.0")]);
    let scanned = scan(&project, &["--json"]).expect_code(0).json();
    assert_eq!(scanned["verdict"], "passed");
    let names: Vec<_> = scanned["checks"].as_array().expect("checks").iter().map(|check| &check["name"]).collect();
    assert_eq!(names, ["trivy", "advisories", "exceptions"]);
}

#[test]
fn either_half_refuses_and_neither_hides_the_other() {
    let clean = [Crate::public("harmless", "1.0.0")];
    let leaky = [Crate::public("leaky", "1.0.0")];

    let project = project_of(&clean);
    report(&project, &config(&project), &vulnerable());
    let text = scan(&project, &[]).expect_code(10).output;
    assert!(text.contains("trivy: refused") && text.contains("advisories: passed"), "{text}");

    let project = project_of(&leaky);
    let text = scan(&project, &[]).expect_code(10).output;
    assert!(text.contains("trivy: passed") && text.contains("advisories: refused"), "{text}");

    project.write("trivy/code", "1");
    let text = scan(&project, &[]).expect_code(10).output;
    assert!(text.contains("trivy: could not tell") && text.contains("advisories: refused"), "{text}");
}

#[test]
fn a_trivy_that_breaks_is_no_pass() {
    let project = project_of(&[]);
    let doubt = |expected: &str| {
        let text = scan(&project, &[]).expect_code(11).output;
        assert!(text.contains(expected) && text.contains("advisories: passed"), "{text}");
    };
    project.write("trivy/code", "3");
    doubt("trivy image` failed with exit code 3: some trouble");
    project.write("trivy/code", "0");
    project.write("trivy/report.json", "FATAL");
    doubt("cannot be understood");
    report(&project, &json!("sha256:other"), &json!([]));
    doubt("not about sha256:");
    report(&project, &config(&project), &json!([]));
    version(&project, "0.74.0", "2026-11-01T00:00:00Z");
    doubt("trivy's vulnerability database is of 2026-11-01T00:00:00Z, 21 days old");
    scan(&project, &["--max-database-age", "4w"]).expect_code(0);
    project.write("trivy/version.json", r#"{"Version":"0.74.0"}"#);
    doubt("trivy has no vulnerability database");
    project.write("trivy/version.json", "Version: 0.74.0");
    doubt("does not print its version: Version: 0.74.0");
    version(&project, "0.69.4", "2026-11-22T06:00:00Z");
    doubt("known malware");
    let missing = scan_by(&project, Path::new("no-such-trivy"), &[], &[]).expect_code(11).output;
    assert!(missing.contains("cannot start `no-such-trivy`"), "{missing}");
}

#[test]
fn a_trivy_that_hangs_is_stopped_at_its_limit() {
    let project = project_of(&[]);
    project.write_program("slow/trivy", "exec sleep 600");
    let ran = scan_by(&project, &project.path("slow/trivy"), &["--time-limit", "1"], &[]);
    let text = ran.expect_code(11).output;
    assert!(text.contains("was stopped after 1 seconds, its limit"), "{text}");
}

#[test]
fn nobodys_settings_make_trivy_look_away() {
    let project = project_of(&[]);
    project.write("trivy.yaml", "severity: [LOW]");
    project.write(".trivyignore", "CVE-2026-0001");
    let variables = [("TRIVY_IGNORE_UNFIXED", "true"), ("TRIVY_CACHE_DIR", "/cache")];
    scan_with(&project, &[], &variables).expect_code(0);
    let read = |name: &str| std::fs::read_to_string(project.path("trivy").join(name)).expect(name);
    let environment = read("environment");
    assert!(!environment.contains("TRIVY_IGNORE_UNFIXED"), "{environment}");
    assert!(environment.contains("TRIVY_CACHE_DIR=/cache"), "{environment}");
    let root = project.path("").canonicalize().expect("a folder");
    assert!(read("folders").lines().all(|folder| Path::new(folder) != root));
    let arguments = read("arguments");
    let layout = root.join("target/image");
    assert!(arguments.contains(&format!("image --input {}", layout.display())), "{arguments}");
    assert!(arguments.contains("--image-config-scanners misconfig,secret"), "{arguments}");
}

#[test]
fn a_report_is_judged_without_trivy_by_the_same_rules() {
    let project = project_of(&[]);
    let report_file = ["--report", "trivy/report.json"];
    let judge = |code| scan_by(&project, Path::new("no-such-trivy"), &report_file, &[]).expect_code(code);
    judge(0);
    report(&project, &config(&project), &vulnerable());
    judge(10);
    project.write("trivy/report.json", "");
    judge(11);
    std::fs::remove_file(project.path("trivy/report.json")).expect("removed");
    judge(11);
}

#[test]
fn an_exception_lets_a_finding_pass_and_an_expired_one_refuses() {
    let project = project_of(&[Crate::public("leaky", "1.0.0")]);
    let except = |expires: &str| {
        let text =
            format!("[[exception]]\nid = \"RUSTSEC-2026-0001\"\nreason = \"unreachable\"\nexpires = \"{expires}\"");
        project.write("scan-exceptions.toml", text);
    };
    except("2026-11-22");
    let text = scan(&project, &[]).expect_code(0).output;
    assert!(text.contains("excepted until 2026-11-22: unreachable"), "{text}");
    except("2026-11-21");
    let text = scan(&project, &[]).expect_code(10).output;
    assert!(text.contains("exceptions: refused") && text.contains("expired on 2026-11-21"), "{text}");
    project.write("scan-exceptions.toml", "[[exception]]\nid = 1");
    let text = scan(&project, &[]).expect_code(10).output;
    assert!(text.contains("in scan-exceptions.toml"), "{text}");
}

#[test]
fn without_an_image_neither_half_can_tell() {
    let project = project_of(&[]);
    std::fs::remove_dir_all(project.path("target/image")).expect("removed");
    let text = scan(&project, &[]).expect_code(11).output;
    assert!(text.contains("trivy: could not tell") && text.contains("advisories: could not tell"), "{text}");
    let text = scan(&project, &["--binary", "app"]).expect_code(11).output;
    assert!(text.contains("advisories: passed"), "{text}");
}

#[test]
fn the_summary_of_a_job_gets_the_outcome_as_markdown() {
    let project = project_of(&[]);
    report(&project, &config(&project), &vulnerable());
    let summary = project.path("summary.md");
    project.write("summary.md", "before\n");
    scan_with(&project, &[], &[("GITHUB_STEP_SUMMARY", summary.to_str().expect("UTF-8"))]).expect_code(10);
    let text = std::fs::read_to_string(summary).expect("a summary");
    assert!(text.starts_with("before\n## Scan: refused\n"), "{text}");
    assert!(text.contains("| HIGH | CVE-2026-0001 | openssl |  | a \\| b | refuses |"), "{text}");
}
