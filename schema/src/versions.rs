//! What a release is to the schema: which version it brings, which it needs, what it takes away.

use serde::{Deserialize, Serialize};

use crate::check::contract_of;
use crate::{Direction, Folder};

/// The versions that matter of the migrations that a release has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Versions {
    /// Its newest migration: where the schema is at least, once the release was deployed; 0 without any.
    pub newest: u32,
    /// Its newest migration that is no contract step: the least that the release runs on.
    pub needed: u32,
    /// Its contract steps, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contracts: Vec<Contract>,
}

/// A migration that takes away what releases of before still use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Contract {
    /// Its version.
    pub version: u32,
    /// Releases that need this version, or a later one, do without what it takes away.
    pub since: u32,
}

impl Contract {
    /// Whether a release that needs this version may still use what it takes away.
    #[must_use]
    pub fn bars(&self, needed: u32) -> bool {
        self.since > needed
    }
}

impl Versions {
    /// The same without what comes after a version, when there is one.
    #[must_use]
    pub fn up_to(&self, most: Option<u32>) -> Self {
        let most = most.unwrap_or(u32::MAX);
        let contracts = self.contracts.iter().copied().filter(|step| step.version <= most).collect();
        Self { newest: self.newest.min(most), needed: self.needed, contracts }
    }
}

impl Folder {
    /// The versions that matter of these migrations. A contract mark that is not well formed says nothing of
    /// who does without it; `check` refuses it.
    #[must_use]
    pub fn versions(&self) -> Versions {
        let mut versions = Versions::default();
        for migration in self.migrations() {
            let (Some(text), Ok(version)) = (migration.up, migration.version.parse()) else { continue };
            versions.newest = versions.newest.max(version);
            match contract_of(text) {
                None => versions.needed = versions.needed.max(version),
                Some(since) => {
                    versions.contracts.extend(since.parse().ok().map(|since| Contract { version, since }));
                }
            }
        }
        versions
    }

    /// The same folder with the migrations up to a version alone.
    #[must_use]
    pub fn up_to(&self, most: u32) -> Self {
        let is_within = |file: &str| {
            let version = crate::folder::parse(file).and_then(|(version, _, _)| version.parse::<u32>().ok());
            version.is_none_or(|version| version <= most)
        };
        let files = self.files.iter().filter(|(file, _)| is_within(file));
        Self { files: files.map(|(file, text)| (file.clone(), text.clone())).collect() }
    }

    /// The names of the up migrations after a version, in order, as `NNNN_name`.
    #[must_use]
    pub fn after(&self, version: u32) -> Vec<String> {
        let migrations = self.migrations();
        let ups = migrations.iter().filter(|migration| migration.up.is_some());
        let newer = ups.filter(|migration| migration.version.parse().is_ok_and(|its: u32| its > version));
        newer.map(|migration| migration.file(Direction::Up).trim_end_matches(".up.sql").to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> Folder {
        Folder { files: files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect() }
    }

    fn rename() -> Folder {
        folder(&[
            ("0001_create.up.sql", "CREATE TABLE t (url text);"),
            ("0002_expand.up.sql", "ALTER TABLE t ADD COLUMN target text;"),
            ("0002_expand.down.sql", "-- contract: since 0001\nALTER TABLE t DROP COLUMN target;"),
            ("0003_drop.up.sql", "-- contract: since 0002\nALTER TABLE t DROP COLUMN url;"),
            ("0003_drop.down.sql", "ALTER TABLE t ADD COLUMN url text;"),
            ("README.md", "-- contract: since 0009"),
        ])
    }

    #[test]
    fn a_release_needs_its_last_migration_that_only_adds() {
        let contracts = vec![Contract { version: 3, since: 2 }];
        assert_eq!(rename().versions(), Versions { newest: 3, needed: 2, contracts });
        assert_eq!(rename().up_to(2).versions(), Versions { newest: 2, needed: 2, contracts: Vec::new() });
        assert_eq!(Folder::default().versions(), Versions::default());
    }

    #[test]
    fn a_word_about_contracts_is_no_contract_step() {
        let told = folder(&[("0001_a.up.sql", "-- what a contract step would take away\nCREATE TABLE t (a int);")]);
        assert_eq!(told.versions(), Versions { newest: 1, needed: 1, contracts: Vec::new() });
        let unfinished = folder(&[("0001_a.up.sql", "-- contract: some day\nDROP TABLE t;")]);
        assert_eq!(unfinished.versions(), Versions { newest: 1, needed: 0, contracts: Vec::new() });
    }

    #[test]
    fn a_contract_step_bars_releases_that_need_less() {
        let step = Contract { version: 3, since: 2 };
        assert_eq!([0, 1, 2, 3].map(|needed| step.bars(needed)), [true, true, false, false]);
    }

    #[test]
    fn what_comes_after_a_version_is_named() {
        assert_eq!(rename().after(1), ["0002_expand", "0003_drop"]);
        assert_eq!(rename().after(3), Vec::<String>::new());
    }
}
