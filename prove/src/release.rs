//! The previous release: the one that serves when the new migrations are run.

use std::path::Path;

use schema::Folder;
use schema::git::{self, Merged};

use crate::queries::Query;

/// A release, as its commit has it.
#[derive(Clone, Debug)]
pub struct Release {
    /// Its commit.
    pub commit: String,
    /// The schema that it was written for.
    pub migrations: Folder,
    /// What it asks of a database.
    pub queries: Vec<Query>,
}

impl Release {
    /// Reads it from git; none where there is none.
    pub fn read(root: &Path, merged: &Merged) -> anyhow::Result<Option<Self>> {
        let (Some(commit), Some(migrations)) = (&merged.commit, &merged.folder) else { return Ok(None) };
        let files = git::texts(root, commit, git::QUERIES, ".json")?;
        let queries = files.iter().map(|(name, text)| Query::read(name, text)).collect::<anyhow::Result<_>>()?;
        Ok(Some(Self { commit: commit.clone(), migrations: migrations.clone(), queries }))
    }

    /// The migrations of `folder` that the release does not have.
    #[must_use]
    pub fn new_migrations<'a>(&self, folder: &'a Folder) -> Vec<schema::Migration<'a>> {
        let mut new = folder.migrations();
        new.retain(|migration| !self.migrations.files.contains_key(&migration.file(schema::Direction::Up)));
        new
    }
}
