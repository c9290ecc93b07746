//! A copy of this repository to break, and what the command line says to it.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use rehearsal::compiled::lend;

/// A copy of the work tree, a git repository of its own with one commit.
///
/// It stays in one place, so that cargo knows it again, and one test at a time has it. What is
/// compiled for it outlives it; the tools and the dependencies are shared with the original.
pub(crate) struct Copy {
    folder: PathBuf,
    _turn: File,
}

/// How a command ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    /// What it printed on standard output.
    pub(crate) stdout: String,
    /// That and what it said on standard error.
    pub(crate) output: String,
}

impl Copy {
    /// Copies what git knows of this repository or would add.
    pub(crate) fn of_repository() -> Self {
        let copy = Self::empty();
        for path in git(root(), &["ls-files", "--cached", "--others", "--exclude-standard"]).lines() {
            if root().join(path).is_file() {
                copy.write(path, fs::read(root().join(path)).expect("the file can be read"));
            }
        }
        copy.commit()
    }

    /// A repository with just these files.
    pub(crate) fn with_files(files: &[(&str, &str)]) -> Self {
        let copy = Self::empty();
        for (path, text) in files {
            copy.write(path, text);
        }
        copy.commit()
    }

    fn empty() -> Self {
        let home = root().join("target/gates");
        fs::create_dir_all(home.join("target")).expect("a folder under target can be made");
        let turn = File::create(home.join("turn")).expect("a file under target can be made");
        turn.lock().expect("the lock on the copy is free at last");
        let folder = home.join("repository");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder under target can be made");
        let links = [
            (home.join("target"), folder.join("target")),
            (root().join("target/tools"), home.join("target/tools")),
            (root().join("target/lint"), home.join("target/lint")),
            (root().join("target/image"), home.join("target/image")),
        ];
        for (original, link) in links {
            if fs::symlink_metadata(&link).is_err() {
                symlink(original, link).expect("a link under target can be made");
            }
        }
        lend(&root().join("target/debug"), &home.join("target/debug")).expect("a folder under target can be made");
        Self { folder, _turn: turn }
    }

    fn commit(self) -> Self {
        git(&self.folder, &["init", "--quiet"]);
        git(&self.folder, &["add", "--all"]);
        let author = ["-c", "user.name=gates", "-c", "user.email=gates@example.com"];
        git(&self.folder, &[&author[..], &["commit", "--quiet", "--message", "A copy"]].concat());
        self
    }

    /// Writes a file of the copy.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let file = self.folder.join(path);
        fs::create_dir_all(file.parent().expect("the file is in a folder")).expect("the folder can be made");
        fs::write(file, text).expect("the file can be written");
    }

    /// Replaces the first occurrence of a text in a file, which has to be there.
    pub(crate) fn replace(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.folder.join(path)).expect("the file can be read");
        assert!(text.contains(from), "{path} holds no {from:?} to break");
        self.write(path, text.replacen(from, to, 1));
    }

    /// Appends to a file.
    pub(crate) fn append(&self, path: &str, addition: &str) {
        let text = fs::read_to_string(self.folder.join(path)).expect("the file can be read");
        self.write(path, text + addition);
    }

    /// The files in a folder of the copy whose names end like this.
    pub(crate) fn files(&self, folder: &str, end: &str) -> Vec<String> {
        let entries = fs::read_dir(self.folder.join(folder)).expect("the folder can be read");
        let names =
            entries.map(|entry| entry.expect("the entry can be read").file_name().into_string().expect("UTF-8"));
        let mut files: Vec<_> =
            names.filter(|name| name.ends_with(end)).map(|name| format!("{folder}/{name}")).collect();
        files.sort();
        assert!(!files.is_empty(), "{folder} has no file that ends in {end}");
        files
    }

    /// Removes a file.
    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.folder.join(path)).expect("the file is there to be removed");
    }

    /// The command line in the copy, ready to be started.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        unmeasured(&mut command).current_dir(&self.folder);
        command
    }

    /// Runs the command line in the copy to its end.
    pub(crate) fn xtask(&self, arguments: &[&str]) -> Ran {
        run(self.command().args(arguments))
    }
}

impl Ran {
    /// Fails unless the command exited with this code and said this.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, said: &str) {
        assert_eq!(self.code, Some(code), "it printed:\n{}", self.output);
        assert!(self.output.contains(said), "it did not say {said:?} but:\n{}", self.output);
    }
}

/// Takes from a command's environment what would make it a part of this test run: what measures the
/// coverage must not instrument what the command builds, nor may its sources be taken for this
/// package's. `LLVM_PROFILE_FILE` stays, since `xtask` itself is measured.
pub(crate) fn unmeasured(command: &mut Command) -> &mut Command {
    let exact = ["CARGO", "RUSTC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTFLAGS", "RUSTDOCFLAGS"];
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let measures = name.contains("LLVM_COV") && name != "LLVM_COV";
        let ours = (name.starts_with("CARGO_") && name != "CARGO_HOME") || name.starts_with("NEXTEST");
        if measures || ours || exact.contains(&name.as_str()) || name == "GITHUB_STEP_SUMMARY" {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a command to its end, with both its outputs in one.
pub(crate) fn run(command: &mut Command) -> Ran {
    let output = command.output().expect("the command starts");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = format!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
    Ran { code: output.status.code(), stdout, output: said }
}

/// The repository that is copied.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in a folder")
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let ran = Command::new("git").args(arguments).current_dir(folder).output().expect("git runs");
    assert!(ran.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("paths are UTF-8")
}
