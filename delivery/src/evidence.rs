//! What a verdict leaves behind about a digest: who judged it where, by which checks, and when.
//!
//! A verdict is an [in-toto statement] about the image, stored in the registry as a document that
//! refers to it, and found again by the digest alone. It is not signed: whoever may push to the
//! repository may write one.
//!
//! **Invariant**: what cannot be read never counts as a pass.
//!
//! [in-toto statement]: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md

mod gate;
mod statement;
mod store;

use std::fmt;

use jiff::Timestamp;
use schema::Versions;
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::release::{Commit, Release};

pub use statement::PREDICATE_TYPE;

/// What was found about a digest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// The verdicts, the newest last.
    pub verdicts: Vec<Verdict>,
    /// Documents that claim to be verdicts and cannot be read, and why.
    pub unreadable: Vec<String>,
}

/// What came of a release in an environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Verdict {
    /// Where it was judged.
    pub environment: Environment,
    /// How.
    pub judgement: Judgement,
    /// What was judged.
    pub release: Release,
    /// Why, for people; empty when there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// ECS's ARN of the service deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_deployment: Option<String>,
    /// What was looked at.
    pub checks: Vec<Check>,
    /// Who: the ARN of the caller.
    pub by: String,
    /// When the deployment began.
    pub began: Timestamp,
    /// When the verdict was reached.
    pub ended: Timestamp,
    /// What the release's migrations are, when that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Versions>,
    /// The release that served before, when it was asked on that schema, and was well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survivor: Option<Commit>,
}

/// A word for how something was judged. Only [`Judgement::Passed`] goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Judgement {
    /// It is good.
    Passed,
    /// There was not enough to judge by.
    Inconclusive,
    /// It could not be judged.
    Errored,
    /// It is bad.
    Failed,
}

impl fmt::Display for Judgement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Passed => "passed",
            Self::Inconclusive => "inconclusive",
            Self::Errored => "errored",
            Self::Failed => "failed",
        })
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Check {
    /// What.
    pub name: String,
    /// How it was judged.
    pub judgement: Judgement,
    /// What was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<f64>,
    /// The most, or the least, that was allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// What both numbers count: `s`, `tasks`, `attempts`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// What was seen, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Check {
    /// A check without numbers.
    pub fn new(name: impl Into<String>, judgement: Judgement, detail: impl Into<String>) -> Self {
        Self { name: name.into(), judgement, measured: None, limit: None, unit: String::new(), detail: detail.into() }
    }

    /// The same with what was measured, what was allowed, and what both count.
    #[must_use]
    pub fn with_numbers(mut self, measured: f64, limit: f64, unit: &str) -> Self {
        self.measured = Some(measured);
        self.limit = Some(limit);
        unit.clone_into(&mut self.unit);
        self
    }
}
