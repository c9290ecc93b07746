//! Requests generated from the service's OpenAPI document, sent to a running service: nothing may
//! end in a 5xx, and nothing may be answered that the document does not say.

use std::net::TcpListener;
use std::path::Path;

use anyhow::Context as _;

use super::no_verdict;
use crate::exit::Ending;
use crate::process::{Background, must, wait};
use crate::tools;
use crate::workspace::{Database, Workspace};

/// Starts itself again with an empty database.
pub(super) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let schemathesis = tools::SCHEMATHESIS.need(workspace)?;
    let again =
        workspace.with_postgres(Database::Fresh).arg(&workspace.this).args(["test", "--contract-with-database"]);
    Ending::of_child("the test of the contract", wait(again.arg(schemathesis))?)
}

/// Starts the service on the database in `DATABASE_URL`, and Schemathesis against it.
pub(super) fn with_database(workspace: &Workspace, schemathesis: &Path) -> anyhow::Result<()> {
    must("applying the migrations", workspace.program("app").args(["migrate", "up"]))?;
    let (listen, management) = (free_address()?, free_address()?);
    // Schemathesis reads the token from the environment too: an argument is for everyone to see.
    workspace.sh.set_var("API_TOKEN", "token-of-the-contract-test");
    let serve = workspace.program("app").arg("serve");
    let serve = serve.env("LISTEN_ADDRESS", &listen).env("MANAGEMENT_ADDRESS", management).env("DRAIN_DELAY", "0s");
    let log = workspace.target().join("contract.log");
    let service = Background::start(serve.env("LOG", "warn"), &log)?;

    let settings = workspace.root.join("app/schemathesis.toml");
    let home = schemathesis.parent().and_then(Path::parent).context("the tool has no folder")?;
    let requests = workspace.sh.cmd(schemathesis).arg("--config-file").arg(settings).arg("run");
    let verdict = wait(
        requests
            .args(["--wait-for-schema", "30"])
            .arg(format!("http://{listen}/openapi.json"))
            .env("PYTHONPATH", home)
            .env("PYTHONDONTWRITEBYTECODE", "1"),
    )?;
    let ended = service.stop()?;
    anyhow::ensure!(ended.success(), "the service ended with {ended}; its log is {}", log.display());
    // 1 is a failed check, anything else a run that did not come to a verdict.
    match verdict.code() {
        Some(0) => Ok(()),
        Some(1) => Err(Ending::Refused("the service does not keep to its document; see above".into()).into()),
        _ => Err(no_verdict("the contract", &format!("Schemathesis ended with {verdict}"))),
    }
}

/// An address on loopback that is free now.
fn free_address() -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("failed to find a free port")?;
    Ok(listener.local_addr()?.to_string())
}
