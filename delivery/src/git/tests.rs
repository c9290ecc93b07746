//! Git repositories in throw-away folders.

use std::fs;
use std::path::Path;
use std::process::Command as Blocking;

use tempfile::TempDir;

use super::*;
use crate::exit;

/// A repository with one commit, alone.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(TempDir::new().expect("a folder"));
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        repository.commit("one");
        repository
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, arguments: &[&str]) {
        let mut command = Blocking::new("git");
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(name);
        }
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
        let output = command.current_dir(self.path()).args(identity).args(arguments).output().expect("git");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn commit(&self, name: &str) {
        fs::write(self.path().join(name), name).expect("a file");
        self.git(&["add", name]);
        self.git(&["commit", "--quiet", "-m", name]);
    }

    /// The same with a remote that has everything.
    fn pushed(self, remote: &Path) -> Self {
        self.git(&["init", "--quiet", "--bare", remote.to_str().expect("text")]);
        self.git(&["remote", "add", "origin", remote.to_str().expect("text")]);
        self.git(&["push", "--quiet", "origin", "main"]);
        self
    }

    fn tree(&self) -> WorkTree {
        // Whatever this test runs under, it is this repository that is meant.
        let path = |name: &str| self.path().join(name).to_str().expect("text").to_owned();
        let variables = [
            ("GIT_DIR", path(".git")),
            ("GIT_WORK_TREE", path("")),
            ("GIT_INDEX_FILE", path(".git/index")),
            ("LANG", "xx".to_owned()),
        ];
        WorkTree::at(self.path(), &Variables::from_iter(variables))
    }

    async fn look(&self) -> State {
        self.tree().look().await.expect("an answer")
    }
}

#[track_caller]
fn refused(state: &State) -> String {
    let ending = state.judge().expect_err("it may not be deployed");
    assert_eq!(ending.code(), exit::REFUSED);
    ending.to_string()
}

#[tokio::test]
async fn a_clean_tree_whose_commit_is_pushed_may_be_deployed() {
    let remote = TempDir::new().expect("a folder");
    let repository = Repository::new().pushed(remote.path());
    let state = repository.look().await;
    assert_eq!(state.judge(), Ok(&state.head));
    assert_eq!(state.changes, Vec::<String>::new());

    // As Actions checks out: nothing but a commit, and what the remote's branch was.
    repository.git(&["checkout", "--quiet", "--detach"]);
    repository.git(&["branch", "-D", "--quiet", "main"]);
    repository.look().await.judge().expect("it may be deployed");
}

#[tokio::test]
async fn what_is_changed_added_or_removed_is_named_and_what_is_ignored_is_not() {
    let remote = TempDir::new().expect("a folder");
    let repository = Repository::new().pushed(remote.path());
    fs::write(repository.path().join(".git/info/exclude"), "ignored\n").expect("a file");
    fs::write(repository.path().join("ignored"), "").expect("a file");
    repository.look().await.judge().expect("nobody minds what is ignored");
    fs::remove_file(repository.path().join("one")).expect("it is there");
    fs::write(repository.path().join("new file"), "").expect("a file");
    let state = repository.look().await;
    assert_eq!(state.changes, ["one", "new file"]);
    let text = refused(&state);
    assert!(text.contains("one, new file; commit it"), "{text}");
    for number in 0..6 {
        fs::write(repository.path().join(format!("more-{number}")), "").expect("a file");
    }
    assert!(refused(&repository.look().await).contains(" and 3 more"));
}

#[tokio::test]
async fn a_commit_that_nobody_else_has_is_refused_with_what_to_do() {
    let repository = Repository::new();
    let text = refused(&repository.look().await);
    assert!(text.contains("has no remote") && text.contains("git remote add origin"), "{text}");
    let remote = TempDir::new().expect("a folder");
    let repository = repository.pushed(remote.path());
    repository.commit("two");
    let state = repository.look().await;
    assert_eq!(state.pushed, Pushed::No);
    let text = refused(&state);
    assert!(text.contains(&format!("no branch of a remote has {}", state.head.short())), "{text}");
}

#[tokio::test]
async fn where_there_is_no_repository_the_error_says_what_git_says() {
    let folder = TempDir::new().expect("a folder");
    let none = folder.path().join("none");
    let variables = Variables::from_iter([("GIT_DIR", none.to_str().expect("text"))]);
    let tree = WorkTree::at(folder.path(), &variables);
    let text = format!("{:#}", tree.look().await.expect_err("there is none"));
    assert!(text.contains("git rev-parse") && text.contains("not a git repository"), "{text}");
}

#[tokio::test]
async fn a_commit_has_the_migrations_that_it_had_and_one_that_is_not_here_says_what_brings_it() {
    let repository = Repository::new();
    fs::create_dir(repository.path().join("migrations")).expect("a folder");
    fs::write(repository.path().join("migrations/0001_a.up.sql"), "SELECT 1;\n").expect("a file");
    fs::write(repository.path().join("migrations/README.md"), "words").expect("a file");
    repository.git(&["add", "."]);
    repository.commit("two");
    fs::write(repository.path().join("migrations/0001_a.up.sql"), "changed").expect("a file");
    let head = repository.look().await.head;
    let tree = repository.tree();
    let files = tree.migrations(&head).await.expect("it is here").files;
    assert_eq!(files.into_iter().collect::<Vec<_>>(), [("0001_a.up.sql".to_owned(), "SELECT 1;\n".to_owned())]);

    let other: Commit = "0123456789abcdef0123456789abcdef01234567".parse().expect("a commit");
    let error = tree.migrations(&other).await.expect_err("it is not here").to_string();
    assert!(error.contains(&format!("git fetch origin {other}")), "{error}");
}

#[tokio::test]
async fn a_state_that_is_known_is_not_asked_for() {
    let head = "a".repeat(40).parse().expect("a commit");
    let state = State { head, changes: Vec::new(), pushed: Pushed::Yes };
    assert_eq!(WorkTree::Known(state.clone()).look().await.expect("it is known"), state);
}
