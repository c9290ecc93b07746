//! Programs that others wrote, on either side: the AWS CLI and docker as clients of the rehearsal cloud,
//! moto as a server for the release engine, a browser with axe as a reader of its pages.

use std::path::PathBuf;

use crate::exit::Ending;
use crate::process::gate;
use crate::tools;
use crate::workspace::Workspace;

/// Runs these tests, which leave nothing behind, with the programs that they need.
pub(super) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<()> {
    let nextest = tools::NEXTEST.need(workspace)?;
    let aws = tools::AWS_CLI.need(workspace)?;
    let moto = tools::MOTO.need(workspace)?;
    let (axe, chromium) = (tools::AXE.need(workspace)?, browser()?);
    let tests = workspace.sh.cmd(nextest).args(["nextest", "run", "--workspace", "--locked", "--profile", "clients"]);
    let tests = tests.env("SLIPWAY_TEST_AWS_CLI", aws).env("SLIPWAY_TEST_MOTO_SERVER", moto);
    let tests = tests.env("SLIPWAY_TEST_AXE", axe).env("SLIPWAY_TEST_BROWSER", chromium);
    gate("the tests with other people's programs", tests.args(arguments))
}

/// A browser, which comes with the system and not from a registry of packages.
fn browser() -> anyhow::Result<PathBuf> {
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(tools::on_path);
    found.ok_or_else(|| {
        let why =
            "there is no chromium on the PATH to read the pages with; install it, with `apt install chromium` for one";
        Ending::CouldNotTell(why.into()).into()
    })
}
