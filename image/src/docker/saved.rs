//! The reading of an archive of `docker save`, of engines before 25 (a folder a layer) and since
//! (an OCI image layout); both have a `manifest.json` that says where everything is.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::contract;
use crate::digest::Digest;
use crate::elf::Architecture;
use crate::file::{File, Kind};
use crate::layer;
use crate::layout::{Image, Layer};
use crate::oci::RootFs;

/// The image of an archive.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The configuration's bytes, as Docker wrote them.
    config_blob: Vec<u8>,
    /// The configuration.
    pub configuration: Value,
    /// The layers as tar archives, the lowest first.
    layers: Vec<Vec<u8>>,
    /// The files that the layers leave, sorted by their paths.
    pub files: Vec<File>,
}

/// An entry of `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    config: String,
    layers: Vec<String>,
}

/// Reads the one image of an archive.
pub fn read(archive: &[u8]) -> anyhow::Result<Saved> {
    let contents: BTreeMap<String, Kind> =
        layer::read(archive)?.into_iter().map(|file| (file.path, file.kind)).collect();
    let manifest = member(&contents, "manifest.json")?;
    let entries: Vec<Entry> = serde_json::from_slice(manifest).context("in manifest.json")?;
    let [entry] = entries.as_slice() else {
        bail!("it holds {} images: save exactly one", entries.len());
    };
    let config_blob = member(&contents, &entry.config)?.to_vec();
    let configuration: Value = serde_json::from_slice(&config_blob).context("in the configuration")?;
    let rootfs = RootFs::deserialize(&configuration["rootfs"]).context("in the configuration's rootfs")?;
    if rootfs.diff_ids.len() != entry.layers.len() {
        bail!("manifest.json and the configuration name different numbers of layers");
    }
    let layers = entry
        .layers
        .iter()
        .zip(&rootfs.diff_ids)
        .map(|(name, expected)| {
            let tar = layer::decompress(member(&contents, name)?)?;
            let found = Digest::of(&tar);
            if found != *expected {
                bail!("layer {name} is {found}, expected {expected}");
            }
            Ok(tar)
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let files: anyhow::Result<Vec<_>> = layers.iter().map(|tar| layer::read(tar)).collect();
    Ok(Saved { config_blob, configuration, files: layer::flatten(files?), layers })
}

/// A member of the archive. Engines before 25 save a layer that occurs twice as a symbolic link.
fn member<'a>(contents: &'a BTreeMap<String, Kind>, path: &str) -> anyhow::Result<&'a [u8]> {
    let kind = contents.get(path).with_context(|| format!("it has no {path}"))?;
    let target = match kind {
        Kind::Regular(bytes) => return Ok(bytes),
        Kind::Symlink(target) => target.trim_start_matches("../"),
        _ => bail!("{path} is no file"),
    };
    match contents.get(target) {
        Some(Kind::Regular(bytes)) => Ok(bytes),
        _ => bail!("{path} points at {target}, which it does not have"),
    }
}

impl Saved {
    /// The service's binary.
    pub fn binary(&self) -> anyhow::Result<Vec<u8>> {
        self.files
            .iter()
            .find(|file| file.path == contract::BINARY_PATH)
            .and_then(File::bytes)
            .map(<[u8]>::to_vec)
            .with_context(|| format!("the Dockerfile's image has no /{}", contract::BINARY_PATH))
    }

    /// The image with Docker's configuration and layers as they are; only the compression is ours. The
    /// digest then depends on when Docker built it.
    pub fn into_image(self, tag: &str, architecture: Architecture) -> anyhow::Result<Image> {
        let layers: anyhow::Result<Vec<Layer>> = self
            .layers
            .iter()
            .map(|tar| Ok(Layer { blob: layer::compress(tar)?, uncompressed_bytes: tar.len() as u64 }))
            .collect();
        Image::new(tag, architecture, self.config_blob, layers?)
    }
}
