//! The shadow, of real repositories of every kind.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::Shadow;

/// Git as a user would call it, with nothing of this machine's settings.
#[track_caller]
fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=u", "-c", "user.email=u@example.com", "-c", "init.defaultBranch=trunk"])
        .args(["-c", "protocol.file.allow=always"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

/// Git as a command of the rehearsal calls it.
fn in_shadow(shadow: &Shadow, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    let output = command.args(arguments).current_dir(&shadow.root).envs(shadow.environment()).output();
    let output = output.expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

/// A repository with two commits, `target` ignored, and a file that is tracked though it is ignored.
fn repository() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let root = folder.path();
    git(root, &["init", "--quiet"]);
    fs::write(root.join(".gitignore"), "/target\n*.log\n").expect("written");
    fs::write(root.join("kept.log"), "tracked though ignored\n").expect("written");
    fs::write(root.join("code.rs"), "one\n").expect("written");
    git(root, &["add", "."]);
    git(root, &["add", "--force", "kept.log"]);
    git(root, &["commit", "--quiet", "-m", "one"]);
    fs::write(root.join("code.rs"), "two\n").expect("written");
    git(root, &["commit", "--quiet", "-am", "two"]);
    folder
}

fn shadow_of(root: &Path) -> Shadow {
    Shadow::of(root, &root.join("target/rehearsal/git")).expect("a shadow")
}

/// Everything that a release is must be true of it.
#[track_caller]
fn check_release(shadow: &Shadow, files: &[&str]) {
    let commit = shadow.release("a release").expect("a release");
    assert_eq!(in_shadow(shadow, &["rev-parse", "HEAD"]), commit);
    assert_eq!(in_shadow(shadow, &["status", "--porcelain"]), "");
    assert_eq!(in_shadow(shadow, &["ls-tree", "-r", "--name-only", "HEAD"]).lines().collect::<Vec<_>>(), files);
    assert_eq!(in_shadow(shadow, &["branch", "--remotes", "--contains", "HEAD", "--format=%(refname)"]), {
        "refs/remotes/origin/main"
    });
    assert_eq!(in_shadow(shadow, &["rev-parse", "@{upstream}"]), commit);
    assert_eq!(in_shadow(shadow, &["ls-remote", "origin", "refs/heads/main"]).split('\t').next(), Some(&*commit));
}

#[test]
fn a_release_has_the_files_of_the_work_tree_changes_included() {
    let folder = repository();
    let root = folder.path();
    fs::write(root.join("code.rs"), "three\n").expect("written");
    fs::write(root.join("new.rs"), "new\n").expect("written");
    fs::write(root.join("noise.log"), "ignored\n").expect("written");
    let before = git(root, &["status", "--porcelain"]);
    let shadow = shadow_of(root);
    check_release(&shadow, &[".gitignore", "code.rs", "kept.log", "new.rs"]);
    assert_eq!(in_shadow(&shadow, &["show", "HEAD:code.rs"]), "three");
    assert_eq!(git(root, &["status", "--porcelain"]), before, "the user's index is as it was");
    assert_eq!(git(root, &["for-each-ref", "--format=%(refname)"]), "refs/heads/trunk");
}

#[test]
fn a_second_release_is_another_commit_of_the_same_tree() {
    let folder = repository();
    let shadow = shadow_of(folder.path());
    let first = shadow.release("first").expect("a release");
    let second = shadow.release("second").expect("a release");
    assert_ne!(first, second);
    assert_eq!(in_shadow(&shadow, &["diff", &first, &second]), "");
    assert_eq!(in_shadow(&shadow, &["status", "--porcelain"]), "");
    shadow.back_to(&first).expect("back");
    assert_eq!(in_shadow(&shadow, &["rev-parse", "HEAD"]), first);
    assert_eq!(shadow.changes().expect("a list"), Vec::<String>::new());
    fs::write(folder.path().join("code.rs"), "saved meanwhile\n").expect("written");
    fs::write(folder.path().join("new.rs"), "new\n").expect("written");
    assert_eq!(shadow.changes().expect("a list"), ["code.rs", "new.rs"]);
}

#[test]
fn a_dirty_tree_and_an_unpushed_commit_are_made_without_touching_a_file() {
    let folder = repository();
    let shadow = shadow_of(folder.path());
    let good = shadow.release("good").expect("a release");
    shadow.dirty("dirty").expect("a commit");
    assert_eq!(in_shadow(&shadow, &["status", "--porcelain"]), "D  missing-from-the-work-tree.txt");
    shadow.back_to(&good).expect("back");
    shadow.unpushed("unpushed").expect("a commit");
    assert_eq!(in_shadow(&shadow, &["branch", "--remotes", "--contains", "HEAD"]), "");
    assert_eq!(in_shadow(&shadow, &["rev-parse", "@{upstream}"]), good);
    shadow.back_to(&good).expect("back");
    check_release(&shadow, &[".gitignore", "code.rs", "kept.log"]);
    assert_eq!(git(folder.path(), &["status", "--porcelain"]), "");
}

#[test]
fn every_kind_of_repository_has_a_shadow() {
    let folder = repository();
    let elsewhere = TempDir::new().expect("a folder");
    let url = format!("file://{}", folder.path().display());
    let files = [".gitignore", "code.rs", "kept.log"];
    for (kind, arguments) in [
        ("a clone", &["clone", "--quiet"][..]),
        ("a shallow clone", &["clone", "--quiet", "--depth", "1"]),
        ("a partial clone", &["clone", "--quiet", "--filter=tree:0"]),
    ] {
        let root = elsewhere.path().join(kind);
        git(elsewhere.path(), &[arguments, &[&url, root.to_str().expect("text")]].concat());
        check_release(&shadow_of(&root), &files);
    }
    let worktree = elsewhere.path().join("a worktree");
    git(folder.path(), &["worktree", "add", "--quiet", "--detach", worktree.to_str().expect("text")]);
    check_release(&shadow_of(&worktree), &files);
}

#[test]
fn a_folder_without_commits_or_without_git_has_a_shadow_too() {
    let folder = TempDir::new().expect("a folder");
    let root = folder.path().join("unpacked");
    fs::create_dir(&root).expect("made");
    fs::write(root.join(".gitignore"), "/target\n").expect("written");
    fs::write(root.join("code.rs"), "one\n").expect("written");
    check_release(&shadow_of(&root), &[".gitignore", "code.rs"]);
    git(&root, &["init", "--quiet"]);
    check_release(&shadow_of(&root), &[".gitignore", "code.rs"]);
}

#[test]
fn a_folder_below_the_top_of_a_repository_is_a_work_tree_of_its_own() {
    let folder = repository();
    let root = folder.path().join("nested");
    fs::create_dir(&root).expect("made");
    fs::write(root.join(".gitignore"), "/target\n").expect("written");
    fs::write(root.join("inner.rs"), "one\n").expect("written");
    git(folder.path(), &["add", "nested"]);
    git(folder.path(), &["commit", "--quiet", "-m", "nested"]);
    check_release(&shadow_of(&root), &[".gitignore", "inner.rs"]);
}

#[test]
fn a_fork_may_be_changed_and_its_releases_come_after_those_of_the_work_tree() {
    let folder = repository();
    let root = folder.path();
    let shadow = shadow_of(root);
    let first = shadow.release("of the work tree").expect("a release");
    let place = root.join("target/rehearsal/fork");
    // What a rehearsal that was interrupted has left there.
    fs::create_dir_all(place.join("target")).expect("made");
    for (file, text) in [("code.rs", "half\n"), ("left.rs", "left\n"), ("target/built", "built\n")] {
        fs::write(place.join(file), text).expect("written");
    }
    let mut fork = shadow.fork(&place).expect("a fork");
    assert_eq!(fs::read_to_string(place.join("code.rs")).expect("text"), "two\n");
    assert!(!place.join("left.rs").exists());
    assert!(place.join("target/built").exists(), "what was built there stays");

    fork.write("new.rs", "new\n").expect("written");
    fork.apply("--- a/code.rs\n+++ b/code.rs\n@@ -1 +1 @@\n-two\n+three\n").expect("changed");
    fork.take_in().expect("taken in");
    check_release(&fork, &[".gitignore", "code.rs", "kept.log", "new.rs"]);
    assert_eq!(in_shadow(&fork, &["rev-parse", "HEAD^"]), first);
    assert_eq!(in_shadow(&fork, &["show", "HEAD:code.rs"]), "three");
    let why = fork.apply("--- a/code.rs\n+++ b/code.rs\n@@ -1 +1 @@\n-two\n+four\n").expect_err("it does not fit");
    assert!(format!("{why:#}").contains("code.rs"), "{why:#}");

    // The next rehearsal begins as the first one did, and writes no file that is as it should be.
    let time = |file: &str| fs::metadata(place.join(file)).expect("there").modified().expect("a time");
    let before = time("kept.log");
    shadow_of(root).fork(&place).expect("a fork");
    assert_eq!(fs::read_to_string(place.join("code.rs")).expect("text"), "two\n");
    assert!(!place.join("new.rs").exists());
    assert_eq!(time("kept.log"), before);
    assert_eq!(fs::read_to_string(root.join("code.rs")).expect("text"), "two\n", "the user's files are as they were");
}
