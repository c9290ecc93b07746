//! `scan`: known vulnerabilities, misconfigurations and secrets in the image.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use xshell::cmd;

use crate::build::layout;
use crate::exit::Ending;
use crate::process::wait;
use crate::tools;
use crate::workspace::Workspace;

/// The RustSec advisories, as the project publishes them.
const ADVISORIES: &str = "https://github.com/RustSec/advisory-db";

/// Known vulnerabilities of the image under target/image; HIGH and CRITICAL fail
#[derive(Args)]
pub(crate) struct Scan {
    #[command(flatten)]
    databases: Databases,

    /// Judge this JSON report of Trivy instead of running it
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// Print the verdicts and findings as JSON on standard output
    #[arg(long)]
    json: bool,
}

/// What is known of vulnerabilities, and how old that may be.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Databases {
    /// A folder with the RustSec advisories, where they cannot be fetched
    #[arg(long, value_name = "PATH")]
    advisory_db: Option<PathBuf>,

    /// How old a database may be before its silence means nothing, such as 7d [default: the image
    /// program's]
    #[arg(long, value_name = "AGE")]
    max_database_age: Option<String>,
}

impl Databases {
    /// The flags again, for a verb that starts another.
    pub(crate) fn arguments(&self) -> Vec<std::ffi::OsString> {
        let mut arguments = Vec::new();
        if let Some(path) = &self.advisory_db {
            // Another process may run in another folder.
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            arguments.extend(["--advisory-db".into(), path.into()]);
        }
        if let Some(age) = &self.max_database_age {
            arguments.extend(["--max-database-age".into(), age.into()]);
        }
        arguments
    }
}

impl Scan {
    /// Brings the scanner and the advisories up to date, and has the image judged.
    pub(crate) fn run(mut self, workspace: &Workspace) -> anyhow::Result<()> {
        if self.report.is_none() && !layout(workspace).join("index.json").is_file() {
            return Err(Ending::Usage(format!(
                "there is no image at {}; make one with `cargo xtask build`",
                layout(workspace).display()
            ))
            .into());
        }
        let mut scan = workspace.program("image").args(["scan", "--layout"]).arg(layout(workspace));
        scan = scan.arg("--exceptions").arg(workspace.root.join("scan-exceptions.toml"));
        match &self.report {
            Some(report) => scan = scan.arg("--report").arg(std::path::absolute(report)?),
            None => match tools::need_trivy(workspace) {
                Ok(trivy) => scan = scan.arg("--trivy").arg(trivy),
                // Not the end: what the advisories say is worth knowing, and counts if it is bad.
                Err(error) if matches!(error.downcast_ref(), Some(Ending::CouldNotTell(_))) => {
                    eprintln!("{error:#}");
                }
                Err(error) => return Err(error),
            },
        }
        if self.databases.advisory_db.is_none() {
            self.databases.advisory_db = advisories(workspace);
        }
        let json = if self.json { &["--json"][..] } else { &[][..] };
        Ending::of_child("the scan", wait(scan.args(self.databases.arguments()).args(json))?)
    }
}

/// The advisories under `target/tools`, brought up to date when that is possible. What could not be
/// fetched is left to the limit on the age.
fn advisories(workspace: &Workspace) -> Option<PathBuf> {
    let folder = workspace.target().join("tools/advisory-db");
    let sh = &workspace.sh;
    let fetched = if folder.join(".git").is_dir() {
        cmd!(sh, "git -C {folder} fetch --quiet --depth 1 origin HEAD")
            .quiet()
            .run()
            .and_then(|()| cmd!(sh, "git -C {folder} reset --quiet --hard FETCH_HEAD").quiet().run())
    } else {
        let _ = fs::remove_dir_all(&folder);
        cmd!(sh, "git clone --quiet --depth 1 {ADVISORIES} {folder}").quiet().run()
    };
    if let Err(error) = fetched {
        eprintln!("the advisories could not be fetched ({error}); name a copy with --advisory-db");
    }
    folder.is_dir().then_some(folder)
}
