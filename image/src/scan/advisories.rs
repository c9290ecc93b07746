//! The advisories of the RustSec database for the crates that are really in a binary.

pub mod database;

use auditable_info::audit_info_from_slice;
use jiff::Timestamp;
use rustsec::advisory::{Advisory, Severity as CvssSeverity};
use rustsec::database::Query;
use rustsec::platforms::target::{Arch, OS};
use rustsec::{Collection, Database};

use super::{Check, Finding, FindingKind, Severity, Standing};
use crate::age::MaximumAge;
use crate::elf::Architecture;
use database::Snapshot;

/// The name of this check.
pub const NAME: &str = "advisories";

/// The largest list of crates that is read from a binary, in bytes.
const AUDIT_LIMIT: usize = 8 * 1024 * 1024;

/// Judges the crates of this binary by the database in this folder, if that is young enough.
#[must_use]
pub fn judge(
    binary: &[u8],
    architecture: Architecture,
    snapshot: anyhow::Result<Snapshot>,
    limit: MaximumAge,
    now: Timestamp,
) -> Check {
    let mut check = Check::new(NAME);
    let crates = match crates_in(binary) {
        Ok(crates) => crates,
        Err(reason) => return Check::in_doubt(NAME, reason),
    };
    let snapshot = match snapshot {
        Ok(snapshot) => snapshot,
        Err(error) => return Check::in_doubt(NAME, format!("{error:#}")),
    };
    check.doubts.extend(limit.objection("the advisory database", snapshot.date, now));
    for package in &crates.judged {
        check.findings.extend(findings(&snapshot.database, package, architecture));
    }
    check.findings.sort_by(|left, right| right.severity.cmp(&left.severity).then_with(|| left.id.cmp(&right.id)));
    check.notes.push(format!(
        "{} crates in the binary held against {} advisories of {}",
        crates.judged.len(),
        snapshot.advisories,
        snapshot.date.strftime("%Y-%m-%d"),
    ));
    if crates.local > 0 {
        check.notes.push(format!("{} crates of this repository are in no advisory database", crates.local));
    }
    check
}

/// A crate with its version.
struct Package {
    name: rustsec::package::Name,
    version: rustsec::Version,
}

/// The crates of a binary.
struct Crates {
    judged: Vec<Package>,
    local: usize,
}

/// The crates that run in this binary, from the list that `cargo auditable` left in it. Those that
/// only helped to build it are not in it.
fn crates_in(binary: &[u8]) -> Result<Crates, String> {
    use auditable_serde::{DependencyKind, Source};
    let info = audit_info_from_slice(binary, AUDIT_LIMIT).map_err(|error| {
        format!("cannot read the list of crates in the binary, which `cargo auditable` leaves: {error}")
    })?;
    let mut crates = Crates { judged: Vec::new(), local: 0 };
    for package in info.packages {
        if package.kind == DependencyKind::Build {
            continue;
        }
        // A crate from Git or from another registry is judged by its name: better one finding too
        // many than one too few. A path of this repository may well share a name with a crate.
        if package.source == Source::Local {
            crates.local += 1;
            continue;
        }
        let name =
            package.name.parse().map_err(|error| format!("{:?} is no name of a crate: {error}", package.name))?;
        crates.judged.push(Package { name, version: package.version });
    }
    Ok(crates)
}

/// The findings for one crate.
fn findings(database: &Database, package: &Package, architecture: Architecture) -> Vec<Finding> {
    let architecture = match architecture {
        Architecture::Amd64 => Arch::X86_64,
        Architecture::Arm64 => Arch::AArch64,
    };
    let query = Query::new()
        .collection(Collection::Crates)
        .package_name(package.name.clone())
        .package_version(package.version.clone())
        .target_os(vec![OS::Linux])
        .target_arch(vec![architecture])
        .withdrawn(false);
    database.query(&query).into_iter().map(|advisory| finding(advisory, package)).collect()
}

/// The finding that an advisory makes. A vulnerability that nobody has rated refuses, because it
/// may be of any severity; what is no vulnerability is listed.
fn finding(advisory: &Advisory, package: &Package) -> Finding {
    let metadata = &advisory.metadata;
    let severity = match advisory.severity() {
        Some(CvssSeverity::None) => Severity::None,
        Some(CvssSeverity::Low) => Severity::Low,
        Some(CvssSeverity::Medium) => Severity::Medium,
        Some(CvssSeverity::High) => Severity::High,
        Some(CvssSeverity::Critical) => Severity::Critical,
        None if metadata.informational.is_some() => Severity::None,
        None => Severity::Unknown,
    };
    let (kind, title, standing) = match &metadata.informational {
        Some(informational) => {
            (FindingKind::Informational, format!("{}: {}", informational.as_str(), metadata.title), Standing::Listed)
        }
        None if severity.refuses() || severity == Severity::Unknown => {
            (FindingKind::Vulnerability, metadata.title.clone(), Standing::Refuses)
        }
        None => (FindingKind::Vulnerability, metadata.title.clone(), Standing::Listed),
    };
    let fixed: Vec<String> = advisory.versions.patched().iter().map(ToString::to_string).collect();
    Finding {
        id: metadata.id.to_string(),
        aliases: metadata.aliases.iter().map(ToString::to_string).collect(),
        kind,
        severity,
        subject: package.name.to_string(),
        version: package.version.to_string(),
        fixed: fixed.join(" or "),
        title,
        standing,
    }
}
