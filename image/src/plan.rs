//! The plan of the image: its files and its configuration, before anyone writes a byte.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use crate::contract;
use crate::elf::{self, Architecture};
use crate::file::File;
use crate::oci::Runtime;
use crate::settings::ImageSettings;

/// Where a build comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The commit, `-dirty` appended when the tree was not that commit's.
    pub revision: String,
    /// The repository's address.
    pub source: String,
    /// The version of the service.
    pub version: String,
    /// The time of the commit, in seconds since 1970: the image's.
    pub created: u64,
}

/// What the image will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The processor that the binary is for.
    pub architecture: Architecture,
    /// How a container of it is run.
    pub runtime: Runtime,
    /// Every file, the folders above them included.
    pub files: Vec<File>,
    /// The time of the commit, as RFC 3339 has it.
    pub created: String,
}

/// Plans the image of this binary and of the files that the settings name, which are read
/// relative to `folder`. Refuses a binary that could not run there or could not be audited.
pub fn plan(binary: Vec<u8>, settings: &ImageSettings, folder: &Path, origin: &Origin) -> anyhow::Result<Plan> {
    let architecture = elf::check_binary(&binary)?;
    let created = rfc3339(origin.created)?;
    let mut files = settings.load_files(folder)?;
    files.push(File::regular(contract::BINARY_PATH, contract::BINARY_MODE, binary));
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(Plan { architecture, runtime: contract::runtime(&origin.revision, labels(settings, origin)), files, created })
}

/// The labels that the OCI image specification predefines, as far as they are known here.
fn labels(settings: &ImageSettings, origin: &Origin) -> BTreeMap<String, String> {
    [
        ("revision", origin.revision.as_str()),
        ("source", &origin.source),
        ("title", &settings.name),
        ("version", &origin.version),
    ]
    .into_iter()
    .map(|(key, value)| (format!("org.opencontainers.image.{key}"), value.to_owned()))
    .collect()
}

/// Seconds since 1970 as `2026-11-22T02:22:00Z`.
fn rfc3339(seconds: u64) -> anyhow::Result<String> {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map(|time| time.to_string())
        .with_context(|| format!("{seconds} is no time in seconds since 1970"))
}

/// Checks a tag by the rule of the OCI distribution specification.
pub fn check_tag(tag: &str) -> anyhow::Result<()> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let rest = |byte: u8| word(byte) || byte == b'.' || byte == b'-';
    let bytes = tag.as_bytes();
    if bytes.len() > 128 || !bytes.first().copied().is_some_and(word) || !bytes.iter().copied().all(rest) {
        bail!(
            "{tag:?} is not a tag: at most 128 letters, digits, `_`, `.` and `-`, not beginning \
             with `.` or `-`"
        );
    }
    Ok(())
}
