//! The checks that cargo and its components make.

use crate::process::gate;
use crate::workspace::Workspace;

/// rustfmt, with this repository's settings.
pub(super) fn format(workspace: &Workspace, fix: bool) -> anyhow::Result<()> {
    let check = if fix { &[][..] } else { &["--check"][..] };
    gate("cargo fmt", workspace.cargo().args(["fmt", "--all"]).args(check))
}

/// clippy over every target; a warning is an error.
pub(super) fn clippy(workspace: &Workspace, fix: bool) -> anyhow::Result<()> {
    let fix = if fix { &["--fix", "--allow-dirty", "--allow-staged"][..] } else { &[][..] };
    let clippy = workspace.cargo().args(["clippy", "--quiet", "--workspace", "--all-targets", "--locked"]);
    gate("clippy", clippy.args(fix).arg("--target-dir").arg(target(workspace)).args(["--", "--deny", "warnings"]))
}

/// rustdoc over this workspace's crates, private items included; a warning is an error.
pub(super) fn documentation(workspace: &Workspace) -> anyhow::Result<()> {
    let doc =
        workspace.cargo().args(["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items", "--locked"]);
    gate("cargo doc", doc.arg("--target-dir").arg(target(workspace)).env("RUSTDOCFLAGS", "--deny warnings"))
}

/// The repository's own conventions, which are an ordinary test.
pub(super) fn tidy(workspace: &Workspace) -> anyhow::Result<()> {
    gate("tidy", workspace.cargo().args(["test", "--quiet", "--locked", "--package", "xtask", "--test", "tidy"]))
}

/// A folder of its own for what clippy and rustdoc compile, so that they wait for no build.
pub(super) fn target(workspace: &Workspace) -> std::path::PathBuf {
    workspace.target().join("lint")
}
