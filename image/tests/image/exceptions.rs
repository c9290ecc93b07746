//! `scan-exceptions.toml`.

use image::scan::{Check, Exceptions, Finding, FindingKind, Outcome, Severity, Standing, Verdict};
use jiff::civil::{Date, date};

const TODAY: Date = date(2026, 11, 22);

fn exception(id: &str, package: Option<&str>, expires: &str) -> String {
    let package = package.map(|package| format!("package = \"{package}\"\n")).unwrap_or_default();
    format!("[[exception]]\nid = \"{id}\"\n{package}reason = \"not reachable\"\nexpires = \"{expires}\"\n")
}

fn checks(standing: Standing) -> Vec<Check> {
    let mut check = Check::new("trivy");
    check.findings.push(Finding {
        id: "CVE-2026-0001".to_owned(),
        aliases: vec!["RUSTSEC-2026-0001".to_owned()],
        kind: FindingKind::Vulnerability,
        severity: Severity::High,
        subject: "openssl".to_owned(),
        version: "0.10.0".to_owned(),
        fixed: String::new(),
        title: "a vulnerability".to_owned(),
        standing,
    });
    vec![check]
}

fn outcome(checks: Vec<Check>, exceptions: &str) -> Outcome {
    Outcome::new(checks, Exceptions::parse(exceptions), TODAY)
}

#[test]
fn an_exception_covers_what_it_names_up_to_its_last_day() {
    for (id, package, expires, passes) in [
        ("CVE-2026-0001", None, "2026-11-22", true),
        ("CVE-2026-0001", Some("openssl"), "2027-01-01", true),
        ("RUSTSEC-2026-0001", None, "2027-01-01", true),
        ("CVE-2026-0002", None, "2027-01-01", false),
        ("CVE-2026-0001", Some("ring"), "2027-01-01", false),
        ("CVE-2026-0001", None, "2026-11-21", false),
    ] {
        let outcome = outcome(checks(Standing::Refuses), &exception(id, package, expires));
        let expected = if passes { Verdict::Passed } else { Verdict::Refused };
        assert_eq!(outcome.verdict(), expected, "{id} in {package:?} until {expires}");
    }
}

#[test]
fn an_exception_that_is_expired_or_too_long_refuses_though_nothing_is_found() {
    for (expires, expected) in [
        ("2026-11-21", "expired on 2026-11-21: mend what it is about and remove it"),
        ("2027-05-22", "the latest day is 2027-05-21"),
    ] {
        let outcome = outcome(vec![Check::new("trivy")], &exception("CVE-2026-0001", None, expires));
        assert_eq!(outcome.exit().code(), 10);
        let said = outcome.to_json().to_string();
        assert!(said.contains(expected), "{said}");
    }
    let longest = exception("CVE-2026-0001", None, "2027-05-21");
    assert_eq!(outcome(vec![Check::new("trivy")], &longest).verdict(), Verdict::Passed);
}

#[test]
fn an_exception_without_need_is_pointed_out_once_every_check_could_tell() {
    let text = exception("CVE-2026-0009", Some("ring"), "2027-01-01");
    let said = |checks| outcome(checks, &text).to_json().to_string();
    assert!(said(checks(Standing::Listed)).contains("nothing needs the exception for CVE-2026-0009 in ring"));
    let doubtful = vec![Check::in_doubt("trivy", "it is broken".to_owned())];
    assert!(!said(doubtful).contains("nothing needs"));
}

#[test]
fn a_file_that_is_not_understood_excepts_nothing_and_refuses() {
    for (text, expected) in [
        ("[[exception]]\nid = \"a\"\nreason = \"b\"", "missing field `expires`"),
        ("[[exception]]\nid = \"a\"\nexpires = \"2027-01-01\"", "missing field `reason`"),
        ("[[exception]]\nreason = \"b\"\nexpires = \"2027-01-01\"", "missing field `id`"),
        ("\n\n[[exception]]\nid = \"a\"\nwhy = \"b\"", "line 5"),
        ("[[exception]]\nid = \"a\"\nreason = \"b\"\nexpires = \"soon\"", "line 4"),
        ("[[exceptions]]", "unknown field `exceptions`"),
        ("[[exception]]\nid = \"a\"\nreason = \" \"\nexpires = \"2027-01-01\"", "needs an id and a reason"),
    ] {
        let outcome = outcome(vec![Check::new("trivy")], text);
        assert_eq!(outcome.verdict(), Verdict::Refused, "{text}");
        let said = format!("{outcome:?}");
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn the_exceptions_of_this_repository_parse() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scan-exceptions.toml");
    Exceptions::read(path.as_ref()).expect("parses");
}
