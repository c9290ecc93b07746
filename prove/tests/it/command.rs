//! The program in repositories of its own.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::scene::{commit, git, repository, write};

const REFUSED: i32 = 10;
const COULD_NOT_TELL: i32 = 11;

/// What the program says and how it ends.
#[track_caller]
fn prove(root: &Path, arguments: &[&str], code: i32, said: &str) -> String {
    let program = Command::new(env!("CARGO_BIN_EXE_prove"))
        .args(arguments)
        .current_dir(root)
        .env_remove("GITHUB_ACTIONS")
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&[program.stdout, program.stderr].concat()).into_owned();
    assert_eq!(program.status.code(), Some(code), "{text}");
    assert!(text.contains(said), "it did not say {said:?} but:\n{text}");
    text
}

#[tokio::test]
async fn a_first_release_has_nothing_to_be_proved_against_and_an_unchanged_one_is_skipped() {
    let folder = TempDir::new().expect("a folder");
    let root = folder.path();
    repository(root).await;
    let said = prove(root, &["queries", "round-trip"], 0, "there is no release before this one to prove against");
    assert!(said.contains("round trip: 0001_first.up.sql: passed"), "{said}");
    write(root, "README.md", "Not of the schema.");
    commit(root);
    prove(root, &[], 0, "skipped: no migration and no query has changed since");
}

#[tokio::test]
async fn a_change_is_proved_against_the_release_that_is_named_or_the_commit_before() {
    let folder = TempDir::new().expect("a folder");
    let root = folder.path();
    repository(root).await;
    // Not committed, and still part of what would be.
    let check = "ALTER TABLE links ADD CONSTRAINT links_url_https CHECK (url LIKE 'https://%') NOT VALID;";
    write(root, "migrations/0002_next.up.sql", check);
    write(root, "migrations/0002_next.down.sql", "ALTER TABLE links DROP CONSTRAINT links_url_https;");
    commit(root);
    let said = prove(root, &["queries"], REFUSED, "wrong: `INSERT INTO links (slug, url) VALUES");
    assert!(said.contains("queries of "), "{said}");
    write(root, "README.md", "Not of the schema.");
    commit(root);
    prove(root, &["queries"], 0, "skipped");
    prove(root, &["queries", "--release", "v1"], REFUSED, "violates check constraint \"links_url_https\"");
    prove(root, &["queries", "--release", "v0"], COULD_NOT_TELL, "git knows no revision `v0`");
}

#[tokio::test]
async fn a_shallow_clone_fetches_the_release_that_is_named() {
    let folder = TempDir::new().expect("a folder");
    let (root, clone) = (folder.path().join("origin"), folder.path().join("clone"));
    repository(&root).await;
    write(&root, "migrations/0002_next.up.sql", "ALTER TABLE links ADD COLUMN owner text;");
    write(&root, "migrations/0002_next.down.sql", "ALTER TABLE links DROP COLUMN owner;");
    commit(&root);
    write(&root, "README.md", "Not of the schema.");
    commit(&root);
    let url = format!("file://{}", root.display());
    git(folder.path(), &["clone", "--quiet", "--depth=1", &url, &clone.display().to_string()]);
    prove(&clone, &["queries"], 0, "skipped");
    prove(&clone, &["queries", "--release", "v1"], 0, "on the new schema: passed (8 queries, run ");
    prove(&clone, &["queries", "--release", "v0"], COULD_NOT_TELL, "`v0`, and it cannot be fetched");
}
