//! The metadata in `app/.sqlx`, with which queries are checked where there is no database.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::exit::Ending;
use crate::process::{must, wait};
use crate::workspace::{Database, Workspace};

/// Compares (or renews) the metadata on a fresh database with every migration applied.
pub(super) fn check(workspace: &Workspace, fix: bool) -> anyhow::Result<()> {
    let fix = if fix { &["--fix"][..] } else { &[][..] };
    let postgres = workspace.with_postgres(Database::Migrated);
    let status = wait(postgres.arg(&workspace.this).args(["lint", "--queries-with-database"]).args(fix))?;
    Ending::of_child("the comparison of the queries' metadata", status)
}

/// The same with a migrated database at hand, in `DATABASE_URL`.
///
/// It was not migrated by the service: that cannot be compiled while metadata is missing.
pub(super) fn compare(workspace: &Workspace, fix: bool) -> anyhow::Result<()> {
    let target = workspace.target().join("lint");
    let cargo = |arguments: &[&str]| {
        workspace.cargo().args(arguments).arg("--target-dir").arg(&target).args(["--package", "app"])
    };
    // The macros write the metadata when the crate is compiled, so it has to be compiled again.
    must("making room for a new compilation", cargo(&["clean", "--quiet"]))?;
    let fresh = target.join("sqlx");
    let _ = fs::remove_dir_all(&fresh);
    fs::create_dir_all(&fresh)?;
    let expand = cargo(&["check", "--quiet", "--locked"]);
    let status = wait(expand.env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", &fresh))?;
    if !status.success() {
        return Err(Ending::Refused("a query does not fit the migrated schema; see above".into()).into());
    }
    let (fresh, committed) = (files(&fresh)?, workspace.root.join("app/.sqlx"));
    let differences = differences(&files(&committed)?, &fresh);
    if differences.is_empty() {
        return Ok(());
    }
    if fix {
        return renew(&committed, &fresh);
    }
    Err(Ending::Refused(format!(
        "app/.sqlx is not the metadata of the queries on the migrated schema; `cargo xtask lint queries --fix` renews it:\n{}",
        differences.join("\n")
    ))
    .into())
}

fn renew(folder: &Path, fresh: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    for (name, text) in fresh {
        fs::write(folder.join(name), text)?;
    }
    eprintln!("renewed {} files in {}", fresh.len(), folder.display());
    Ok(())
}

fn files(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("query-") {
            files.insert(name, fs::read_to_string(&path)?);
        }
    }
    Ok(files)
}

/// A line for each file that is missing, left over or not the same.
fn differences(committed: &BTreeMap<String, String>, fresh: &BTreeMap<String, String>) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, text) in fresh {
        match committed.get(name) {
            None => lines.push(format!("  missing   {name}: {}", query(text))),
            Some(other) if other.trim() != text.trim() => lines.push(format!("  differs   {name}: {}", query(text))),
            Some(_) => {}
        }
    }
    let left_over = committed.iter().filter(|(name, _)| !fresh.contains_key(*name));
    lines.extend(left_over.map(|(name, text)| format!("  left over {name}: {}", query(text))));
    lines
}

/// The beginning of the query in a metadata file, for people to recognise it.
fn query(metadata: &str) -> String {
    let line = metadata.lines().find_map(|line| line.trim().strip_prefix("\"query\": \"")).unwrap_or_default();
    let text = line.trim_end_matches(['"', ',']).replace("\\n", " ");
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").chars().take(70).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_being_stale_is_named_with_the_query() {
        let file = |query: &str| format!("{{\n  \"db_name\": \"PostgreSQL\",\n  \"query\": \"{query}\",\n}}");
        let set = |files: &[(&str, &str)]| {
            files.iter().map(|(name, query)| ((*name).to_owned(), file(query))).collect::<BTreeMap<_, _>>()
        };
        let committed =
            set(&[("query-a.json", "SELECT 1"), ("query-b.json", "SELECT 2"), ("query-c.json", "SELECT 3")]);
        let fresh =
            set(&[("query-a.json", "SELECT 1"), ("query-b.json", "SELECT\\n  two"), ("query-d.json", "SELECT 4")]);
        let expected = [
            "  differs   query-b.json: SELECT two",
            "  missing   query-d.json: SELECT 4",
            "  left over query-c.json: SELECT 3",
        ];
        assert_eq!(differences(&committed, &fresh), expected);
        assert!(differences(&committed, &committed).is_empty());
    }
}
