//! The judgement of Trivy's reports.

use image::age::MaximumAge;
use image::digest::Digest;
use image::scan::trivy::report::{Origin, Subject, judge};
use image::scan::{Check, Verdict};
use serde_json::{Value, json};

use crate::support::RUN_AT;

fn subject() -> Subject {
    Subject { config: Digest::of(b"configuration"), manifest: Digest::of(b"manifest") }
}

fn report(results: &Value) -> Value {
    json!({
        "SchemaVersion": 2,
        "Trivy": { "Version": "0.74.0" },
        "CreatedAt": "2026-11-22T11:00:00.000000005Z",
        "ArtifactName": "target/image",
        "ArtifactType": "container_image",
        "Metadata": { "ImageID": subject().config.to_string(), "DiffIDs": [] },
        "Results": results,
    })
}

fn vulnerability(severity: &str, fixed: &str) -> Value {
    json!([{ "Target": "app", "Class": "lang-pkgs", "Type": "rustbinary", "Vulnerabilities": [{
        "VulnerabilityID": "CVE-2026-0001", "PkgName": "openssl", "InstalledVersion": "0.10.0",
        "FixedVersion": fixed, "Status": if fixed.is_empty() { "affected" } else { "fixed" },
        "Severity": severity, "Title": "a vulnerability",
    }]}])
}

fn misconfiguration(severity: &str, status: &str) -> Value {
    json!([{ "Target": "target/image", "Class": "config", "Type": "dockerfile", "Misconfigurations": [{
        "Type": "Dockerfile Security Check", "ID": "DS-0002", "AVDID": "AVD-DS-0002",
        "Title": "runs as root", "Severity": severity, "Status": status,
    }]}])
}

fn secret(severity: &str) -> Value {
    json!([{ "Target": "/etc/key", "Class": "secret", "Secrets": [{
        "RuleID": "private-key", "Category": "AsymmetricPrivateKey", "Severity": severity,
        "Title": "a private key", "StartLine": 1, "EndLine": 2, "Match": "hunter2",
    }]}])
}

fn judge_ours(report: &Value) -> Check {
    judge(report.to_string().as_bytes(), Some(&subject()), Origin::OurRun)
}

#[track_caller]
fn check(report: &Value, verdict: Verdict, reason: &str) {
    let check = judge_ours(report);
    assert_eq!(check.verdict(), verdict, "{check:?}");
    let said = format!("{check:?}");
    assert!(said.contains(reason), "{said}");
}

#[test]
fn high_and_critical_findings_of_every_kind_refuse() {
    for results in [
        vulnerability("HIGH", ""),
        vulnerability("HIGH", "0.10.1"),
        vulnerability("CRITICAL", ""),
        misconfiguration("HIGH", "FAIL"),
        misconfiguration("CRITICAL", "FAIL"),
        secret("HIGH"),
        secret("CRITICAL"),
    ] {
        check(&report(&results), Verdict::Refused, "Refuses");
    }
}

#[test]
fn lesser_findings_and_passed_checks_do_not_refuse() {
    check(&report(&json!([])), Verdict::Passed, "");
    check(&report(&Value::Null), Verdict::Passed, "");
    for results in
        [vulnerability("MEDIUM", ""), vulnerability("LOW", "0.10.1"), misconfiguration("MEDIUM", "FAIL"), secret("LOW")]
    {
        check(&report(&results), Verdict::Passed, "Listed");
    }
    check(&report(&misconfiguration("CRITICAL", "PASS")), Verdict::Passed, "findings: []");
}

#[test]
fn a_severity_that_nobody_has_said_yet_is_pointed_out() {
    check(&report(&vulnerability("UNKNOWN", "")), Verdict::Passed, "1 findings have no severity yet");
    check(&report(&vulnerability("DREADFUL", "")), Verdict::CouldNotTell, "is no severity");
}

#[test]
fn a_found_secret_is_not_repeated() {
    let check = judge_ours(&report(&secret("CRITICAL")));
    assert!(!format!("{check:?}").contains("hunter2"));
}

#[test]
fn what_is_no_report_about_this_image_tells_nothing() {
    let with = |path: &str, value: Value| {
        let mut report = report(&json!([]));
        *report.pointer_mut(path).expect(path) = value;
        report
    };
    for (report, reason) in [
        (json!({}), "schema version none"),
        (json!([]), "cannot be understood"),
        (with("/SchemaVersion", json!(3)), "schema version 3"),
        (with("/Results", json!([{ "Vulnerabilities": [{}] }])), "cannot be understood"),
        (with("/Metadata/ImageID", json!(Digest::of(b"other").to_string())), "not about"),
        (with("/ArtifactType", json!("filesystem")), "about a filesystem"),
        (with("/Trivy/Version", json!("0.69.4")), "known malware"),
        (
            with("/Results", json!([{ "Target": "app", "ExperimentalModifiedFindings": [{}] }])),
            "suppressed within trivy",
        ),
    ] {
        check(&report, Verdict::CouldNotTell, reason);
    }
    for broken in ["", "{", "FATAL error", "\0"] {
        let check = judge(broken.as_bytes(), Some(&subject()), Origin::OurRun);
        assert_eq!(check.verdict(), Verdict::CouldNotTell, "{broken:?}");
    }
}

#[test]
fn a_finding_counts_even_in_a_report_that_is_doubted() {
    let mut other = report(&vulnerability("CRITICAL", ""));
    other["Metadata"]["ImageID"] = json!(Digest::of(b"other").to_string());
    check(&other, Verdict::Refused, "not about");
}

#[test]
fn a_report_about_the_same_image_in_a_registry_is_about_this_image() {
    let mut pulled = report(&json!([]));
    pulled["Metadata"] = json!({
        "ImageID": "sha256:made-by-an-engine",
        "RepoDigests": [format!("registry.example/myapp@{}", subject().manifest)],
    });
    check(&pulled, Verdict::Passed, "");
}

#[test]
fn a_report_in_a_file_must_be_young_and_say_whose_it_is() {
    let now = RUN_AT.parse().expect("a time");
    let origin = Origin::File(MaximumAge::days(7), now);
    let judged = |report: &Value, subject: Option<&Subject>| {
        let check = judge(report.to_string().as_bytes(), subject, origin);
        (check.verdict(), check.doubts.join("; "))
    };
    let fresh = report(&json!([]));
    assert_eq!(judged(&fresh, Some(&subject())), (Verdict::Passed, String::new()));

    let mut old = fresh.clone();
    old["CreatedAt"] = json!("2026-11-01T00:00:00Z");
    let (verdict, reason) = judged(&old, Some(&subject()));
    assert_eq!(verdict, Verdict::CouldNotTell);
    assert!(reason.contains("21 days old, and 7 days is the limit"), "{reason}");

    let mut undated = fresh.clone();
    undated.as_object_mut().expect("an object").remove("CreatedAt");
    assert!(judged(&undated, Some(&subject())).1.contains("does not say when"));

    let mut unnamed = fresh.clone();
    unnamed["Metadata"] = json!({});
    assert!(judged(&unnamed, Some(&subject())).1.contains("does not say which image"));
    assert_eq!(judge_ours(&unnamed).verdict(), Verdict::Passed, "we know what we gave to trivy");

    assert!(judged(&fresh, None).1.contains("no image to hold the report against"));
}
