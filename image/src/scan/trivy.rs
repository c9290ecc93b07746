//! Trivy: running it on a layout so that nothing but its own database decides what it says.

pub mod report;
mod run;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::Check;
use crate::age::MaximumAge;
use report::Subject;
use run::Run;

/// The name of this check.
pub const NAME: &str = "trivy";

/// Versions that are known to be malware. In March 2026 v0.69.4 was released by an attacker.
const COMPROMISED: [&str; 1] = ["0.69.4"];

/// How Trivy is run.
#[derive(Clone, Debug)]
pub struct Trivy {
    /// The program, a path or a name that is looked up in `PATH`.
    pub program: PathBuf,
    /// How long a scan may take.
    pub time_limit: Duration,
    /// The environment of this process.
    pub environment: Vec<(OsString, OsString)>,
}

/// What `trivy version --format json` prints.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    version: String,
    #[serde(rename = "VulnerabilityDB")]
    vulnerability_database: Option<VulnerabilityDatabase>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VulnerabilityDatabase {
    updated_at: Timestamp,
}

impl Trivy {
    /// Scans the layout in this folder, whose image is `subject`.
    #[must_use]
    pub fn scan(&self, layout: &Path, subject: &Subject, limit: MaximumAge, now: Timestamp) -> Check {
        match self.try_scan(layout, subject, limit, now) {
            Ok(check) => check,
            Err(error) => Check::in_doubt(NAME, format!("{error:#}")),
        }
    }

    fn try_scan(&self, layout: &Path, subject: &Subject, limit: MaximumAge, now: Timestamp) -> anyhow::Result<Check> {
        let layout = std::path::absolute(layout)?;
        let run = Run::new(self)?;
        let before = run.version()?;
        if let Some(reason) = objection_to(&before.version) {
            return Ok(Check::in_doubt(NAME, reason));
        }
        let report = run.scan(&layout)?;
        // Asked again, because the scan itself fetches the database when it is old or missing.
        let version = run.version()?;
        let mut check = report::judge(&report, Some(subject), report::Origin::OurRun);
        match version.vulnerability_database {
            Some(database) => {
                let what = "trivy's vulnerability database";
                check.doubts.extend(limit.objection(what, database.updated_at, now));
                check.notes.push(format!("trivy {}, database of {}", version.version, database.updated_at));
            }
            None => check.doubts.push(
                "trivy has no vulnerability database: let it fetch one, `trivy image --download-db-only`".to_owned(),
            ),
        }
        Ok(check)
    }
}

/// Says why a version of Trivy is not believed, if it is not.
#[must_use]
fn objection_to(version: &str) -> Option<String> {
    COMPROMISED.contains(&version.trim_start_matches('v')).then(|| {
        format!(
            "trivy {version} is known malware: remove it from this machine, replace every secret \
             that it could read, and install v0.74.0 by its checksum"
        )
    })
}
