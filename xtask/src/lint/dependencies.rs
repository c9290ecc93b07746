//! Licences, sources and bans of every crate in the lock file, by `deny.toml`.

use crate::exit::Ending;
use crate::process::wait;
use crate::tools;
use crate::workspace::Workspace;

/// cargo-deny without its advisories: those are the scan's, on the crates that are in the image.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let deny = tools::DENY.need(workspace)?;
    let arguments = ["--locked", "--all-features", "--log-level", "warn", "check", "licenses", "sources", "bans"];
    let status = wait(workspace.sh.cmd(deny).args(arguments))?;
    // cargo-deny exits with a bit for each check that failed (bans 2, licenses 4, sources 8), and
    // with 1 when it could not check at all.
    match status.code() {
        Some(0) => Ok(()),
        Some(code) if code & 0b1110 != 0 => {
            Err(Ending::Refused("cargo-deny refused a dependency; see above and `deny.toml`".into()).into())
        }
        _ => Err(Ending::CouldNotTell(format!("cargo-deny ended with {status}")).into()),
    }
}
