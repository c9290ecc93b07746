//! The tools that verbs start: which version, found where, and how it comes to this machine.

mod llvm;
mod trivy;

use std::env;
use std::path::{Path, PathBuf};
use std::{fs, process};

use anyhow::Context as _;
use xshell::cmd;

use crate::exit::Ending;
use crate::workspace::Workspace;

pub(crate) use self::llvm::{find_llvm, need_llvm};
pub(crate) use self::trivy::{find_trivy, need_trivy};

/// Where a tool is published.
#[derive(Clone, Copy, Debug)]
enum Origin {
    /// A crate with a program, compiled here with its own lock file.
    Crate,
    /// A wheel with this file in it, checked against the hashes in this file of requirements.
    Wheel { requirements: &'static str, file: &'static str },
}

/// Which versions found on the PATH will do.
#[derive(Clone, Copy, Debug)]
enum Accept {
    /// What it says depends on its version, so everybody runs the same.
    ThisOne,
    /// Any from this one on.
    From(&'static str),
    /// It does not tell its version, or not that of what it is made of, so one found on the PATH is
    /// never known to be right.
    None,
}

/// A pinned tool that is installed under `target/tools` when this machine has none that will do.
#[derive(Debug)]
pub(crate) struct Tool {
    /// Of the crate or wheel that brings it, and of the program unless the wheel names another.
    pub(crate) name: &'static str,
    /// The version that is installed.
    pub(crate) version: &'static str,
    /// Why it is needed.
    pub(crate) purpose: &'static str,
    /// Arguments that make it print its version.
    ask: &'static [&'static str],
    accept: Accept,
    origin: Origin,
}

/// Runs the tests, each in a process of its own.
pub(crate) const NEXTEST: Tool = Tool {
    name: "cargo-nextest",
    version: "0.9.143",
    purpose: "test",
    ask: &["nextest", "--version"],
    accept: Accept::From("0.9.100"),
    origin: Origin::Crate,
};

/// Measures which lines the tests reach.
pub(crate) const LLVM_COV: Tool = Tool {
    name: "cargo-llvm-cov",
    version: "0.9.1",
    purpose: "test --coverage",
    ask: &["llvm-cov", "--version"],
    accept: Accept::From("0.6.15"),
    origin: Origin::Crate,
};

/// Checks licences, sources and bans.
pub(crate) const DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
    purpose: "lint dependencies",
    ask: &["--version"],
    accept: Accept::ThisOne,
    origin: Origin::Crate,
};

/// Writes the list of crates into the binary, for scanners to read.
pub(crate) const AUDITABLE: Tool = Tool {
    name: "cargo-auditable",
    version: "0.7.7",
    purpose: "build",
    ask: &[],
    accept: Accept::None,
    origin: Origin::Crate,
};

/// Audits workflows.
pub(crate) const ZIZMOR: Tool = Tool {
    name: "zizmor",
    version: "1.32.0",
    purpose: "lint workflows",
    ask: &["--version"],
    accept: Accept::ThisOne,
    origin: Origin::Wheel { requirements: "zizmor.txt", file: "bin/zizmor" },
};

/// Finds misspelt words.
pub(crate) const TYPOS: Tool = Tool {
    name: "typos",
    version: "1.52.0",
    purpose: "lint spelling",
    ask: &["--version"],
    accept: Accept::ThisOne,
    origin: Origin::Wheel { requirements: "typos.txt", file: "bin/typos" },
};

/// Sends generated requests to the service.
pub(crate) const SCHEMATHESIS: Tool = Tool {
    name: "schemathesis",
    version: "4.32.5",
    purpose: "test --contract",
    ask: &["--version"],
    accept: Accept::ThisOne,
    origin: Origin::Wheel { requirements: "schemathesis.txt", file: "bin/schemathesis" },
};

/// Talks to the rehearsal cloud as a client that others wrote.
pub(crate) const AWS_CLI: Tool = Tool {
    name: "awscli",
    version: "1.46.3",
    purpose: "test --clients",
    ask: &[],
    accept: Accept::None,
    origin: Origin::Wheel { requirements: "awscli.txt", file: "bin/aws" },
};

/// Answers the release engine as a stand-in for AWS that others wrote.
pub(crate) const MOTO: Tool = Tool {
    name: "moto",
    version: "5.2.5",
    purpose: "test --clients",
    ask: &[],
    accept: Accept::None,
    origin: Origin::Wheel { requirements: "moto.txt", file: "bin/moto_server" },
};

/// Looks at a page for what keeps people from reading it; a script, which a browser runs.
pub(crate) const AXE: Tool = Tool {
    name: "axe-playwright-python",
    version: "0.1.8",
    purpose: "test --clients",
    ask: &[],
    accept: Accept::None,
    origin: Origin::Wheel { requirements: "axe.txt", file: "axe_playwright_python/axe.min.js" },
};

/// All of them, in the order in which `doctor` lists them.
pub(crate) const ALL: [&Tool; 10] =
    [&NEXTEST, &LLVM_COV, &SCHEMATHESIS, &AWS_CLI, &MOTO, &AXE, &AUDITABLE, &DENY, &ZIZMOR, &TYPOS];

impl Tool {
    /// The program of this tool, installed first where this machine has none that will do.
    pub(crate) fn need(&self, workspace: &Workspace) -> anyhow::Result<PathBuf> {
        if let Some((program, _)) = self.find(workspace) {
            return Ok(program);
        }
        let home = self.home(workspace);
        eprintln!("installing {} {} under {}", self.name, self.version, home.display());
        self.install(workspace, &home).map_err(|error| {
            Ending::CouldNotTell(format!(
                "{} {} is missing and could not be installed ({error:#}); install it with `{}`",
                self.name,
                self.version,
                self.mend()
            ))
        })?;
        Ok(self.program_in(&home))
    }

    /// The program and its version: the pinned one under `target/tools`, or one on the PATH that
    /// will do.
    pub(crate) fn find(&self, workspace: &Workspace) -> Option<(PathBuf, String)> {
        let installed = self.program_in(&self.home(workspace));
        if installed.is_file() {
            return Some((installed, self.version.to_owned()));
        }
        if matches!(self.accept, Accept::None) {
            return None;
        }
        let program = on_path(self.name)?;
        let answer = cmd!(workspace.sh, "{program}").args(self.ask).quiet().ignore_stderr().read().ok()?;
        let version = version_in(&answer)?.to_owned();
        self.accepts(&version).then_some((program, version))
    }

    /// The line that installs it by hand.
    pub(crate) fn mend(&self) -> String {
        match self.origin {
            Origin::Crate => format!("cargo install --locked {}@{}", self.name, self.version),
            Origin::Wheel { .. } => format!("pipx install {}=={}", self.name, self.version),
        }
    }

    fn accepts(&self, version: &str) -> bool {
        match self.accept {
            Accept::ThisOne => version == self.version,
            Accept::From(least) => numbers(version) >= numbers(least),
            Accept::None => false,
        }
    }

    fn home(&self, workspace: &Workspace) -> PathBuf {
        workspace.target().join("tools").join(format!("{}-{}", self.name, self.version))
    }

    fn program_in(&self, home: &Path) -> PathBuf {
        match self.origin {
            Origin::Crate => home.join("bin").join(self.name),
            Origin::Wheel { file, .. } => home.join(file),
        }
    }

    /// Installs into a folder beside the final one and renames it, so that a half-made one is never
    /// taken for a tool.
    fn install(&self, workspace: &Workspace, home: &Path) -> anyhow::Result<()> {
        let half = home.with_extension(format!("half-{}", process::id()));
        let (name, version) = (self.name, self.version);
        match self.origin {
            Origin::Crate => {
                let install =
                    workspace.cargo().args(["install", "--quiet", "--locked", "--version", version, "--root"]);
                // A build of its own, whatever the settings of the one that needs it; and a quick one: a
                // tool runs for seconds, and its own profile may ask for minutes of optimisation.
                let quick = [("LTO", "off"), ("CODEGEN_UNITS", "16"), ("OPT_LEVEL", "1"), ("DEBUG", "false")];
                let profile = quick.map(|(key, value)| (format!("CARGO_PROFILE_RELEASE_{key}"), value));
                let install = install.arg(&half).arg(name).env_remove("RUSTFLAGS").env_remove("CARGO_TARGET_DIR");
                install.envs(profile).quiet().run()?;
            }
            Origin::Wheel { requirements, .. } => {
                let list = workspace.root.join("xtask/tools").join(requirements);
                let python = ["python3", "python"].into_iter().find_map(on_path).context("no python3 on the PATH")?;
                cmd!(
                    workspace.sh,
                    "{python} -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes --target {half} --requirement {list}"
                )
                .quiet()
                .run()?;
            }
        }
        if fs::rename(&half, home).is_err() {
            // Another verb was faster; its tool is as good.
            fs::remove_dir_all(&half)?;
        }
        anyhow::ensure!(self.program_in(home).is_file(), "the installation brought no program {name}");
        Ok(())
    }
}

/// Where a program is on the PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|file| is_program(file))
}

/// The PATH with folders put before it.
pub(crate) fn path_with<'a>(programs: impl IntoIterator<Item = &'a PathBuf>) -> anyhow::Result<std::ffi::OsString> {
    let folders = programs.into_iter().filter_map(|program| program.parent().map(Path::to_path_buf));
    let rest = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths(folders.chain(env::split_paths(&rest)))?)
}

/// The first thing in an answer that looks like a version.
pub(crate) fn version_in(answer: &str) -> Option<&str> {
    answer
        .split(|character: char| character.is_whitespace() || [',', '(', ')'].contains(&character))
        .map(|word| word.trim_start_matches('v'))
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()) && word.contains('.'))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_programs_say_of_themselves() {
        let cases = [
            ("cargo-nextest 0.9.143 (60fa45f63 2026-08-04)\nrelease: 0.9.143", Some("0.9.143")),
            ("git version 2.47.3", Some("2.47.3")),
            ("Docker version 28.2.2, build e6534b4", Some("28.2.2")),
            ("Version: v0.74.0", Some("0.74.0")),
            ("cc (Debian 12.2.0-14+deb12u1) 12.2.0", Some("12.2.0-14+deb12u1")),
            ("no idea", None),
        ];
        for (answer, version) in cases {
            assert_eq!(version_in(answer), version, "{answer}");
        }
    }

    #[test]
    fn a_tool_on_the_path_is_taken_when_its_version_will_do() {
        let cases = [
            (&NEXTEST, "0.9.143", true),
            (&NEXTEST, "0.9.99", false),
            (&NEXTEST, "0.10.0", true),
            (&ZIZMOR, "1.32.0", true),
            (&ZIZMOR, "1.33.0", false),
            (&AUDITABLE, "0.7.7", false),
        ];
        for (tool, version, accepted) in cases {
            assert_eq!(tool.accepts(version), accepted, "{} {version}", tool.name);
        }
    }

    #[test]
    fn the_requirements_pin_the_versions_that_the_table_names() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools");
        for tool in ALL {
            if let Origin::Wheel { requirements, .. } = tool.origin {
                let list = fs::read_to_string(folder.join(requirements)).expect("the file is there");
                let pin = format!("{}=={} ", tool.name, tool.version);
                assert!(list.contains(&pin), "{requirements} does not pin {pin}");
                assert!(list.contains("--hash=sha256:"), "{requirements} has no hashes");
            }
        }
    }
}
