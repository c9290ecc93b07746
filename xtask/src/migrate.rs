//! `migrate`: the schema, and the migrations that make it.

use clap::Args;

use crate::deliver;
use crate::exit::Ending;
use crate::process::{answer, wait};
use crate::workspace::{Database, Workspace};

/// check, prove and new for the files under migrations; up, down or status on the database in DATABASE_URL
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Migrate {
    /// status --environment staging|production, told by what serves there;
    /// check [--all | --base REVISION] [--json]; prove [queries | round-trip | rolling | load]
    /// [--release REVISION | --environment staging|production] [--rows COUNT]; new NAME [--no-transaction | --contract VERSION]; or passed to the service: up, down, status, and their options (--help lists them)
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

impl Migrate {
    /// The files are `schema`'s; the database is the service's own subcommand's, which a deployment runs.
    pub(crate) fn run(self, workspace: &Workspace) -> anyhow::Result<()> {
        if matches!(self.arguments.first().map(String::as_str), Some("check" | "new")) {
            let status = wait(workspace.program("schema").args(self.arguments))?;
            return Ending::passed_on("migrate", status);
        }
        if let Some(("prove", rest)) = self.arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
            return prove(workspace, rest);
        }
        if let Some((_, rest)) = self.arguments.split_first().filter(|(first, _)| *first == "status")
            && rest.iter().any(|argument| names_environment(argument))
        {
            return deliver::start(workspace, "migrate-status", rest.iter().map(Into::into).collect());
        }
        let status = wait(workspace.program("app").arg("migrate").args(self.arguments))?;
        Ending::of_child("migrate", status)
    }
}

/// Refuses migrations that would harm what runs.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let status = wait(workspace.program("schema").arg("check"))?;
    Ending::of_child("migrate check", status)
}

/// Proves the new migrations on a PostgreSQL that this machine has or makes: on themselves, and against the
/// release before them.
///
/// Most changes change neither them nor a query: that is asked first, of a program that is small.
pub(crate) fn prove(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<()> {
    if arguments.is_empty() && !has_changed(workspace)? {
        eprintln!("migrate prove: skipped");
        return Ok(());
    }
    let arguments = &against_what_serves(workspace, arguments)?;
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let proof = workspace.with_postgres(Database::Server).arg(program);
    let proof = proof.args(["run", "--quiet", "--locked", "--package", "prove", "--"]);
    Ending::of_child("migrate prove", wait(proof.args(arguments))?)
}

/// The release that an environment runs in the place of the environment, if one is named.
fn against_what_serves(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<Vec<String>> {
    let Some(at) = arguments.iter().position(|argument| names_environment(argument)) else {
        return Ok(arguments.to_vec());
    };
    let (before, rest) = arguments.split_at(at);
    let (environment, rest) = match rest {
        [joined, rest @ ..] if let Some((_, environment)) = joined.split_once('=') => (environment, rest),
        [_, environment, rest @ ..] => (environment.as_str(), rest),
        _ => return Err(Ending::Usage("which environment? Give --environment staging or production".to_owned()).into()),
    };
    let commit = deliver::serving(workspace, environment)?;
    eprintln!("migrate prove: {environment} runs {commit}");
    Ok([before, &["--release".to_owned(), commit], rest].concat())
}

fn names_environment(argument: &str) -> bool {
    argument.split('=').next() == Some("--environment")
}

fn has_changed(workspace: &Workspace) -> anyhow::Result<bool> {
    let output = answer(workspace.program("schema").arg("changed"))?;
    Ending::of_child("migrate prove", output.status)?;
    Ok(!output.stdout.is_empty())
}
