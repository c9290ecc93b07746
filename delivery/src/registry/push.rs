//! An image from a layout into the registry: only what is missing, nothing when it is there.

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{Method, Response, StatusCode};

use super::call::{Call, refusal};
use super::document::MANIFEST;
use super::upload::Source;
use super::{Layout, Registry};
use crate::exit::Ending;
use crate::release::Digest;

/// What a push came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The digest that the registry has under the tag.
    pub digest: Digest,
    /// How many blobs were sent.
    pub blobs: usize,
    /// How many bytes they have.
    pub bytes: u64,
    /// Whether the digest was there beforehand.
    pub known: bool,
}

impl Registry {
    /// Brings the image of a layout into the repository, under this tag, which must not move.
    ///
    /// A push that was cut off is done again by the same call.
    pub async fn push(&self, layout: &Layout, tag: &str) -> anyhow::Result<Pushed> {
        let digest = layout.digest().clone();
        match self.digest_of(tag).await? {
            Some(there) if there == digest => return Ok(Pushed { digest, blobs: 0, bytes: 0, known: true }),
            Some(there) => {
                return Err(Ending::refused(format!(
                    "{}:{tag} is {there} already, and the layout has {digest}: the same commit must give the same \
                     image, and a tag of a commit never moves",
                    self.repository()
                ))
                .into());
            }
            None => {}
        }
        let known = self.digest_of(digest.as_str()).await?.is_some();
        let (mut blobs, mut bytes) = (0, 0);
        if !known {
            for blob in &layout.blobs {
                if self.upload(blob, Source::File(&layout.path(&blob.digest))).await? {
                    blobs += 1;
                    bytes += blob.size;
                }
            }
        }
        self.put_manifest(tag, MANIFEST, &layout.manifest).await?;
        let there = self.digest_of(tag).await?.context("the registry took the manifest and does not have it")?;
        ensure!(there == digest, "the registry has {there} under {tag} after {digest} was pushed");
        Ok(Pushed { digest, blobs, bytes, known })
    }

    /// The digest of what a tag or digest stands for, or none.
    pub(super) async fn digest_of(&self, reference: &str) -> anyhow::Result<Option<Digest>> {
        let response = self.call(&Call::new(Method::HEAD, format!("manifests/{reference}"))).await?;
        match response.status() {
            StatusCode::OK => Ok(Some(digest_in(&response).context("the registry did not name a digest")?)),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(refusal(&response, "the question for a manifest")),
        }
    }

    /// Puts a manifest under a tag or its digest. That it is there from a lost attempt is as good.
    pub(super) async fn put_manifest(&self, reference: &str, media_type: &str, manifest: &[u8]) -> anyhow::Result<()> {
        let digest = Digest::of(manifest);
        let call = Call::new(Method::PUT, format!("manifests/{reference}"));
        let call = call.with_body(media_type, Bytes::copy_from_slice(manifest));
        let response = self.call(&call).await?;
        if response.status() == StatusCode::CREATED {
            if let Some(said) = digest_in(&response) {
                ensure!(said == digest, "the registry took a manifest as {said} that has the digest {digest}");
            }
            return Ok(());
        }
        if self.digest_of(reference).await?.as_ref() == Some(&digest) {
            return Ok(());
        }
        Err(refusal(&response, &format!("the manifest of {}:{reference}", self.repository())))
    }
}

fn digest_in(response: &Response<Bytes>) -> Option<Digest> {
    response.headers().get("docker-content-digest")?.to_str().ok()?.parse().ok()
}
