//! Putting manifests, and with them tags.

use anyhow::{Context as _, anyhow};
use aws_sdk_ecr::operation::put_image::PutImageError;

use super::{Reference, StoredManifest};
use crate::aws::Clients;
use crate::exit::Ending;
use crate::release::Digest;

/// Why a manifest was not put.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotPut {
    /// The tag points at another manifest, and may not be moved.
    #[error("the tag {0} is taken and immutable")]
    TagTaken(String),
    /// A blob that it names is missing.
    #[error("a blob of the manifest is not in the repository")]
    BlobMissing,
    /// It is not known whether it was: every attempt failed or was not answered.
    #[error("failed to put a manifest: {0:#}")]
    Unknown(anyhow::Error),
}

impl Clients {
    /// Puts a manifest under a tag. That it is there already, from a lost attempt say, is as good.
    pub(crate) async fn put_manifest(
        &self,
        repository: &str,
        manifest: &StoredManifest,
        tag: &str,
    ) -> Result<(), NotPut> {
        let call = self
            .ecr
            .put_image()
            .repository_name(repository)
            .image_manifest(&manifest.text)
            .set_image_manifest_media_type(manifest.media_type.clone())
            .image_digest(manifest.digest.as_str())
            .image_tag(tag);
        let Err(error) = call.send().await else {
            return Ok(());
        };
        match error.as_service_error() {
            Some(PutImageError::ImageAlreadyExistsException(_)) => Ok(()),
            Some(PutImageError::ImageTagAlreadyExistsException(_)) => Err(NotPut::TagTaken(tag.to_owned())),
            Some(PutImageError::LayersNotFoundException(_)) => Err(NotPut::BlobMissing),
            _ => Err(NotPut::Unknown(error.into())),
        }
    }

    /// Points a tag that can be moved at the image of a digest, by its manifest: no layer is pulled or
    /// pushed. Whether anything changed.
    pub async fn retag(&self, repository: &str, digest: &Digest, tag: &str) -> anyhow::Result<bool> {
        if self.digest_of_tag(repository, tag).await?.as_ref() == Some(digest) {
            return Ok(false);
        }
        let manifest = self.manifest(repository, Reference::Digest(digest)).await?;
        let manifest = manifest.with_context(|| format!("{repository}@{digest} is not in the registry"))?;
        if manifest.digest != *digest {
            return Err(anyhow!("asked for {digest}, ECR gave the manifest of {}", manifest.digest));
        }
        match self.put_manifest(repository, &manifest, tag).await {
            Ok(()) => {}
            Err(NotPut::TagTaken(_)) => {
                return Err(Ending::refused(format!(
                    "the tag {tag} cannot be moved: exclude it from the immutability of the repository {repository} \
                     (IMMUTABLE_WITH_EXCLUSION with the filter `*-latest`)"
                ))
                .into());
            }
            Err(error) => {
                return Err(anyhow!(error).context(format!("failed to point {repository}:{tag} at {digest}")));
            }
        }
        let now = self.digest_of_tag(repository, tag).await?;
        if now.as_ref() != Some(digest) {
            return Err(anyhow!("{repository}:{tag} was pointed at {digest}, and somebody moved it at once"));
        }
        Ok(true)
    }
}
