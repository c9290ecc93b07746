//! Spelling, in code and prose alike.

use crate::exit::Ending;
use crate::process::wait;
use crate::tools;
use crate::workspace::Workspace;

/// typos, with the exceptions in `typos.toml`.
pub(super) fn check(workspace: &Workspace, fix: bool) -> anyhow::Result<()> {
    let typos = tools::TYPOS.need(workspace)?;
    let fix = if fix { &["--write-changes"][..] } else { &[][..] };
    let status = wait(workspace.sh.cmd(typos).args(fix))?;
    // 2 is findings, others are failures (typos-cli, src/bin/typos-cli/main.rs).
    match status.code() {
        Some(0) => Ok(()),
        Some(2) => Err(Ending::Refused("misspelt words; `cargo xtask lint spelling --fix` mends them".into()).into()),
        _ => Err(Ending::CouldNotTell(format!("typos ended with {status}")).into()),
    }
}
