//! The documents of an OCI image: index, manifest and configuration, with their fields in a fixed
//! order, because their bytes are what a digest is of.
//!
//! The names are those of the [OCI image specification](https://github.com/opencontainers/image-spec).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The media type of an index.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The media type of a manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of a configuration.
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// The media type of a layer compressed by gzip.
pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// The annotation that names an image in a layout.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The `index.json` of a layout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u8,
    /// [`INDEX`]; optional when read.
    #[serde(default)]
    pub media_type: String,
    /// The images.
    pub manifests: Vec<Descriptor>,
}

/// What points at a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the blob is.
    pub media_type: String,
    /// Its digest, which is its name.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// The platform, in an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Whatever else is said about it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// What points at these bytes.
    #[must_use]
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            platform: None,
            annotations: BTreeMap::new(),
        }
    }
}

/// What an image runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// The processor, `amd64` or `arm64`.
    pub architecture: String,
    /// The operating system, `linux`.
    pub os: String,
}

/// The manifest of one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u8,
    /// [`MANIFEST`].
    #[serde(default)]
    pub media_type: String,
    /// The configuration.
    pub config: Descriptor,
    /// The layers, the lowest first.
    pub layers: Vec<Descriptor>,
}

/// The configuration of an image: what it is and how it is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Configuration {
    /// When it was made, as RFC 3339 has it.
    pub created: String,
    /// The processor.
    pub architecture: String,
    /// The operating system.
    pub os: String,
    /// How it is run.
    pub config: Runtime,
    /// Its layers.
    pub rootfs: RootFs,
    /// How its layers came to be, one entry a layer.
    pub history: Vec<History>,
}

/// How a container of the image is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Runtime {
    /// `user:group`, as numbers because the image has no `/etc/passwd`.
    pub user: String,
    /// The ports that it listens on, `8080/tcp`.
    pub exposed_ports: ExposedPorts,
    /// The environment.
    pub env: Vec<String>,
    /// The program and its first arguments.
    pub entrypoint: Vec<String>,
    /// The arguments when none are given.
    pub cmd: Vec<String>,
    /// Docker's extension: how the container's health is asked for.
    pub healthcheck: Healthcheck,
    /// The folder in which it starts.
    pub working_dir: String,
    /// What is said about the image.
    pub labels: BTreeMap<String, String>,
    /// The signal that asks it to stop.
    pub stop_signal: String,
}

/// The ports, which the specification wants as the keys of an object with empty objects in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExposedPorts(pub Vec<String>);

impl Serialize for ExposedPorts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Empty {}
        serializer.collect_map(self.0.iter().map(|port| (port, Empty {})))
    }
}

/// A container's health check; times in nanoseconds, as Docker has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Healthcheck {
    /// `CMD` and the command, in exec form.
    pub test: Vec<String>,
    /// The time between two checks.
    pub interval: u64,
    /// How long one may take.
    pub timeout: u64,
    /// How long failures do not count after the start.
    pub start_period: u64,
    /// How many failures in a row make it unhealthy.
    pub retries: u32,
}

/// The layers by the digests of their uncompressed archives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFs {
    /// Always `layers`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The digests, the lowest layer first.
    pub diff_ids: Vec<Digest>,
}

/// How a layer came to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct History {
    /// When.
    pub created: String,
    /// By what.
    pub created_by: String,
}
