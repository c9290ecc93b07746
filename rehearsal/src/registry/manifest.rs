//! Manifests: what of them a registry reads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Digest;

/// OCI's media type of an image manifest.
pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// OCI's media type of an index.
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Docker's media type of an image manifest.
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's media type of an index.
pub(crate) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// A manifest or an index.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The version of the format: 2.
    pub schema_version: u64,
    /// What it says it is.
    pub media_type: Option<String>,
    /// What kind of artifact it is, when it is not an image.
    pub artifact_type: Option<String>,
    /// The configuration, of a manifest.
    pub config: Option<Descriptor>,
    /// The layers, of a manifest.
    #[serde(default)]
    pub layers: Vec<Descriptor>,
    /// The manifests, of an index.
    #[serde(default)]
    pub manifests: Vec<Descriptor>,
    /// The manifest that this one is about.
    pub subject: Option<Descriptor>,
    /// What else is said of it.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

/// A reference to a blob or to a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its name.
    pub digest: Digest,
    /// How many bytes it has.
    pub size: u64,
    /// What kind of artifact a referrer is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// What else is said of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The machine that an image is for, in an index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
}

/// The machine that an image is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// `amd64`, `arm64`.
    pub architecture: String,
    /// `linux`.
    pub os: String,
}

impl Manifest {
    /// Reads a manifest that was sent as this media type; returns it with the media type that it has.
    pub(crate) fn read(bytes: &[u8], sent_as: Option<&str>) -> Result<(Self, String), String> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if manifest.schema_version != 2 {
            return Err(format!("schemaVersion {} is not supported", manifest.schema_version));
        }
        let media_type = match (sent_as, manifest.media_type.as_deref()) {
            (Some(sent), Some(said)) if sent != said => {
                return Err(format!("it was sent as {sent} and says that it is {said}"));
            }
            (Some(name), _) | (None, Some(name)) => name.to_owned(),
            (None, None) if manifest.config.is_some() => OCI_MANIFEST.to_owned(),
            (None, None) => OCI_INDEX.to_owned(),
        };
        match media_type.as_str() {
            OCI_MANIFEST | DOCKER_MANIFEST if manifest.config.is_none() => Err("a manifest needs a config".to_owned()),
            OCI_MANIFEST | DOCKER_MANIFEST | OCI_INDEX | DOCKER_LIST => Ok((manifest, media_type)),
            other => Err(format!("manifests of the type {other} are not supported")),
        }
    }

    /// The blobs that have to be there before it.
    pub(crate) fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        // Layers that must not be distributed stay where they are.
        let needed = |layer: &&Descriptor| {
            !layer.media_type.contains("foreign") && !layer.media_type.contains("nondistributable")
        };
        self.config.iter().chain(self.layers.iter().filter(needed))
    }

    /// What kind of artifact it is, as the referrers API says it.
    pub(crate) fn kind(&self) -> Option<&str> {
        self.artifact_type.as_deref().or(self.config.as_ref().map(|config| config.media_type.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_refused_for_what_is_wrong_with_it() {
        let config = format!(r#"{{"mediaType":"c","digest":"{}","size":1}}"#, Digest::of(b""));
        let cases = [
            (format!(r#"{{"schemaVersion":2,"config":{config}}}"#), Some(OCI_MANIFEST), "ok"),
            (format!(r#"{{"schemaVersion":2,"config":{config}}}"#), None, "ok"),
            (r#"{"schemaVersion":2,"manifests":[]}"#.to_owned(), None, "ok"),
            (r#"{"schemaVersion":2}"#.to_owned(), Some(OCI_MANIFEST), "needs a config"),
            (r#"{"schemaVersion":1}"#.to_owned(), None, "schemaVersion 1"),
            ("{".to_owned(), None, "EOF"),
            (format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}"}}"#), Some(DOCKER_LIST), "says that it is"),
            (r#"{"schemaVersion":2}"#.to_owned(), Some("text/plain"), "text/plain are not supported"),
            (r#"{"schemaVersion":2,"layers":[{"digest":"sha256:1"}]}"#.to_owned(), None, ""),
        ];
        for (text, sent_as, expected) in cases {
            match Manifest::read(text.as_bytes(), sent_as) {
                Ok(_) => assert_eq!(expected, "ok", "{text}"),
                Err(error) => assert!(error.contains(expected), "{text}: {error}"),
            }
        }
    }
}
