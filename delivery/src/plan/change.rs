//! What a release does to the schema of an environment, as far as that is known without asking its database.

use schema::{Contract, Versions, check};
use serde::Serialize;

use super::Serving;
use crate::exit::Ending;
use crate::migrations::Known;
use crate::release::Release;

/// What a release does to the schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What the release's own migrations are.
    pub brings: Option<Versions>,
    /// What those of the release that serves are.
    pub serves: Option<Versions>,
    /// Which of them are not there yet.
    pub pending: Pending,
    /// What `migrate check` says of those, a line each; none when their files are not at hand.
    pub findings: Option<Vec<String>>,
}

/// The migrations that the release that serves does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pending {
    /// These, as `NNNN_name`, in order.
    Named(Vec<String>),
    /// Those after one version, up to another: their files are not at hand.
    Between {
        /// The newest that is there.
        after: u32,
        /// The newest that comes.
        to: u32,
    },
    /// Nobody knows, and why.
    Unknown(String),
}

impl Change {
    /// What one release does to the schema on which another serves, by a command that migrates.
    #[must_use]
    pub fn between(release: &Known, serving: &Known, command: &[String]) -> Self {
        let brings = release.versions.as_ref().ok().map(|versions| versions.up_to(stops_at(command)));
        let serves = serving.versions.clone().ok();
        let folder = release.folder.as_ref().zip(brings.as_ref()).map(|(folder, brings)| folder.up_to(brings.newest));
        let pending = match (&release.versions, &serving.versions) {
            (Err(why), _) => Pending::Unknown(format!("of the release, {why}")),
            (_, Err(why)) => Pending::Unknown(format!("of what serves, {why}")),
            (Ok(_), Ok(there)) => match &folder {
                Some(folder) => Pending::Named(folder.after(there.newest)),
                None => Pending::Between { after: there.newest, to: brings.as_ref().map_or(0, |brings| brings.newest) },
            },
        };
        let findings = match (&pending, folder, &serves) {
            (Pending::Named(pending), Some(folder), Some(there)) if !pending.is_empty() => {
                let merged = serving.folder.clone().unwrap_or_else(|| folder.up_to(there.newest));
                let found = check::check(&folder, Some(&merged));
                Some(found.iter().flat_map(|finding| lines(&finding.to_string())).collect())
            }
            _ => None,
        };
        Self { brings, serves, pending, findings }
    }

    /// The contract steps that come.
    fn contracts(&self) -> impl Iterator<Item = &Contract> {
        let after = self.serves.as_ref().map_or(0, |there| there.newest);
        self.brings.iter().flat_map(|brings| &brings.contracts).filter(move |step| step.version > after)
    }

    /// Why the release may not come: what serves uses what a contract step takes away, as is known.
    pub(super) fn refusal(&self, serving: &Serving, release: &Release) -> Option<Ending> {
        let there = self.serves.as_ref()?;
        let step = self.contracts().find(|step| step.bars(there.needed))?;
        Some(Ending::refused(format!(
            "migration {:04} of {release} takes away what releases use that need less than {:04}, and {}, which \
             serves, needs {:04}: it would fail from that moment on, and so would a rollback to it. Deploy a release \
             first that needs {:04} or later and stops before the step (migrations.command = [.., \"--to\", \
             \"{:04}\"] in delivery.toml stops there)",
            step.version,
            step.since,
            serving.words(),
            there.needed,
            step.since,
            step.version.saturating_sub(1)
        )))
    }

    /// The same for people, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = match &self.pending {
            Pending::Unknown(why) => vec![format!("which migrations are pending is not known: {why}")],
            Pending::Named(none) if none.is_empty() => vec!["no migration is pending, as what serves tells".to_owned()],
            Pending::Named(pending) => pending.iter().map(|name| format!("pending: {name}")).collect(),
            Pending::Between { after, to } if to <= after => {
                vec!["no migration is pending, as what serves tells".to_owned()]
            }
            Pending::Between { after, to } => vec![format!("pending: those after {after:04}, up to {to:04}")],
        };
        match &self.findings {
            Some(none) if none.is_empty() => lines.push("`migrate check` finds nothing in them".to_owned()),
            Some(found) => lines.extend(found.iter().map(|line| format!("`migrate check`: {line}"))),
            None if matches!(self.pending, Pending::Between { after, to } if to > after) => {
                lines.push("`migrate check` has not seen them here: their files are not in this clone".to_owned());
            }
            None => {}
        }
        lines.extend(self.contracts().map(|step| {
            let (version, since) = (step.version, step.since);
            format!("{version:04} is a contract step: no way back past it to a release that needs less than {since:04}")
        }));
        lines
    }

    /// The version that the schema has once they are applied, at least.
    #[must_use]
    pub fn reaches(&self) -> Option<u32> {
        let known = [&self.brings, &self.serves];
        self.brings.as_ref()?;
        known.into_iter().flatten().map(|versions| versions.newest).max()
    }
}

/// The place and the harm of a finding, without how to write it instead: that is for whoever writes.
fn lines(finding: &str) -> Vec<String> {
    finding.lines().take(2).map(|line| line.trim().to_owned()).collect()
}

/// The version behind `--to` in a command that migrates.
fn stops_at(command: &[String]) -> Option<u32> {
    let mut words = command.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word.strip_prefix("--to") {
            Some("") => return words.next()?.parse().ok(),
            Some(rest) => return rest.strip_prefix('=')?.parse().ok(),
            None => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use schema::Folder;

    use super::*;

    fn folder(files: &[(&str, &str)]) -> Folder {
        Folder { files: files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect() }
    }

    const EXPAND: &str = "SET LOCAL lock_timeout = '2s';\nSET LOCAL statement_timeout = '30s';\n\
                          ALTER TABLE t ADD COLUMN b text;\n";
    const DROP: &str = "-- contract: since 0002\nSET LOCAL lock_timeout = '2s';\n\
                        SET LOCAL statement_timeout = '30s';\nALTER TABLE t DROP COLUMN a;\n";

    /// The first so many migrations of a rename.
    fn known(count: usize) -> Known {
        let files = [
            ("0001_create.down.sql", "DROP TABLE t;\n"),
            ("0001_create.up.sql", "CREATE TABLE t (a text);\n"),
            ("0002_expand.down.sql", "ALTER TABLE t DROP COLUMN b;\n"),
            ("0002_expand.up.sql", EXPAND),
            ("0003_drop.down.sql", "ALTER TABLE t ADD COLUMN a text;\n"),
            ("0003_drop.up.sql", DROP),
        ];
        Known::of(folder(&files[..count * 2]))
    }

    fn recorded(known: &Known) -> Known {
        Known { folder: None, ..known.clone() }
    }

    fn command(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[track_caller]
    fn check(release: &Known, serving: &Known, line: &str, expected: &[&str]) {
        assert_eq!(Change::between(release, serving, &command(line)).lines(), expected);
    }

    #[test]
    fn what_the_serving_release_does_not_have_is_pending() {
        let nothing = ["no migration is pending, as what serves tells"];
        check(&known(2), &known(2), "migrate up", &nothing);
        check(&known(1), &known(2), "migrate up", &nothing);
        check(&recorded(&known(1)), &known(2), "migrate up", &nothing);
        let expand = ["pending: 0002_expand", "`migrate check` finds nothing in them"];
        check(&known(2), &known(1), "migrate up", &expand);
        check(&known(2), &recorded(&known(1)), "migrate up", &expand);
        check(&known(3), &known(1), "migrate up --to 0002", &expand);
        check(&known(3), &known(1), "migrate up --to=2", &expand);
        let unseen = "`migrate check` has not seen them here: their files are not in this clone";
        check(&recorded(&known(2)), &known(1), "migrate up", &["pending: those after 0001, up to 0002", unseen]);
        let contract = "0003 is a contract step: no way back past it to a release that needs less than 0002";
        let all = ["pending: 0003_drop", "`migrate check` finds nothing in them", contract];
        check(&known(3), &known(2), "migrate up", &all);
    }

    #[test]
    fn what_is_not_known_is_said() {
        let not = Known::not("nobody knows its commit");
        let says = "which migrations are pending is not known: of what serves, nobody knows its commit";
        check(&known(2), &not, "migrate up", &[says]);
        let says = "which migrations are pending is not known: of the release, nobody knows its commit";
        check(&not, &known(2), "migrate up", &[says]);
    }

    #[test]
    fn what_check_finds_is_told_with_its_harm() {
        let mut bad = known(2);
        let text =
            "SET LOCAL lock_timeout = '2s';\nSET LOCAL statement_timeout = '30s';\nALTER TABLE t DROP COLUMN a;\n";
        let files = &mut bad.folder.as_mut().expect("files").files;
        files.insert("0002_expand.up.sql".to_owned(), text.to_owned());
        let lines = Change::between(&bad, &known(1), &command("migrate up")).lines();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[1].starts_with("`migrate check`: migrations/0002_expand.up.sql:3: ban-drop-column"), "{lines:?}");
        assert!(lines[2].starts_with("`migrate check`: in production: "), "{lines:?}");
    }

    #[test]
    fn the_schema_is_at_the_newest_of_both_afterwards() {
        let reaches = |release: &Known, serving: &Known| Change::between(release, serving, &[]).reaches();
        assert_eq!(reaches(&known(2), &known(1)), Some(2));
        assert_eq!(reaches(&known(1), &known(2)), Some(2));
        assert_eq!(reaches(&known(2), &Known::not("?")), Some(2));
        assert_eq!(reaches(&Known::not("?"), &known(1)), None);
    }
}
