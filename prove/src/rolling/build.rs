//! Both releases, built: the previous one from a folder of its own, which stays, so that cargo compiles
//! again only what differs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use schema::cli::short;

/// The programs of the previous release and of the work tree; a reason for none is for people.
pub(super) fn both(root: &Path, commit: &str, folder: &Path) -> Result<(PathBuf, PathBuf), String> {
    let sources = folder.join("release");
    check_out(root, commit, &sources)?;
    eprintln!("prove: building {} and the work tree; the first time that takes minutes", short(commit));
    let ways_out = "name another release with `--release REVISION`, or prove the other parts by their names";
    let previous = build(&sources, folder, "previous")
        .map_err(|why| format!("the previous release cannot be built any more: {why}; {ways_out}"))?;
    let new = build(root, folder, "new").map_err(|why| format!("the work tree cannot be built: {why}"))?;
    Ok((previous, new))
}

/// Makes the folder what the commit is, and writes no file that is as it should be: cargo takes what is
/// younger than its output for changed.
fn check_out(root: &Path, commit: &str, into: &Path) -> Result<(), String> {
    fs::create_dir_all(into).map_err(|error| format!("{} cannot be made: {error}", into.display()))?;
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        // An index of its own: the repository's knows nothing of this folder.
        command.args(arguments).env("GIT_INDEX_FILE", into.with_extension("index"));
        command
    };
    let found = git(&["rev-parse", "--absolute-git-dir"]).current_dir(root).output();
    let found = found.map_err(|error| format!("git does not start: {error}"))?;
    let repository = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    let tree = into.display().to_string();
    let read = git(&["--git-dir", &repository, "--work-tree", &tree, "read-tree", "--reset", "-u", commit])
        .current_dir(into)
        .output()
        .map_err(|error| format!("git does not start: {error}"))?;
    if read.status.success() {
        return Ok(());
    }
    Err(format!("{} cannot be checked out: {}", short(commit), String::from_utf8_lossy(&read.stderr).trim()))
}

/// Builds the service of a work tree, and puts it where the next build leaves it alone.
fn build(sources: &Path, folder: &Path, name: &str) -> Result<PathBuf, String> {
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--quiet", "--locked", "--package", "app", "--message-format=json-render-diagnostics"])
        .arg("--target-dir")
        // One for each: cargo tells two work trees apart by nothing but the times of their files, and would
        // take the program of one for that of the other.
        .arg(folder.join(format!("{name}-target")))
        .current_dir(sources)
        .stderr(Stdio::inherit())
        // Its queries are checked by its own metadata, and not on the database of this proof.
        .env("SQLX_OFFLINE", "true");
    for (variable, _) in std::env::vars_os() {
        // What is said of this program's own compilation, and which toolchain that was.
        let variable = variable.to_string_lossy().into_owned();
        let of_this = ["CARGO_PKG_", "CARGO_MANIFEST_", "RUSTUP_TOOLCHAIN", "DATABASE_URL", "RUSTC"];
        if of_this.iter().any(|start| variable.starts_with(start)) || variable == "CARGO" {
            cargo.env_remove(variable);
        }
    }
    let output = cargo.output().map_err(|error| format!("cargo does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo ended with {}, and said why above", output.status));
    }
    let built = executable(&String::from_utf8_lossy(&output.stdout)).ok_or("cargo names no program that it built")?;
    let kept = folder.join(name);
    // A program that runs cannot be written to, but it can be replaced.
    let _ = fs::remove_file(&kept);
    fs::copy(&built, &kept).map_err(|error| format!("{} cannot be copied: {error}", built.display()))?;
    Ok(kept)
}

/// The program in cargo's messages, a line of JSON each
/// (<https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages>).
fn executable(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    messages.filter_map(|message| Some(message.get("executable")?.as_str()?.into())).next_back()
}
