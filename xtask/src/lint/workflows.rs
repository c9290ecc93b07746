//! The audit of the workflows.

use crate::exit::Ending;
use crate::process::wait;
use crate::tools;
use crate::workspace::Workspace;

/// zizmor without the network, so that the verdict is that of the sources alone.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let zizmor = tools::ZIZMOR.need(workspace)?;
    let status = wait(workspace.sh.cmd(zizmor).args(["--offline", "--quiet", "--persona", "pedantic", ".github"]))?;
    // Exit codes of zizmor: 11 to 14 are findings by severity, others are failures of the audit
    // (https://docs.zizmor.sh/usage/#exit-codes).
    match status.code() {
        Some(0) => Ok(()),
        Some(11..=14) => Err(Ending::Refused("zizmor has findings; see above".into()).into()),
        _ => Err(Ending::CouldNotTell(format!("zizmor ended with {status}")).into()),
    }
}
