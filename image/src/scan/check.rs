//! What a check found, and the verdict that follows from it.

use jiff::civil::Date;
use serde::Serialize;

use super::Severity;

/// What a check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It did its work and has no objection.
    Passed,
    /// It did not do all of its work, and what it saw is no reason to refuse.
    CouldNotTell,
    /// It has a reason to refuse, be its work done or not.
    Refused,
}

impl Verdict {
    /// The words for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::CouldNotTell => "could not tell",
            Self::Refused => "refused",
        }
    }
}

/// One check of a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name: `trivy`, `advisories` or `exceptions`.
    pub name: &'static str,
    /// What it found in the image.
    pub findings: Vec<Finding>,
    /// Reasons to refuse that are no findings in the image.
    pub refusals: Vec<String>,
    /// Reasons why it could not tell.
    pub doubts: Vec<String>,
    /// What is worth saying besides.
    pub notes: Vec<String>,
}

impl Check {
    /// A check that has found nothing yet.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, findings: Vec::new(), refusals: Vec::new(), doubts: Vec::new(), notes: Vec::new() }
    }

    /// A check that could not tell, for this reason.
    #[must_use]
    pub fn in_doubt(name: &'static str, reason: String) -> Self {
        Self { doubts: vec![reason], ..Self::new(name) }
    }

    /// What it says. A reason to refuse counts even where the check could not finish.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.refusing().next().is_some() || !self.refusals.is_empty() {
            Verdict::Refused
        } else if !self.doubts.is_empty() {
            Verdict::CouldNotTell
        } else {
            Verdict::Passed
        }
    }

    /// The findings that refuse.
    pub fn refusing(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.standing == Standing::Refuses)
    }
}

/// What kind of a finding it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A known vulnerability of a package.
    Vulnerability,
    /// A configuration that is not safe.
    Misconfiguration,
    /// Something that looks like a secret.
    Secret,
    /// An advisory that is no vulnerability: unmaintained, unsound, a notice.
    Informational,
}

/// Something that a check found in the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its id: `CVE-...`, `RUSTSEC-...`, `DS-...` or the rule that found a secret.
    pub id: String,
    /// Other ids of the same thing; an exception may name any of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// What kind it is.
    pub kind: FindingKind,
    /// How severe it is.
    pub severity: Severity,
    /// What it is in: a package, or a file of the image.
    pub subject: String,
    /// The version of the package, when it is in one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The versions that mend it, when there are any.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fixed: String,
    /// One line about it. Never the secret that was found.
    pub title: String,
    /// What follows from it.
    pub standing: Standing,
}

/// What follows from a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The image is refused.
    Refuses,
    /// It would be, but for an exception.
    Excepted {
        /// Why.
        reason: String,
        /// The last day of the exception.
        expires: Date,
    },
    /// It is listed and no more.
    Listed,
}
