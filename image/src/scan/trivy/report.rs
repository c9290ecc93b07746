//! Trivy's JSON report, and the judgement of it.

mod format;

use jiff::Timestamp;

use super::{NAME, objection_to};
use crate::age::MaximumAge;
use crate::digest::Digest;
use crate::scan::{Check, Finding, FindingKind, Severity, Standing};
use format::{Report, Results};

/// The version of the report's format that this program knows.
const SCHEMA: u64 = 2;
/// What `ArtifactType` says of an image.
const IMAGE: &str = "container_image";

/// The image that a report has to be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The digest of its configuration, which Trivy calls `ImageID`.
    pub config: Digest,
    /// The digest of its manifest, which stands in `RepoDigests` when it came from a registry.
    pub manifest: Digest,
}

/// Where a report comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From a run of ours just now: it is about what we gave to Trivy.
    OurRun,
    /// From a file, as old as it says; the limit is for its age, because the age of the database
    /// behind it is not in it.
    File(MaximumAge, Timestamp),
}

/// Judges a report about `subject`. Findings count even when the report is to be doubted.
#[must_use]
pub fn judge(json: &[u8], subject: Option<&Subject>, origin: Origin) -> Check {
    let report: Report = match serde_json::from_slice(json) {
        Ok(report) => report,
        Err(error) => {
            return Check::in_doubt(NAME, format!("trivy's report cannot be understood: {error}"));
        }
    };
    if report.schema_version != Some(SCHEMA) {
        let found = report.schema_version.map_or("none".to_owned(), |version| version.to_string());
        return Check::in_doubt(
            NAME,
            format!("trivy's report has schema version {found}, and {SCHEMA} is the one known here"),
        );
    }
    let mut check = Check::new(NAME);
    check.doubts.extend(doubt_about_subject(&report, subject, origin));
    check.doubts.extend(report.trivy.as_ref().and_then(|trivy| objection_to(&trivy.version)));
    if let Origin::File(limit, now) = origin {
        check.doubts.extend(match report.created_at {
            Some(created) => limit.objection("the report", created, now),
            None => Some("the report does not say when it was made".to_owned()),
        });
    }
    for results in report.results.iter().flatten() {
        collect(results, &mut check);
    }
    check.findings.sort_by(|left, right| right.severity.cmp(&left.severity).then_with(|| left.id.cmp(&right.id)));
    let unknown = check.findings.iter().filter(|finding| finding.severity == Severity::Unknown).count();
    if unknown > 0 {
        check.notes.push(format!("{unknown} findings have no severity yet: look at them"));
    }
    check
}

/// Why the report may be about something else, if it may.
fn doubt_about_subject(report: &Report, subject: Option<&Subject>, origin: Origin) -> Option<String> {
    if let Some(kind) = report.artifact_type.as_deref().filter(|kind| *kind != IMAGE) {
        return Some(format!("the report is about a {kind}, not about an image"));
    }
    let Some(subject) = subject else {
        return Some("there is no image to hold the report against".to_owned());
    };
    match &report.metadata.image_id {
        Some(id) if *id == subject.config.to_string() => None,
        _ if report.metadata.names(&subject.manifest.to_string()) => None,
        Some(id) => Some(format!("the report is about image {id}, not about {}: scan this image", subject.config)),
        None if origin == Origin::OurRun => None,
        None => Some("the report does not say which image it is about".to_owned()),
    }
}

/// Takes the findings of one target into the check.
fn collect(results: &Results, check: &mut Check) {
    let vulnerabilities = results.vulnerabilities.iter().flatten().map(|found| Raw {
        id: &found.id,
        aliases: Vec::new(),
        kind: FindingKind::Vulnerability,
        severity: found.severity.as_deref(),
        subject: &found.pkg_name,
        version: &found.installed_version,
        fixed: &found.fixed_version,
        title: &found.title,
    });
    let misconfigurations =
        results.misconfigurations.iter().flatten().filter(|found| found.status == "FAIL").map(|found| Raw {
            id: &found.id,
            aliases: found.avdid.iter().filter(|id| **id != found.id).cloned().collect(),
            kind: FindingKind::Misconfiguration,
            severity: found.severity.as_deref(),
            subject: &results.target,
            version: "",
            fixed: "",
            title: &found.title,
        });
    let secrets = results.secrets.iter().flatten().map(|found| Raw {
        id: &found.rule_id,
        aliases: Vec::new(),
        kind: FindingKind::Secret,
        severity: found.severity.as_deref(),
        subject: &results.target,
        version: "",
        fixed: "",
        title: &found.title,
    });
    for raw in vulnerabilities.chain(misconfigurations).chain(secrets) {
        let (finding, doubt) = raw.judge();
        check.findings.push(finding);
        check.doubts.extend(doubt);
    }
    let suppressed = results.suppressed.iter().flatten().count();
    if suppressed > 0 {
        check.doubts.push(format!(
            "{suppressed} findings in {} were suppressed within trivy: exceptions belong into \
             scan-exceptions.toml, with a reason and a date",
            results.target
        ));
    }
}

/// A finding of whatever kind before it is judged.
struct Raw<'a> {
    id: &'a str,
    aliases: Vec<String>,
    kind: FindingKind,
    severity: Option<&'a str>,
    subject: &'a str,
    version: &'a str,
    fixed: &'a str,
    title: &'a str,
}

impl Raw<'_> {
    /// The finding, and the doubt that a severity nobody knows leaves.
    fn judge(self) -> (Finding, Option<String>) {
        let (severity, doubt) = match self.severity.unwrap_or("UNKNOWN").parse::<Severity>() {
            Ok(severity) => (severity, None),
            Err(reason) => (Severity::Unknown, Some(format!("{}: {reason}", self.id))),
        };
        let finding = Finding {
            id: self.id.to_owned(),
            aliases: self.aliases,
            kind: self.kind,
            severity,
            subject: self.subject.to_owned(),
            version: self.version.to_owned(),
            fixed: self.fixed.to_owned(),
            title: self.title.to_owned(),
            standing: if severity.refuses() { Standing::Refuses } else { Standing::Listed },
        };
        (finding, doubt)
    }
}
