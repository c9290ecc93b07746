//! OCI image layouts: a folder that holds exactly one image, its blobs named by their digests.

mod read;
mod swap;
mod write;

use serde::Serialize;
use serde_json::Value;

use crate::digest::Digest;
use crate::elf::Architecture;
use crate::file::File;
use crate::layer;
use crate::oci::{self, Descriptor, Index, Manifest, Platform};

/// One image with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The tag that the layout names it by.
    pub tag: String,
    /// The manifest.
    pub manifest: Manifest,
    /// The manifest's bytes, whose digest is the image's.
    pub manifest_blob: Vec<u8>,
    /// The configuration's bytes, whose digest is what Docker calls the image's id.
    pub config_blob: Vec<u8>,
    /// The layers, the lowest first.
    pub layers: Vec<Layer>,
    /// The processor that it is for.
    pub architecture: String,
}

/// One layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The archive as it is stored, compressed by gzip.
    pub blob: Vec<u8>,
    /// The size of the archive within.
    pub uncompressed_bytes: u64,
}

/// What programs are told about an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The tag.
    pub tag: String,
    /// The digest of the manifest: the name that travels.
    pub digest: Digest,
    /// The digest of the configuration: what Docker calls the image's id.
    pub config: Digest,
    /// The processor.
    pub architecture: String,
    /// What a registry stores and a host pulls: manifest, configuration and compressed layers.
    pub bytes: u64,
    /// The size of the layers when unpacked.
    pub uncompressed_bytes: u64,
}

impl Image {
    /// An image of this configuration and these layers.
    pub fn new(
        tag: &str,
        architecture: Architecture,
        config_blob: Vec<u8>,
        layers: Vec<Layer>,
    ) -> anyhow::Result<Self> {
        let manifest = Manifest {
            schema_version: 2,
            media_type: oci::MANIFEST.to_owned(),
            config: Descriptor::of(oci::CONFIG, &config_blob),
            layers: layers.iter().map(|layer| Descriptor::of(oci::LAYER, &layer.blob)).collect(),
        };
        Ok(Self {
            tag: tag.to_owned(),
            manifest_blob: serde_json::to_vec(&manifest)?,
            manifest,
            config_blob,
            layers,
            architecture: architecture.as_str().to_owned(),
        })
    }

    /// The digest of the manifest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.manifest_blob)
    }

    /// The `index.json` of a layout of this image.
    #[must_use]
    pub fn index(&self) -> Index {
        let mut descriptor = Descriptor::of(oci::MANIFEST, &self.manifest_blob);
        descriptor.platform = Some(Platform { architecture: self.architecture.clone(), os: "linux".to_owned() });
        descriptor.annotations.insert(oci::REF_NAME.to_owned(), self.tag.clone());
        Index { schema_version: 2, media_type: oci::INDEX.to_owned(), manifests: vec![descriptor] }
    }

    /// Every blob: manifest, configuration, layers.
    pub fn blobs(&self) -> impl Iterator<Item = &[u8]> {
        [self.manifest_blob.as_slice(), self.config_blob.as_slice()]
            .into_iter()
            .chain(self.layers.iter().map(|layer| layer.blob.as_slice()))
    }

    /// The configuration as JSON, whoever wrote it.
    pub fn configuration(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(&self.config_blob)?)
    }

    /// The files that its layers leave, sorted by their paths.
    pub fn files(&self) -> anyhow::Result<Vec<File>> {
        let layers: anyhow::Result<Vec<_>> =
            self.layers.iter().map(|layer| layer::read(&layer::decompress(&layer.blob)?)).collect();
        Ok(layer::flatten(layers?))
    }

    /// What programs are told about it.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            tag: self.tag.clone(),
            digest: self.digest(),
            config: self.manifest.config.digest.clone(),
            architecture: self.architecture.clone(),
            bytes: self.blobs().map(|blob| blob.len() as u64).sum(),
            uncompressed_bytes: self.layers.iter().map(|layer| layer.uncompressed_bytes).sum(),
        }
    }
}
