//! The outcome of a scan: every check with its verdict, and the exit code of them all.

use anyhow::Error;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{Check, Exceptions, Verdict};
use crate::exit::Exit;

/// What a scan came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Every check: Trivy, the advisories and the exceptions themselves.
    pub checks: Vec<Check>,
}

impl Outcome {
    /// Brings the checks together with the exceptions. When those cannot be read none is made,
    /// and that is a reason to refuse.
    #[must_use]
    pub fn new(mut checks: Vec<Check>, exceptions: Result<Exceptions, Error>, today: Date) -> Self {
        let own = match exceptions {
            Ok(exceptions) => {
                let mut own = exceptions.check(today);
                exceptions.apply(&mut checks, today);
                // A check that could not tell may just not have seen what an exception is about.
                if checks.iter().all(|check| check.doubts.is_empty()) {
                    own.notes.extend(
                        exceptions
                            .unused(&checks)
                            .into_iter()
                            .map(|name| format!("nothing needs the exception for {name} any more: remove it")),
                    );
                }
                own
            }
            Err(error) => {
                let mut own = Check::new("exceptions");
                own.refusals.push(format!("{error:#}"));
                own
            }
        };
        checks.push(own);
        Self { checks }
    }

    /// The verdict of them all: one that refuses outweighs one that could not tell.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let verdicts = || self.checks.iter().map(Check::verdict);
        if verdicts().any(|verdict| verdict == Verdict::Refused) {
            Verdict::Refused
        } else if verdicts().any(|verdict| verdict == Verdict::CouldNotTell) {
            Verdict::CouldNotTell
        } else {
            Verdict::Passed
        }
    }

    /// How the process exits.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self.verdict() {
            Verdict::Passed => Exit::Done,
            Verdict::CouldNotTell => Exit::CouldNotTell,
            Verdict::Refused => Exit::Refused,
        }
    }

    /// The outcome for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let checks: Vec<Value> = self
            .checks
            .iter()
            .map(|check| {
                json!({
                    "name": check.name,
                    "verdict": check.verdict(),
                    "findings": check.findings,
                    "refusals": check.refusals,
                    "doubts": check.doubts,
                    "notes": check.notes,
                })
            })
            .collect();
        json!({ "verdict": self.verdict(), "exit": self.exit().code(), "checks": checks })
    }
}
