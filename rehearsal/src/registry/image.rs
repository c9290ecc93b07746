//! An image as a runtime needs it: how to start it, and its files.

use std::io;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use super::{Blob, Digest};

/// An image for this machine.
#[derive(Clone, Debug)]
pub struct Image {
    /// The digest of its manifest; not of the index that it was found through.
    pub digest: Digest,
    /// How it is started.
    pub configuration: Configuration,
    /// Its layers, the lowest first.
    pub layers: Vec<Layer>,
}

/// How an image is started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Configuration {
    /// The environment, `NAME=value`.
    #[serde(deserialize_with = "null_is_empty")]
    pub env: Vec<String>,
    /// What is run.
    #[serde(deserialize_with = "null_is_empty")]
    pub entrypoint: Vec<String>,
    /// Its arguments, or what is run when there is no entrypoint.
    #[serde(deserialize_with = "null_is_empty")]
    pub cmd: Vec<String>,
    /// `user`, `uid` or `uid:gid`; empty for root.
    pub user: String,
    /// The folder that it is started in; empty for `/`.
    pub working_dir: String,
    /// The signal that ends it; empty for SIGTERM.
    pub stop_signal: String,
}

/// A layer: a tar archive of what it adds, with whiteouts for what it takes away.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Its media type, which says how it is compressed.
    pub media_type: String,
    /// The archive, as it was pushed.
    pub blob: Blob,
}

impl Layer {
    /// Reads the archive, uncompressed.
    pub fn tar(&self) -> io::Result<Box<dyn io::Read + Send>> {
        match self.media_type.rsplit(['.', '+']).next() {
            Some("gzip") => Ok(Box::new(MultiGzDecoder::new(self.blob.reader()))),
            Some("tar") => Ok(Box::new(self.blob.reader())),
            _ => Err(io::Error::other(format!("layers of the type {} cannot be unpacked here", self.media_type))),
        }
    }
}

/// The part of the image configuration that is read.
#[derive(Deserialize)]
pub(super) struct ImageConfiguration {
    #[serde(default)]
    pub(super) config: Option<Configuration>,
    pub(super) architecture: Option<String>,
    pub(super) os: Option<String>,
}

fn null_is_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// This machine's architecture in the words of images.
pub(super) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
