//! An OCI image layout on disk, read with every size and digest checked.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::document::{Descriptor, Index, MANIFEST, Manifest};
use crate::release::{Commit, Digest};

/// No document of an image is larger.
const DOCUMENT_LIMIT: u64 = 4 << 20;
/// The variable in the image's configuration that tells the service its commit.
const COMMIT: &str = "BUILD_COMMIT=";

/// A layout with one image, checked whole.
#[derive(Clone, Debug)]
pub struct Layout {
    folder: PathBuf,
    pub(super) digest: Digest,
    pub(super) manifest: Vec<u8>,
    pub(super) blobs: Vec<Descriptor>,
    commit: Option<Commit>,
}

impl Layout {
    /// Reads the one image of the layout in this folder.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        read(folder).with_context(|| {
            format!("cannot use the image layout in {} (`cargo xtask build` makes one)", folder.display())
        })
    }

    /// The digest of the image's manifest.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The commit that the service will report, when its configuration names one.
    #[must_use]
    pub fn commit(&self) -> Option<&Commit> {
        self.commit.as_ref()
    }

    /// The size of everything in it, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.manifest.len() as u64 + self.blobs.iter().map(|blob| blob.size).sum::<u64>()
    }

    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        path(&self.folder, digest)
    }
}

fn path(folder: &Path, digest: &Digest) -> PathBuf {
    folder.join("blobs/sha256").join(digest.hex())
}

fn read(folder: &Path) -> anyhow::Result<Layout> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Marker {
        image_layout_version: String,
    }
    let marker = fs::read(folder.join("oci-layout")).context("cannot read oci-layout")?;
    let marker: Marker = serde_json::from_slice(&marker).context("in oci-layout")?;
    ensure!(marker.image_layout_version == "1.0.0", "oci-layout has version {}", marker.image_layout_version);
    let index = fs::read(folder.join("index.json")).context("cannot read index.json")?;
    let index: Index = serde_json::from_slice(&index).context("in index.json")?;
    ensure!(index.schema_version == 2, "index.json has schema version {}", index.schema_version);
    let [image] = index.manifests.as_slice() else {
        bail!("index.json names {} images, expected exactly one", index.manifests.len());
    };
    ensure!(image.media_type == MANIFEST, "index.json points at {}, expected {MANIFEST}", image.media_type);
    let bytes = document(folder, image).context("the manifest")?;
    let manifest: Manifest = serde_json::from_slice(&bytes).context("in the manifest")?;
    ensure!(manifest.schema_version == 2, "the manifest has schema version {}", manifest.schema_version);
    let config = document(folder, &manifest.config).context("the configuration")?;
    let commit = commit_of(&config)?;
    for (number, layer) in manifest.layers.iter().enumerate() {
        check(folder, layer).with_context(|| format!("layer {}", number + 1))?;
    }
    let mut seen = BTreeSet::new();
    let blobs = manifest.layers.into_iter().chain([manifest.config]);
    let blobs = blobs.filter(|blob| seen.insert(blob.digest.clone())).collect();
    Ok(Layout { folder: folder.to_owned(), digest: image.digest.clone(), manifest: bytes, blobs, commit })
}

fn commit_of(config: &[u8]) -> anyhow::Result<Option<Commit>> {
    #[derive(Deserialize)]
    struct Configuration {
        #[serde(default)]
        config: Option<Settings>,
    }
    #[derive(Deserialize)]
    struct Settings {
        #[serde(default, rename = "Env")]
        env: Option<Vec<String>>,
    }
    let configuration: Configuration = serde_json::from_slice(config).context("in the configuration")?;
    let env = configuration.config.and_then(|settings| settings.env).unwrap_or_default();
    Ok(env.iter().find_map(|pair| pair.strip_prefix(COMMIT)).and_then(|commit| commit.parse().ok()))
}

/// A small blob, whole and checked.
fn document(folder: &Path, descriptor: &Descriptor) -> anyhow::Result<Vec<u8>> {
    let Descriptor { digest, size, .. } = descriptor;
    ensure!(*size <= DOCUMENT_LIMIT, "{digest} is said to have {size} bytes, more than a document may");
    let file = File::open(path(folder, digest)).with_context(|| format!("cannot open the blob {digest}"))?;
    let mut bytes = Vec::new();
    file.take(DOCUMENT_LIMIT + 1).read_to_end(&mut bytes)?;
    let (length, found) = (bytes.len() as u64, Digest::of(&bytes));
    ensure!(length == *size, "the blob {digest} has {length} bytes, expected {size}");
    ensure!(found == *digest, "the blob {digest} has the digest {found}");
    Ok(bytes)
}

/// Checks a blob without holding it in memory.
fn check(folder: &Path, descriptor: &Descriptor) -> anyhow::Result<()> {
    let Descriptor { digest, size, .. } = descriptor;
    let mut file = File::open(path(folder, digest)).with_context(|| format!("cannot open the blob {digest}"))?;
    let length = file.metadata()?.len();
    ensure!(length == *size, "the blob {digest} has {length} bytes, expected {size}");
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 17];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
    }
    ensure!(Digest::from_hash(hash.finalize().into()) == *digest, "the blob {digest} has another digest");
    Ok(())
}
