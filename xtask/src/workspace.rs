//! Where the repository is, and the shell that works in it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Cmd, Shell, cmd};

use crate::exit::Ending;

/// The repository that a verb works on: the one that holds the current folder, so that verbs work
/// from anywhere inside it.
pub(crate) struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// A shell in that folder.
    pub(crate) sh: Shell,
    /// This program, to be started again for a part of its work. Asked for at the start: a check may
    /// have cargo build it anew, and the system then knows the running one by no path.
    pub(crate) this: PathBuf,
}

impl Workspace {
    /// Finds the workspace around the current folder.
    pub(crate) fn discover() -> anyhow::Result<Self> {
        let here = env::current_dir().context("failed to read the current folder")?;
        let Some(root) = root_of(&here) else {
            return Err(Ending::Usage(format!(
                "{} is in no Slipway repository (a folder with `Cargo.toml` and `xtask/Cargo.toml`); change into one",
                here.display()
            ))
            .into());
        };
        let sh = Shell::new()?;
        sh.change_dir(&root);
        let this = env::current_exe().context("failed to find this program")?;
        Ok(Self { root, sh, this })
    }

    /// The folder for what builds leave behind, ours included.
    ///
    /// Not `CARGO_TARGET_DIR`: what other programs look for (`target/image`, `target/coverage`)
    /// stays where the documents say.
    pub(crate) fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// The cargo that started this program, or the one on the PATH.
    pub(crate) fn cargo(&self) -> Cmd<'_> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        self.sh.cmd(cargo)
    }

    /// A program of this workspace, built first when it is not up to date.
    pub(crate) fn program(&self, package: &str) -> Cmd<'_> {
        self.cargo().args(["run", "--quiet", "--locked", "--package", package, "--"])
    }

    /// A command that is run with the `DATABASE_URL` of a PostgreSQL that this machine has or makes.
    pub(crate) fn with_postgres(&self, database: Database) -> Cmd<'_> {
        let exec = self.program("postgres-provider").arg("exec");
        match database {
            Database::Server => exec.arg("--"),
            Database::Fresh => exec.args(["--fresh-database", "--"]),
            Database::Migrated => {
                exec.args(["--fresh-database", "--migrations"]).arg(self.root.join("migrations")).arg("--")
            }
        }
    }

    /// The triple of this machine, as `rustc` has it.
    pub(crate) fn host(&self) -> anyhow::Result<String> {
        Ok(cmd!(self.sh, "rustc --print host-tuple").quiet().read()?)
    }
}

/// What `DATABASE_URL` is to name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Database {
    /// The server, for programs that make databases of their own.
    Server,
    /// A new and empty database, dropped afterwards.
    Fresh,
    /// The same with every up migration applied.
    Migrated,
}

fn root_of(folder: &Path) -> Option<PathBuf> {
    folder
        .ancestors()
        .find(|folder| folder.join("Cargo.toml").is_file() && folder.join("xtask/Cargo.toml").is_file())
        .map(Path::to_path_buf)
}
