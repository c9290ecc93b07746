//! Releases that are built, or cannot be.

use std::path::Path;

use prove::release::Release;
use prove::rolling;
use prove::verdict::Verdict;
use tempfile::TempDir;

use crate::scene::{SCHEMA, commit, folder, git, server, write};

const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n";
const LOCK: &str = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n";

const SERVICE: &str = include_str!("rolling/refusing.rs");

/// The service of a release.
fn service(knows: u32, makes: u32) -> String {
    SERVICE.replace("KNOWN;", &format!("{knows};")).replace("MADE;", &format!("{makes};"))
}

/// A repository in which each of these programs was a release.
fn repository(releases: &[&str]) -> TempDir {
    let repository = TempDir::new().expect("a folder");
    let root = repository.path();
    write(root, "Cargo.toml", MANIFEST);
    write(root, "Cargo.lock", LOCK);
    write(root, "rust-toolchain.toml", include_str!("../../../rust-toolchain.toml"));
    write(root, ".gitignore", "/target\n");
    git(root, &["init", "--quiet", "--initial-branch=main"]);
    for program in releases {
        write(root, "src/main.rs", program);
        commit(root);
    }
    repository
}

/// What is told of a release and the work tree, as it is.
async fn proved(root: &Path, commit: &str) -> Verdict {
    let migrations = folder(&[("0001_first", SCHEMA)]);
    let release = Release { commit: commit.to_owned(), migrations, queries: Vec::new() };
    rolling::prove(root, &release, &server()).await.expect("the server answers")
}

/// What is told of a release and the work tree behind it, each with its program.
async fn verdict(previous: &str, new: &str) -> Verdict {
    let repository = repository(&[previous]);
    write(repository.path(), "src/main.rs", new);
    proved(repository.path(), "HEAD").await
}

async fn untold(program: &str) -> Vec<String> {
    let verdict = verdict(program, program).await;
    assert_eq!(verdict.wrong, Vec::<String>::new());
    verdict.untold
}

#[tokio::test]
async fn a_release_that_works_on_the_new_schema_passes_and_what_failed_before_is_not_held_against_it() {
    let verdict = verdict(&service(2, 1), &service(2, 2)).await;
    assert_eq!((&verdict.wrong, &verdict.untold), (&Vec::new(), &Vec::new()));
    // This service makes no link on any schema.
    assert!(verdict.known[0].contains("on its own schema it fails too: the flow `the life of a link`"), "{verdict:#?}");
    assert_eq!(verdict.tried, "every flow in 8 walks; logs in target/prove");
}

#[tokio::test]
async fn a_release_that_fails_on_the_new_schema_is_refused_with_its_flow_at_each_stage() {
    let verdict = verdict(&service(1, 1), &service(2, 2)).await;
    for who in [
        "the previous release, which serves since before the migrations",
        "both releases at once, by turns",
        "the previous release, alone again",
        "the previous release, started again as by a rollback",
    ] {
        let is_it = |line: &String| {
            line.starts_with(&format!("{who}: the flow `refused without a token`")) && line.contains("status 500")
        };
        assert!(verdict.wrong.iter().any(is_it), "{who}: {verdict:#?}");
    }
}

#[tokio::test]
async fn each_release_is_proved_with_its_own_program_whichever_was_built_before() {
    let repository = repository(&[&service(1, 1), &service(2, 1), &service(2, 2)]);
    for (commit, works) in [("HEAD~1", true), ("HEAD~2", false), ("HEAD~1", true)] {
        let verdict = proved(repository.path(), commit).await;
        assert_eq!(verdict.wrong.is_empty(), works, "{commit}: {verdict:#?}");
    }
}

#[tokio::test]
async fn a_new_release_that_does_not_serve_beside_the_previous_one_is_refused() {
    let dies = "fn main() { if std::env::args().nth(1).unwrap() == \"serve\" { std::process::exit(3) } }";
    let verdict = verdict(&service(2, 1), dies).await;
    assert!(verdict.wrong[0].contains("the new release does not start beside the previous one"), "{verdict:#?}");
}

#[tokio::test]
async fn a_release_that_cannot_be_built_any_more_is_no_pass_and_the_ways_out_are_named() {
    let untold = untold("compile_error!(\"a crate that it needs is gone\");").await;
    assert_eq!(untold.len(), 1, "{untold:?}");
    for part in ["cannot be built any more", "--release REVISION", "the other parts by their names"] {
        assert!(untold[0].contains(part), "{untold:?}");
    }
}

#[tokio::test]
async fn a_release_that_does_not_work_on_its_own_schema_is_no_pass() {
    let migrates = "fn main() {
        if std::env::args().nth(1).unwrap() != \"migrate\" { eprintln!(\"no port\"); std::process::exit(1) }
    }";
    let starts = untold(migrates).await;
    assert!(starts[0].contains("does not start on its own schema") && starts[0].contains("no port"), "{starts:?}");
    let refuses = untold(&service(0, 1)).await;
    assert!(refuses[0].contains("no flow passes with the previous release on its own schema"), "{refuses:?}");
    let fails = untold("fn main() { eprintln!(\"no table\"); std::process::exit(1) }").await;
    assert!(fails[0].contains("cannot make its own schema") && fails[0].contains("no table"), "{fails:?}");
}
