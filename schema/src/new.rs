//! The two files of a new migration, from a template that asks what has to be asked.

use crate::Folder;
use crate::folder::parse;

/// What the migration is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// It adds something, and the release before survives it.
    Expand,
    /// It runs without a transaction.
    NoTransaction,
    /// It takes away what no release uses that needs this version.
    Contract {
        /// The version.
        since: &'a str,
    },
}

/// The names and texts of the two files of the next version; an error says what is wrong with the name
/// or the version.
pub fn files(folder: &Folder, name: &str, kind: Kind<'_>) -> Result<[(String, String); 2], String> {
    let newest = folder.migrations().iter().filter_map(|its| its.version.parse::<u32>().ok()).max().unwrap_or(0);
    let version = format!("{:04}", newest + 1);
    let [up, down] = [format!("{version}_{name}.up.sql"), format!("{version}_{name}.down.sql")];
    if parse(&up).is_none() {
        return Err(format!(
            "`{name}` is no name for a migration: write lower-case letters, digits and `_`, such as `add_links_owner`"
        ));
    }
    if let Kind::Contract { since } = kind
        && !folder.migrations().iter().any(|its| its.version == since)
    {
        return Err(format!("there is no migration {since}; give the version from which on no release uses it"));
    }
    Ok([(up, up_text(kind)), (down, down_text(kind))])
}

/// Half a second is what the service has patience for, and more: it gives up on a lock after one.
const TIMEOUTS: &str = "SET LOCAL lock_timeout = '500ms';\nSET LOCAL statement_timeout = '30s';\n";

fn up_text(kind: Kind<'_>) -> String {
    match kind {
        Kind::Expand => format!(
            "-- What it adds, and for which release.\n\
             --\n\
             -- While it comes in, and after a rollback, the release before runs on this schema:\n\
             -- can it read every row that the new release writes?\n\
             -- can it still write what it writes?\n\
             -- Which lock does each statement take, for how long, and who waits?\n\
             {TIMEOUTS}\n\
             -- ALTER TABLE links ADD COLUMN ...;\n"
        ),
        Kind::NoTransaction => "-- no-transaction\n\
             -- What it does, why it harms nobody by being slow, and why it can be run again after it was\n\
             -- cut off. One statement.\n\
             -- CREATE INDEX CONCURRENTLY ... ON ... (...);\n"
            .to_owned(),
        Kind::Contract { since } => format!(
            "-- contract: since {since}\n\
             -- Why no release that needs schema {since} or a later one reads or writes what goes.\n\
             -- After it no release before that one can serve: nobody can be rolled back past it.\n\
             {TIMEOUTS}\n\
             -- ALTER TABLE links DROP COLUMN ...;\n"
        ),
    }
}

fn down_text(kind: Kind<'_>) -> String {
    match kind {
        Kind::NoTransaction => "-- no-transaction\n\
             -- DROP INDEX CONCURRENTLY IF EXISTS ...;\n"
            .to_owned(),
        Kind::Expand | Kind::Contract { .. } => format!(
            "-- Undoes the up file, for people who develop: a rollback never runs it.\n\
             -- Which rows, or values in them, are lost by it?\n\
             {TIMEOUTS}\n\
             -- ALTER TABLE links ...;\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> Folder {
        Folder { files: names.iter().map(|name| ((*name).to_owned(), "SELECT 1;".to_owned())).collect() }
    }

    #[test]
    fn it_gets_the_next_number_and_both_files() {
        let there = folder(&["0001_a.up.sql", "0001_a.down.sql", "0009_b.up.sql", "0009_b.down.sql"]);
        let [up, down] = files(&there, "add_owner", Kind::Expand).expect("it is a name");
        assert_eq!((up.0.as_str(), down.0.as_str()), ("0010_add_owner.up.sql", "0010_add_owner.down.sql"));
        let first = files(&Folder::default(), "create_links", Kind::Expand).expect("it is a name");
        assert_eq!(first[0].0, "0001_create_links.up.sql");
    }

    #[test]
    fn a_bad_name_or_version_is_refused_with_what_would_do() {
        for bad in ["", "Add", "add owner", "add-owner", "../x"] {
            let why = files(&Folder::default(), bad, Kind::Expand).expect_err(bad);
            assert!(why.contains("add_links_owner"), "{why}");
        }
        let why = files(&folder(&["0001_a.up.sql"]), "drop_a", Kind::Contract { since: "0002" }).expect_err("no 0002");
        assert!(why.contains("no migration 0002"), "{why}");
    }

    #[test]
    fn what_is_left_as_it_is_made_is_refused_by_the_check() {
        for kind in [Kind::Expand, Kind::NoTransaction, Kind::Contract { since: "0001" }] {
            let mut there = folder(&["0001_a.up.sql", "0001_a.down.sql"]);
            let merged = there.clone();
            there.files.extend(files(&there, "next", kind).expect("it is a name"));
            let findings = crate::check::check(&there, Some(&merged));
            assert!(findings.iter().any(|finding| finding.file.contains("next.up")), "{kind:?}: {findings:?}");
        }
    }
}
