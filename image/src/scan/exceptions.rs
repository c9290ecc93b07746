//! `scan-exceptions.toml`: findings that somebody has looked at and accepts for a while.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use jiff::{ToSpan as _, civil::Date};
use serde::Deserialize;

use super::{Check, Finding, Standing};

/// No exception may be made for longer than this, so that each is looked at twice a year.
pub const LONGEST_DAYS: i64 = 180;

/// The exceptions of the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    /// Them all.
    #[serde(default, rename = "exception")]
    pub entries: Vec<Exception>,
}

/// One exception.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The id of the finding: `CVE-...`, `RUSTSEC-...`, `AVD-DS-...`.
    pub id: String,
    /// The package or file that it is limited to.
    pub package: Option<String>,
    /// Why it is acceptable here.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: Date,
}

impl Exceptions {
    /// Reads the file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    /// Parses the file's text; an error names the line.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        Ok(toml::from_str(text)?)
    }

    /// Checks the exceptions themselves: an expired one, one without a reason and one that is made
    /// for too long refuse, whether or not what they are about is still found.
    #[must_use]
    pub fn check(&self, today: Date) -> Check {
        let mut check = Check::new("exceptions");
        let latest = today.saturating_add(LONGEST_DAYS.days());
        for exception in &self.entries {
            let name = exception.name();
            if exception.id.trim().is_empty() || exception.reason.trim().is_empty() {
                check.refusals.push(format!("the exception for {name} needs an id and a reason"));
            }
            if exception.expires < today {
                check.refusals.push(format!(
                    "the exception for {name} expired on {}: mend what it is about and remove it, \
                     or look at it again and say until when it holds",
                    exception.expires
                ));
            } else if exception.expires > latest {
                check.refusals.push(format!(
                    "the exception for {name} holds until {}, longer than {LONGEST_DAYS} days: the \
                     latest day is {latest}",
                    exception.expires
                ));
            }
        }
        check
    }

    /// Marks the findings that an exception of today covers.
    pub fn apply(&self, checks: &mut [Check], today: Date) {
        for finding in checks.iter_mut().flat_map(|check| check.findings.iter_mut()) {
            if finding.standing != Standing::Refuses {
                continue;
            }
            let covering =
                self.entries.iter().find(|exception| exception.expires >= today && exception.covers(finding));
            if let Some(exception) = covering {
                finding.standing = Standing::Excepted { reason: exception.reason.clone(), expires: exception.expires };
            }
        }
    }

    /// The exceptions that no finding needs, by their names.
    #[must_use]
    pub fn unused(&self, checks: &[Check]) -> BTreeSet<String> {
        self.entries
            .iter()
            .filter(|exception| {
                let mut findings = checks.iter().flat_map(|check| &check.findings);
                !findings.any(|finding| finding.standing != Standing::Listed && exception.covers(finding))
            })
            .map(Exception::name)
            .collect()
    }
}

impl Exception {
    fn covers(&self, finding: &Finding) -> bool {
        let named = self.id == finding.id || finding.aliases.contains(&self.id);
        named && self.package.as_ref().is_none_or(|package| *package == finding.subject)
    }

    fn name(&self) -> String {
        match &self.package {
            Some(package) => format!("{} in {package}", self.id),
            None => self.id.clone(),
        }
    }
}
