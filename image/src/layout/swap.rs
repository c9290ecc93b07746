//! Putting a finished folder into the place of another one.

use std::fs;
use std::io;
use std::path::Path;

/// Moves the folder `new` to `place`. What was at `place` is then where `new` was, for the caller
/// to remove with its temporary folder.
pub(super) fn put(new: &Path, place: &Path) -> io::Result<()> {
    if !place.exists() {
        return fs::rename(new, place);
    }
    match exchange(new, place) {
        Ok(()) => Ok(()),
        // A file system or a system without an atomic exchange: the gap between the two renames
        // is as small as it can be, and a run that dies in it leaves no layout rather than a
        // broken one.
        Err(_) => {
            fs::rename(place, new.with_extension("old"))?;
            fs::rename(new, place)
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn exchange(left: &Path, right: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, left, CWD, right, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}
