//! Programs that others wrote, on either side: the AWS CLI and docker as clients of the rehearsal cloud,
//! moto as a server for the release engine.

use crate::process::gate;
use crate::tools;
use crate::workspace::Workspace;

/// Runs these tests, which leave nothing behind, with the programs that they need.
pub(super) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<()> {
    let nextest = tools::NEXTEST.need(workspace)?;
    let aws = tools::AWS_CLI.need(workspace)?;
    let moto = tools::MOTO.need(workspace)?;
    let tests = workspace.sh.cmd(nextest).args(["nextest", "run", "--workspace", "--locked", "--profile", "clients"]);
    let tests = tests.env("SLIPWAY_TEST_AWS_CLI", aws).env("SLIPWAY_TEST_MOTO_SERVER", moto);
    gate("the tests with other people's programs", tests.args(arguments))
}
