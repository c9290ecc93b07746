//! Writing a layout: completely beside its place first, then into it in one step.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::{Image, swap};
use crate::digest::Digest;

impl Image {
    /// Writes the layout to this folder in place of whatever layout was there. A run that is
    /// interrupted leaves the old one or the new one, never a mixture.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let parent = match folder.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let write = || -> anyhow::Result<()> {
            fs::create_dir_all(parent)?;
            // Dropped on an error, with what is in it.
            let temporary = tempfile::Builder::new().prefix(".image-").tempdir_in(parent)?;
            let new = temporary.path().join("new");
            self.write_into(&new)?;
            swap::put(&new, folder)?;
            temporary.close()?;
            Ok(())
        };
        write().with_context(|| format!("cannot write the image layout to {}", folder.display()))
    }

    fn write_into(&self, folder: &Path) -> anyhow::Result<()> {
        let blobs = folder.join("blobs/sha256");
        fs::create_dir_all(&blobs)?;
        for blob in self.blobs() {
            let digest = Digest::of(blob);
            fs::write(blobs.join(digest.hex()), blob)?;
        }
        fs::write(folder.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        fs::write(folder.join("index.json"), serde_json::to_vec(&self.index())?)?;
        Ok(())
    }
}
