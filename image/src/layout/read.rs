//! Reading a layout back, with every digest and size checked on the way.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::{Image, Layer};
use crate::digest::Digest;
use crate::layer;
use crate::oci::{self, Descriptor, Index, Manifest};

impl Image {
    /// Reads the one image of the layout in this folder.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        read(folder).with_context(|| {
            format!("cannot read an image layout in {} (`cargo xtask build` makes one)", folder.display())
        })
    }
}

fn read(folder: &Path) -> anyhow::Result<Image> {
    let index = fs::read(folder.join("index.json")).context("cannot read index.json")?;
    let index: Index = serde_json::from_slice(&index).context("in index.json")?;
    let [descriptor] = index.manifests.as_slice() else {
        bail!("index.json names {} images, expected exactly one", index.manifests.len());
    };
    if descriptor.media_type != oci::MANIFEST {
        bail!("index.json points at {}, expected {}", descriptor.media_type, oci::MANIFEST);
    }
    let manifest_blob = blob(folder, descriptor)?;
    let manifest: Manifest = serde_json::from_slice(&manifest_blob).context("in the manifest")?;
    let config_blob = blob(folder, &manifest.config)?;
    let configuration: Config = serde_json::from_slice(&config_blob).context("in the configuration")?;
    if configuration.rootfs.diff_ids.len() != manifest.layers.len() {
        bail!("the manifest and the configuration name different numbers of layers");
    }
    let layers = manifest
        .layers
        .iter()
        .zip(&configuration.rootfs.diff_ids)
        .map(|(descriptor, expected)| {
            let blob = blob(folder, descriptor)?;
            let tar = layer::decompress(&blob)?;
            let found = Digest::of(&tar);
            if found != *expected {
                bail!("layer {} unpacks to {found}, expected {expected}", descriptor.digest);
            }
            Ok(Layer { blob, uncompressed_bytes: tar.len() as u64 })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(Image {
        tag: descriptor.annotations.get(oci::REF_NAME).cloned().unwrap_or_default(),
        manifest,
        manifest_blob,
        config_blob,
        layers,
        architecture: configuration.architecture,
    })
}

/// What reading needs to know of a configuration, whoever wrote it.
#[derive(serde::Deserialize)]
struct Config {
    architecture: String,
    rootfs: oci::RootFs,
}

fn blob(folder: &Path, descriptor: &Descriptor) -> anyhow::Result<Vec<u8>> {
    let digest = &descriptor.digest;
    let bytes = fs::read(folder.join("blobs/sha256").join(digest.hex()))
        .with_context(|| format!("cannot read blob {digest}"))?;
    if bytes.len() as u64 != descriptor.size || Digest::of(&bytes) != *digest {
        bail!("blob {digest} is not what its name says: build the image again");
    }
    Ok(bytes)
}
