//! How severe a finding is, in the words that all scanners share.

use std::str::FromStr;

use serde::Serialize;

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// No severity at all: a notice.
    None,
    /// CVSS 0.1 to 3.9.
    Low,
    /// CVSS 4.0 to 6.9.
    Medium,
    /// Nobody has said yet.
    Unknown,
    /// CVSS 7.0 to 8.9.
    High,
    /// CVSS 9.0 to 10.
    Critical,
}

impl Severity {
    /// Whether a finding of this severity refuses an image.
    #[must_use]
    pub fn refuses(self) -> bool {
        self >= Self::High
    }

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::Unknown => "UNKNOWN",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "NONE" => Self::None,
            "LOW" => Self::Low,
            "MEDIUM" => Self::Medium,
            "UNKNOWN" => Self::Unknown,
            "HIGH" => Self::High,
            "CRITICAL" => Self::Critical,
            _ => return Err(format!("{text:?} is no severity that this program knows")),
        })
    }
}
