//! The fields of Trivy's report that a judgement needs, named as Trivy v0.74.0 writes them.
//!
//! What is not here is ignored, the matched text of a secret on purpose: it must not travel on.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Report {
    pub(super) schema_version: Option<u64>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) trivy: Option<Producer>,
    pub(super) artifact_type: Option<String>,
    #[serde(default)]
    pub(super) metadata: Metadata,
    pub(super) results: Option<Vec<Results>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Producer {
    #[serde(default)]
    pub(super) version: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Metadata {
    #[serde(rename = "ImageID")]
    pub(super) image_id: Option<String>,
    repo_digests: Option<Vec<String>>,
}

impl Metadata {
    /// Whether the image came from a registry under this digest.
    pub(super) fn names(&self, digest: &str) -> bool {
        self.repo_digests.iter().flatten().any(|name| name.rsplit_once('@').is_some_and(|(_, found)| found == digest))
    }
}

/// What was found in one target: a file, or the image's configuration.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Results {
    #[serde(default)]
    pub(super) target: String,
    pub(super) vulnerabilities: Option<Vec<Vulnerability>>,
    pub(super) misconfigurations: Option<Vec<Misconfiguration>>,
    pub(super) secrets: Option<Vec<Secret>>,
    /// What an ignore file or a VEX document took out of the other lists.
    #[serde(rename = "ExperimentalModifiedFindings")]
    pub(super) suppressed: Option<Vec<IgnoredAny>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Vulnerability {
    #[serde(rename = "VulnerabilityID")]
    pub(super) id: String,
    pub(super) pkg_name: String,
    #[serde(default)]
    pub(super) installed_version: String,
    #[serde(default)]
    pub(super) fixed_version: String,
    #[serde(default)]
    pub(super) title: String,
    pub(super) severity: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Misconfiguration {
    #[serde(rename = "ID")]
    pub(super) id: String,
    /// The same check under the name of the Aqua vulnerability database, `AVD-DS-0002`.
    #[serde(rename = "AVDID")]
    pub(super) avdid: Option<String>,
    #[serde(default)]
    pub(super) title: String,
    pub(super) severity: Option<String>,
    /// `FAIL`, `PASS` or `EXCEPTION`.
    pub(super) status: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Secret {
    #[serde(rename = "RuleID")]
    pub(super) rule_id: String,
    #[serde(default)]
    pub(super) title: String,
    pub(super) severity: Option<String>,
}
