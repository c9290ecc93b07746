//! `doctor`: what this machine has of what the verbs need.

mod delivery;
mod protection;

use clap::Args;
use xshell::cmd;

use crate::exit::Ending;
use crate::process::capture;
use crate::report::Table;
use crate::tools;
use crate::workspace::Workspace;

/// What is missing on this machine, and the one line that mends it
#[derive(Args)]
pub(crate) struct Doctor {
    /// Instead: what is missing for the workflows that deploy
    #[arg(long, conflicts_with = "protection")]
    delivery: bool,

    /// Instead, in a workflow: whether a person has to agree before a job gets this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    protection: Option<String>,
}

/// Whether a verb can do its work.
enum State {
    /// It is there, in this version or of this kind.
    Found(String),
    /// It is not there, but the verb that needs it brings it.
    Brought,
    /// It is not there, and somebody has to bring it.
    Missing(String),
    /// It is not there, and something is left out without it.
    Optional(String),
}

impl Doctor {
    /// Prints the table; what only a person can bring is a refusal.
    pub(crate) fn run(self, workspace: &Workspace) -> anyhow::Result<()> {
        if self.delivery {
            return delivery::run();
        }
        if let Some(environment) = &self.protection {
            return protection::run(workspace, environment);
        }
        let rows = examine(workspace);
        let mut table = Table::new(["needed", "for", "found", "mend it with"]);
        let mut missing = Vec::new();
        for (name, purpose, state) in rows {
            let (found, mend) = match state {
                State::Found(what) => (what, String::new()),
                State::Brought => ("brought when needed".into(), String::new()),
                State::Optional(mend) => ("no (optional)".into(), mend),
                State::Missing(mend) => {
                    missing.push(name);
                    ("MISSING".into(), mend)
                }
            };
            table.row([name.into(), purpose.into(), found, mend]);
        }
        print!("{}", table.plain());
        if missing.is_empty() {
            return Ok(());
        }
        Err(Ending::Refused(format!("missing: {}", missing.join(", "))).into())
    }
}

fn examine(workspace: &Workspace) -> Vec<(&'static str, &'static str, State)> {
    let missing = |mend: &str| State::Missing(mend.to_owned());
    let mut rows = vec![
        (
            "rustc",
            "everything",
            version(workspace, "rustc", &["--version"]).unwrap_or_else(|| missing("https://rustup.rs")),
        ),
        ("git", "build", version(workspace, "git", &["--version"]).unwrap_or_else(|| missing("apt-get install git"))),
        (
            "cc",
            "build, test",
            version(workspace, "cc", &["--version"]).unwrap_or_else(|| missing("apt-get install gcc libc6-dev")),
        ),
        (
            "python3 with pip",
            "lint",
            version(workspace, "python3", &["-m", "pip", "--version"])
                .unwrap_or_else(|| missing("apt-get install python3-pip")),
        ),
        ("PostgreSQL", "test, run, lint", postgres(workspace)),
    ];
    for tool in tools::ALL {
        let state = tool.find(workspace).map_or(State::Brought, |(_, version)| State::Found(version));
        rows.push((tool.name, tool.purpose, state));
    }
    let llvm = tools::find_llvm(workspace).map_or(State::Brought, |llvm| State::Found(llvm.cov.display().to_string()));
    rows.push(("llvm-cov", "test --coverage", llvm));
    let trivy = tools::find_trivy(workspace).map(|program| program.display().to_string());
    rows.push(("trivy", "scan", trivy.map_or(State::Brought, State::Found)));
    let curl = version(workspace, "curl", &["--version"]);
    rows.push(("curl", "scan (to fetch trivy)", curl.unwrap_or_else(|| missing("apt-get install curl"))));
    let docker = version(workspace, "docker", &["version", "--format", "{{.Server.Version}}"]);
    let engine = State::Optional("https://docs.docker.com/engine/install".into());
    rows.push(("Docker engine", "build --builder docker, build --load", docker.unwrap_or(engine)));
    rows
}

fn version(workspace: &Workspace, program: &str, ask: &[&str]) -> Option<State> {
    let program = tools::on_path(program)?;
    let answer = cmd!(workspace.sh, "{program}").args(ask).quiet().ignore_stderr().read().ok()?;
    Some(State::Found(tools::version_in(&answer)?.trim_matches('"').to_owned()))
}

/// The provider's own answer: the first source that works, or that none does.
fn postgres(workspace: &Workspace) -> State {
    let mend = "apt-get install postgresql, or start a Docker engine, or set DATABASE_URL";
    match capture(workspace.program("postgres-provider").arg("doctor")) {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let works = said.lines().find_map(|line| {
                let (source, detail) = line.split_once(": works: ")?;
                Some(format!("{source}: {detail}"))
            });
            works.map_or_else(|| State::Missing(mend.to_owned()), State::Found)
        }
        Err(error) => State::Missing(format!("{error:#}")),
    }
}
