//! ECR: what is in a repository, and moving a tag without moving a layer.

mod login;
mod put;
mod repository;

use anyhow::{Context as _, bail};
use aws_sdk_ecr::operation::describe_images::DescribeImagesError;
use aws_sdk_ecr::types::{ImageFailureCode, ImageIdentifier};
use jiff::Timestamp;

use super::Clients;
use crate::release::Digest;

pub use login::Login;
pub(crate) use put::NotPut;

/// The kinds of manifest that are asked for as they are stored, and not converted.
const MANIFESTS: [&str; 4] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// A name of an image in a repository.
#[derive(Clone, Copy, Debug)]
pub enum Reference<'a> {
    /// A tag, which may point at another image tomorrow unless it is immutable.
    Tag(&'a str),
    /// A digest.
    Digest(&'a Digest),
}

/// An image in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The digest of its manifest.
    pub digest: Digest,
    /// All of its tags.
    pub tags: Vec<String>,
    /// When it was pushed.
    pub pushed_at: Option<Timestamp>,
    /// Its size in the registry, in bytes.
    pub bytes: u64,
}

/// A manifest as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredManifest {
    /// Its digest, which was checked.
    pub(crate) digest: Digest,
    /// What it is.
    pub(crate) media_type: Option<String>,
    /// The document, byte by byte.
    pub(crate) text: String,
}

impl Reference<'_> {
    fn identifier(self) -> ImageIdentifier {
        match self {
            Self::Tag(tag) => ImageIdentifier::builder().image_tag(tag).build(),
            Self::Digest(digest) => ImageIdentifier::builder().image_digest(digest.as_str()).build(),
        }
    }
}

impl std::fmt::Display for Reference<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tag(tag) => formatter.write_str(tag),
            Self::Digest(digest) => formatter.write_str(digest.as_str()),
        }
    }
}

impl Clients {
    /// The name of a repository as task definitions have it, with the registry's host.
    pub async fn repository_uri(&self, repository: &str) -> anyhow::Result<String> {
        let answer = self
            .ecr
            .describe_repositories()
            .repository_names(repository)
            .send()
            .await
            .with_context(|| format!("failed to describe the repository {repository}"))?;
        let found = answer.repositories().iter().find_map(|found| found.repository_uri());
        found.map(str::to_owned).with_context(|| format!("ECR gave no address for the repository {repository}"))
    }

    /// An image, or none when no image has that name.
    pub async fn image(&self, repository: &str, reference: Reference<'_>) -> anyhow::Result<Option<Image>> {
        let call = self.ecr.describe_images().repository_name(repository).image_ids(reference.identifier());
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(DescribeImagesError::is_image_not_found_exception) => {
                return Ok(None);
            }
            Err(error) => {
                return Err(error).with_context(|| format!("failed to look for {repository}:{reference} in ECR"));
            }
        };
        let Some(detail) = answer.image_details().first() else {
            return Ok(None);
        };
        let digest = detail.image_digest().context("ECR described an image without a digest")?;
        let mut tags = detail.image_tags().to_vec();
        tags.sort();
        Ok(Some(Image {
            digest: digest.parse().context("ECR described an image")?,
            tags,
            pushed_at: detail.image_pushed_at().and_then(|at| Timestamp::new(at.secs(), 0).ok()),
            bytes: detail.image_size_in_bytes().and_then(|bytes| bytes.try_into().ok()).unwrap_or_default(),
        }))
    }

    /// The digest that a tag stands for now, or none.
    pub async fn digest_of_tag(&self, repository: &str, tag: &str) -> anyhow::Result<Option<Digest>> {
        Ok(self.image(repository, Reference::Tag(tag)).await?.map(|image| image.digest))
    }

    /// A manifest, or none when no image has that name.
    pub(crate) async fn manifest(
        &self,
        repository: &str,
        reference: Reference<'_>,
    ) -> anyhow::Result<Option<StoredManifest>> {
        let mut call = self.ecr.batch_get_image().repository_name(repository).image_ids(reference.identifier());
        for media_type in MANIFESTS {
            call = call.accepted_media_types(media_type);
        }
        let answer =
            call.send().await.with_context(|| format!("failed to get the manifest of {repository}:{reference}"))?;
        if let Some(image) = answer.images().first() {
            let text = image.image_manifest().context("ECR gave an image without a manifest")?.to_owned();
            let digest = Digest::of(text.as_bytes());
            let named = image.image_id().and_then(|id| id.image_digest());
            if named.is_some_and(|named| named != digest.as_str()) {
                bail!("ECR gave a manifest for {repository}:{reference} that has another digest: {digest}");
            }
            return Ok(Some(StoredManifest {
                digest,
                media_type: image.image_manifest_media_type().map(str::to_owned),
                text,
            }));
        }
        let Some(failure) = answer.failures().first() else {
            return Ok(None);
        };
        match failure.failure_code().map(ImageFailureCode::as_str) {
            Some("ImageNotFound") => Ok(None),
            code => bail!(
                "ECR did not give the manifest of {repository}:{reference}: {} ({})",
                failure.failure_reason().unwrap_or("no reason"),
                code.unwrap_or("no code"),
            ),
        }
    }

    /// Deletes a manifest with all of its tags; nothing when it is not there. No other manifest is
    /// touched, whatever the tags point at by now.
    pub(crate) async fn delete_manifest(&self, repository: &str, digest: &Digest) -> anyhow::Result<()> {
        let answer = self
            .ecr
            .batch_delete_image()
            .repository_name(repository)
            .image_ids(Reference::Digest(digest).identifier())
            .send()
            .await
            .with_context(|| format!("failed to delete {repository}@{digest}"))?;
        let failures = answer.failures().iter();
        let mut grave =
            failures.filter(|failure| failure.failure_code().is_none_or(|code| code.as_str() != "ImageNotFound"));
        match grave.next() {
            None => Ok(()),
            Some(failure) => bail!(
                "ECR did not delete {repository}@{digest}: {}",
                failure.failure_reason().unwrap_or("it gave no reason")
            ),
        }
    }
}
