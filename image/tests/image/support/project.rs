//! A folder that looks like a repository, and the `image` program run in it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::Elf;

/// The time of every scan in these tests.
pub(crate) const RUN_AT: &str = "2026-11-22T12:00:00Z";

/// A folder with a `delivery.toml` and a binary.
pub(crate) struct Project {
    folder: TempDir,
}

/// How the program ended, and what it said.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.output).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.output, self.errors))
    }

    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.output, self.errors);
        self
    }
}

impl Project {
    pub(crate) fn new() -> Self {
        let project = Self { folder: TempDir::new().expect("a temporary folder") };
        project.write("delivery.toml", "[image]\nname = \"myapp\"\n");
        project.write("app", Elf::default().bytes());
        project
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("has one")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    /// A program of these lines for `sh`.
    pub(crate) fn write_program(&self, name: &str, script: &str) {
        self.write(name, format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).expect("executable");
    }

    /// Runs the program in this folder.
    pub(crate) fn image(&self, arguments: &[&str]) -> Ran {
        self.image_with(arguments, &[])
    }

    /// Runs the program in this folder, with these variables.
    pub(crate) fn image_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_image"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("GITHUB_STEP_SUMMARY")
            .envs(variables.iter().copied())
            .output()
            .expect("the program starts");
        Ran {
            code: output.status.code(),
            output: String::from_utf8_lossy(&output.stdout).into_owned(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Assembles the image into `target/image`.
    pub(crate) fn assemble(&self, more: &[&str]) -> Ran {
        self.origin(&["assemble", "--binary", "app", "--json"], more)
    }

    /// Runs a command that takes the origin of a build.
    pub(crate) fn origin(&self, command: &[&str], more: &[&str]) -> Ran {
        self.origin_of(command, "0123abcd", "1760000000", more)
    }

    /// The same, of this commit and this time.
    pub(crate) fn origin_of(&self, command: &[&str], commit: &str, time: &str, more: &[&str]) -> Ran {
        let of_commit = ["--tag", commit, "--revision", commit, "--created", time];
        let origin = ["--source", "https://example.org/myapp", "--version", "0.1.0"];
        self.image(&[command, &of_commit, &origin, more].concat())
    }
}
