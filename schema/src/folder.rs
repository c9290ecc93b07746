//! The files of the migrations: `NNNN_name.up.sql` and `.down.sql`, as text by name.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;

/// A folder of migrations: the text of each `.sql` file by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// By file name.
    pub files: BTreeMap<String, String>,
}

/// One version, with what there is of its two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration<'a> {
    /// The four digits in front of its name, as they stand there.
    pub version: &'a str,
    /// The rest of its name.
    pub name: &'a str,
    /// What does it.
    pub up: Option<&'a str>,
    /// What undoes it.
    pub down: Option<&'a str>,
}

/// Which of the two files of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `.up.sql`
    Up,
    /// `.down.sql`
    Down,
}

impl Folder {
    /// Reads the `.sql` files of a folder.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let mut files = BTreeMap::new();
        for entry in path.read_dir().with_context(|| format!("failed to read {}", path.display()))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.ends_with(".sql") {
                continue;
            }
            let text = std::fs::read_to_string(entry.path())
                .with_context(|| format!("failed to read {}", entry.path().display()))?;
            files.insert(name, text);
        }
        Ok(Self { files })
    }

    /// The versions in their order; files whose names are not those of a migration are left out.
    #[must_use]
    pub fn migrations(&self) -> Vec<Migration<'_>> {
        let mut found: BTreeMap<(&str, &str), Migration<'_>> = BTreeMap::new();
        for (file, text) in &self.files {
            let Some((version, name, direction)) = parse(file) else { continue };
            let entry = found.entry((version, name));
            let migration = entry.or_insert(Migration { version, name, up: None, down: None });
            match direction {
                Direction::Up => migration.up = Some(text),
                Direction::Down => migration.down = Some(text),
            }
        }
        found.into_values().collect()
    }
}

impl Migration<'_> {
    /// The name of one of its files.
    #[must_use]
    pub fn file(&self, direction: Direction) -> String {
        let word = match direction {
            Direction::Up => "up",
            Direction::Down => "down",
        };
        format!("{}_{}.{word}.sql", self.version, self.name)
    }
}

/// The version, the name and the direction in a file's name.
pub(crate) fn parse(file: &str) -> Option<(&str, &str, Direction)> {
    let (stem, direction) = match file.strip_suffix(".up.sql") {
        Some(stem) => (stem, Direction::Up),
        None => (file.strip_suffix(".down.sql")?, Direction::Down),
    };
    let (version, name) = stem.split_once('_')?;
    let fine = version.len() == 4
        && version.bytes().all(|digit| digit.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    fine.then_some((version, name, direction))
}
