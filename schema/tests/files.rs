//! What the files tell among themselves: names, order, history, and which is merged, asked of git.

use std::path::Path;
use std::process::Command;

use schema::git::Checkout;
use schema::{Folder, check, git};

const FINE: &str = "SET LOCAL lock_timeout = '2s';\nSET LOCAL statement_timeout = '30s';\nCREATE TABLE a (b bigint);\n";

fn folder(files: &[(&str, &str)]) -> Folder {
    Folder { files: files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect() }
}

fn names(files: &[&str]) -> Folder {
    folder(
        &files
            .iter()
            .map(|name| (*name, if name.contains(".up.") { FINE } else { "DROP TABLE a;" }))
            .collect::<Vec<_>>(),
    )
}

#[track_caller]
fn finds(folder: &Folder, merged: &Folder, expected: &[(&str, &str)]) {
    let found = check::check(folder, Some(merged));
    let found: Vec<_> = found.iter().map(|finding| (finding.file.as_str(), finding.rule)).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_up_has_its_down_and_every_number_is_used_once() {
    let none = Folder::default();
    let pair = ["0001_a.up.sql", "0001_a.down.sql"];
    finds(&names(&pair), &none, &[]);
    for (more, expected) in [
        (&["0002_b.up.sql"][..], &[("0002_b.up.sql", "missing-down")][..]),
        (&["0002_b.down.sql"], &[("0002_b.down.sql", "missing-up")]),
        (
            &["0001_b.up.sql", "0001_b.down.sql"],
            &[("0001_b.down.sql", "same-number"), ("0001_b.up.sql", "same-number")],
        ),
    ] {
        // The first in the alphabet is taken for the one that was there.
        finds(&names(&[&pair[..], more].concat()), &none, expected);
    }
    for bad in ["2_add.up.sql", "0002-add.up.sql", "0002_Add.up.sql", "0002_add.sql", "0002_.up.sql"] {
        finds(&names(&[&pair[..], &[bad]].concat()), &none, &[(bad, "file-name")]);
    }
}

#[test]
fn a_down_file_is_read_too_and_may_say_that_there_is_nothing_to_undo() {
    let merged = names(&["0001_a.up.sql", "0001_a.down.sql"]);
    for (down, expected) in [
        ("DROP TABLE a;", None),
        ("-- Nothing to undo: the copies do no harm.\n", None),
        ("", Some("empty")),
        ("DROP 5;", Some("syntax")),
        ("-- no-transaction\nDROP INDEX CONCURRENTLY b;\nDROP INDEX CONCURRENTLY c;", Some("several-statements")),
        ("DROP INDEX CONCURRENTLY b;", Some("not-in-transaction")),
    ] {
        let mut more = merged.clone();
        more.files.extend([("0002_b.up.sql".into(), FINE.into()), ("0002_b.down.sql".into(), down.into())]);
        let rules: Vec<_> = check::check(&more, Some(&merged)).iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, expected.into_iter().collect::<Vec<_>>(), "{down}");
    }
}

#[test]
fn what_is_merged_stays_as_it_is_and_in_front() {
    let merged = names(&["0001_a.up.sql", "0001_a.down.sql", "0003_c.up.sql", "0003_c.down.sql"]);
    finds(&merged, &merged, &[]);

    let mut between = merged.clone();
    between.files.extend(names(&["0002_b.up.sql", "0002_b.down.sql"]).files);
    finds(&between, &merged, &[("0002_b.down.sql", "out-of-order"), ("0002_b.up.sql", "out-of-order")]);

    let mut edited = merged.clone();
    edited.files.insert("0003_c.up.sql".into(), FINE.replace("bigint", "text"));
    let found = check::check(&edited, Some(&merged));
    assert_eq!(found.iter().map(|its| (its.rule, its.line)).collect::<Vec<_>>(), [("changed-after-merge", Some(3))]);

    let mut gone = merged.clone();
    gone.files.retain(|name, _| !name.starts_with("0003"));
    finds(&gone, &merged, &[("0003_c.down.sql", "removed-after-merge"), ("0003_c.up.sql", "removed-after-merge")]);
}

#[test]
fn what_was_merged_is_not_judged_again() {
    let bad = folder(&[("0001_a.up.sql", "DROP TABLE a;"), ("0001_a.down.sql", "SELECT 1;")]);
    finds(&bad, &bad, &[]);
    assert!(check::check(&bad, Some(&Folder::default())).iter().any(|finding| finding.rule == "ban-drop-table"));
}

#[test]
fn before_the_first_release_nobody_is_harmed_and_the_files_have_to_be_right() {
    let merged = names(&["0001_a.up.sql", "0001_a.down.sql"]);
    let mut first = merged.clone();
    first.files.insert("0002_b.down.sql".into(), "SELECT 1;".into());
    let timeouts = "SET LOCAL lock_timeout = '2s';\nSET LOCAL statement_timeout = '30s';\n";
    for (sql, expected) in [
        ("ALTER TABLE old DROP COLUMN b;", None),
        ("UPDATE old SET b = 1;", None),
        ("ALTER TABLE old ADD COLUMN c integer;", Some("prefer-bigint-over-int")),
        ("COMMIT;", Some("transaction-control")),
    ] {
        first.files.insert("0002_b.up.sql".into(), format!("{timeouts}{sql}\n"));
        let rules: Vec<_> = check::check(&first, None).iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, expected.into_iter().collect::<Vec<_>>(), "{sql}");
    }
}

#[test]
fn a_contract_step_may_not_come_with_the_step_that_it_follows() {
    let merged = names(&["0001_a.up.sql", "0001_a.down.sql"]);
    let drop = |since: &str| {
        let timeouts = "SET LOCAL lock_timeout = '2s';\nSET LOCAL statement_timeout = '30s';";
        format!("-- contract: since {since}\n{timeouts}\nALTER TABLE old DROP COLUMN b;\n")
    };
    let mut both = merged.clone();
    both.files.extend(names(&["0002_b.up.sql", "0002_b.down.sql"]).files);
    both.files.insert("0003_c.down.sql".into(), "SELECT 1;".into());
    for (since, expected) in [("0001", &[][..]), ("0002", &[("0003_c.up.sql", "contract-too-early")])] {
        both.files.insert("0003_c.up.sql".into(), drop(since));
        finds(&both, &merged, expected);
    }
}

/// A repository with these commits, each of which adds a file.
fn repository(at: &Path, files: &[&str]) {
    std::fs::create_dir_all(at.join("migrations")).expect("a folder can be made");
    run(at, &["init", "--quiet", "--initial-branch=main"]);
    for file in files {
        commit(at, file);
    }
}

fn commit(at: &Path, file: &str) {
    std::fs::write(at.join("migrations").join(file), FINE).expect("a file can be written");
    run(at, &["add", "."]);
    run(at, &["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "commit", "--quiet", "-m", file]);
}

fn run(at: &Path, arguments: &[&str]) {
    let status = Command::new("git").current_dir(at).args(arguments).status().expect("git starts");
    assert!(status.success(), "git {arguments:?}");
}

/// The names of what is merged, as the repository at a path has it.
fn merged(at: &Path, checkout: Checkout) -> Option<Vec<String>> {
    let base = git::base(at, checkout).expect("it can be told")?;
    let merged = git::read(at, &base).expect("it can be read");
    Some(merged.folder?.files.into_keys().collect())
}

#[test]
fn a_branch_is_held_against_where_it_left_the_other() {
    let home = tempfile::tempdir().expect("a folder can be made");
    let at = home.path();
    repository(at, &["0001_a.up.sql", "0002_b.up.sql"]);
    assert_eq!(merged(at, Checkout::Branch), Some(vec!["0001_a.up.sql".into()]), "on main: what the last commit adds");
    run(at, &["checkout", "--quiet", "-b", "more"]);
    commit(at, "0003_c.up.sql");
    commit(at, "0004_d.up.sql");
    assert_eq!(merged(at, Checkout::Branch), Some(vec!["0001_a.up.sql".into(), "0002_b.up.sql".into()]));
}

#[test]
fn a_pull_request_is_held_against_the_branch_that_it_goes_to() {
    let home = tempfile::tempdir().expect("a folder can be made");
    let (at, clone) = (home.path().join("origin"), home.path().join("clone"));
    std::fs::create_dir(&at).expect("a folder can be made");
    repository(&at, &["0001_a.up.sql"]);
    run(&at, &["checkout", "--quiet", "-b", "more"]);
    commit(&at, "0003_c.up.sql");
    run(&at, &["checkout", "--quiet", "main"]);
    commit(&at, "0002_b.up.sql");
    // As GitHub does for a pull request, and as its checkout fetches that with a depth of two.
    run(&at, &["checkout", "--quiet", "-b", "pull"]);
    let author = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"];
    run(&at, &[&author[..], &["merge", "--quiet", "--no-edit", "more"]].concat());
    let url = format!("file://{}", at.display());
    run(home.path(), &["clone", "--quiet", "--depth=2", "--branch=pull", &url, &clone.to_string_lossy()]);
    std::fs::remove_dir_all(&at).expect("it can be removed");
    assert_eq!(merged(&clone, Checkout::OfActions), Some(vec!["0001_a.up.sql".into(), "0002_b.up.sql".into()]));
}

#[test]
fn the_first_commit_of_all_has_nothing_before_it() {
    let home = tempfile::tempdir().expect("a folder can be made");
    repository(home.path(), &["0001_a.up.sql"]);
    assert_eq!(merged(home.path(), Checkout::Branch), None);
}

#[test]
fn a_shallow_clone_fetches_what_it_needs() {
    let home = tempfile::tempdir().expect("a folder can be made");
    let (origin, clone) = (home.path().join("origin"), home.path().join("clone"));
    std::fs::create_dir(&origin).expect("a folder can be made");
    repository(&origin, &["0001_a.up.sql", "0002_b.up.sql"]);
    run(&origin, &["checkout", "--quiet", "-b", "more"]);
    commit(&origin, "0003_c.up.sql");
    let url = format!("file://{}", origin.display());
    for (branch, expected) in [("more", &["0001_a.up.sql", "0002_b.up.sql"][..]), ("main", &["0001_a.up.sql"])] {
        let to = clone.join(branch);
        let into = to.to_string_lossy().into_owned();
        run(home.path(), &["clone", "--quiet", "--depth=1", "--branch", branch, &url, &into]);
        assert_eq!(
            merged(&to, Checkout::Branch).as_deref(),
            Some(&expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..])
        );
    }
}

#[test]
fn a_clone_whose_origin_does_not_answer_could_not_tell() {
    let home = tempfile::tempdir().expect("a folder can be made");
    let (origin, clone) = (home.path().join("origin"), home.path().join("clone"));
    std::fs::create_dir(&origin).expect("a folder can be made");
    repository(&origin, &["0001_a.up.sql", "0002_b.up.sql"]);
    run(
        home.path(),
        &["clone", "--quiet", "--depth=1", &format!("file://{}", origin.display()), &clone.to_string_lossy()],
    );
    std::fs::remove_dir_all(&origin).expect("it can be removed");
    let error = git::base(&clone, Checkout::Branch).expect_err("it cannot be fetched");
    assert!(format!("{error:#}").contains("shallow clone"), "{error:#}");
}
