//! Staging: the planned files in a folder, for the Dockerfile to copy into its last stage. So the
//! Dockerfile need not read `delivery.toml`, and both builders place the same files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};

use crate::contract;
use crate::file::Kind;
use crate::plan::Plan;

/// Writes the files of the plan below `root`, a folder that does not exist yet.
pub fn stage(plan: &Plan, root: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(root.parent().unwrap_or(Path::new(".")))?;
    fs::create_dir(root).with_context(|| format!("cannot make {}: it must not exist yet", root.display()))?;
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(contract::MODIFIED);
    // The files are sorted by path, so a folder comes before what is in it.
    for file in &plan.files {
        let path = root.join(&file.path);
        match &file.kind {
            Kind::Folder => fs::create_dir(&path)?,
            Kind::Regular(bytes) => fs::write(&path, bytes)?,
            other => bail!("a plan holds only files and folders, not {other:?}"),
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(file.mode))?;
    }
    // Afterwards and from the inside out: writing into a folder changes its time.
    for file in plan.files.iter().rev() {
        fs::File::open(root.join(&file.path))?.set_modified(modified)?;
    }
    Ok(())
}
