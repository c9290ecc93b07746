//! Images made here, for histories that are about deployments and not about pushes.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;

use super::image::architecture;
use super::manifest::OCI_MANIFEST;
use super::{Blob, Digest, Mutability, Refused, Registry, Repository};

impl Registry {
    /// Puts an image of one small file with this environment into a repository, which is made when
    /// there is none, with mutable tags. The same environment makes the same image.
    pub fn seed(
        &self,
        repository: &str,
        tag: Option<&str>,
        environment: &[(&str, &str)],
        at: Timestamp,
    ) -> Result<Digest, Refused> {
        self.create_repository(repository, Mutability::MUTABLE, at);
        let mut state = self.lock();
        let Some(repository) = state.repositories.get_mut(repository) else {
            return Err(Refused::Invalid(format!("there is no repository {repository}")));
        };
        let manifest = image(repository, environment).map_err(|error| Refused::Invalid(error.to_string()))?;
        repository.put(&manifest, None, tag, None, at)
    }
}

/// The manifest of an image whose blobs are put into the repository.
pub(crate) fn image(repository: &mut Repository, environment: &[(&str, &str)]) -> std::io::Result<Bytes> {
    let environment: Vec<_> = environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    let program = environment.join("\n");
    header.set_size(program.len() as u64);
    header.set_mode(0o755);
    archive.append_data(&mut header, "app", program.as_bytes())?;
    let layer = put_blob(repository, archive.into_inner()?)?;
    let config = json!({
        "architecture": architecture(), "os": "linux",
        "config": { "Entrypoint": ["/app"], "Cmd": null, "Env": environment },
        "rootfs": { "type": "layers", "diff_ids": [layer.0] },
    });
    let config = put_blob(repository, config.to_string())?;
    let manifest = json!({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST,
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": config.0, "size": config.1 },
        "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer.0, "size": layer.1 }],
    });
    Ok(manifest.to_string().into())
}

/// Puts a blob into a repository, and returns its digest and size.
pub(crate) fn put_blob(repository: &mut Repository, bytes: impl Into<Bytes>) -> std::io::Result<(Digest, usize)> {
    let bytes = bytes.into();
    let (digest, size) = (Digest::of(&bytes), bytes.len());
    repository.blobs.insert(digest.clone(), Blob::of_parts(&[bytes])?);
    Ok((digest, size))
}
