//! What refers to an image: small documents stored beside it, found by its digest.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::header::LINK;
use http::{Method, Response, StatusCode};
use url::Url;

use super::Registry;
use super::call::{Call, refusal};
use super::document::{Descriptor, EMPTY, Index, MANIFEST, Manifest};
use super::upload::Source;
use crate::release::Digest;

/// No document that refers to an image is larger.
const DOCUMENT_LIMIT: u64 = 1 << 20;
/// How many pages of referrers are read at the most.
const PAGES: usize = 100;

/// A document about an image.
#[derive(Clone, Debug)]
pub(crate) struct Artifact<'a> {
    /// What kind of document.
    pub(crate) kind: &'a str,
    /// The media type of its content.
    pub(crate) media_type: &'a str,
    /// Its content.
    pub(crate) content: &'a [u8],
    /// What is said about it, for whoever lists.
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Registry {
    /// Stores a document about the image of this digest, which must be there. The same document is
    /// stored once, however often this is called.
    pub(crate) async fn attach(&self, subject: &Digest, artifact: &Artifact<'_>) -> anyhow::Result<Digest> {
        let image = self.manifest_of(subject).await?;
        let layer = Descriptor::of(artifact.media_type, artifact.content);
        self.upload(&layer, Source::Memory(artifact.content)).await?;
        self.ensure_empty_blob().await?;
        let mut manifest = Manifest::artifact(artifact.kind, vec![layer]);
        manifest.annotations.clone_from(&artifact.annotations);
        manifest.subject = Some(image);
        let manifest = serde_json::to_vec(&manifest)?;
        let digest = Digest::of(&manifest);
        self.put_manifest(digest.as_str(), MANIFEST, &manifest).await?;
        Ok(digest)
    }

    /// The documents of a kind about the image of a digest, in no order.
    pub(crate) async fn referrers(&self, subject: &Digest, kind: &str) -> anyhow::Result<Vec<Descriptor>> {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("artifactType", kind);
        let mut call = Call::new(Method::GET, format!("referrers/{subject}?{}", query.finish()));
        let mut found = Vec::new();
        for _ in 0..PAGES {
            let response = self.call(&call).await?;
            ensure!(response.status() == StatusCode::OK, refusal(&response, "the question for referrers"));
            let index: Index = serde_json::from_slice(response.body()).context("in the list of referrers")?;
            // A registry need not filter.
            found.extend(index.manifests.into_iter().filter(|one| one.artifact_type.as_deref() == Some(kind)));
            match self.next_page(&response).await? {
                Some(next) => call = Call::to(Method::GET, next),
                None => return Ok(found),
            }
        }
        anyhow::bail!("there are more than {PAGES} pages of documents about {subject}")
    }

    /// The manifest of a document, checked.
    pub(crate) async fn fetch_manifest(&self, digest: &Digest) -> anyhow::Result<Bytes> {
        let response = self.call(&Call::new(Method::GET, format!("manifests/{digest}"))).await?;
        checked(response, digest)
    }

    /// A small blob, checked.
    pub(crate) async fn fetch_blob(&self, descriptor: &Descriptor) -> anyhow::Result<Bytes> {
        let Descriptor { digest, size, .. } = descriptor;
        ensure!(*size <= DOCUMENT_LIMIT, "{digest} has {size} bytes, more than a document may");
        let response = self.get_following(format!("blobs/{digest}")).await?;
        checked(response, digest)
    }

    /// Makes sure that the configuration that says nothing is there: manifests of documents name it.
    pub(crate) async fn ensure_empty_blob(&self) -> anyhow::Result<()> {
        self.upload(&Descriptor::empty(), Source::Memory(EMPTY)).await.map(|_| ())
    }

    /// What points at the image of a digest.
    async fn manifest_of(&self, digest: &Digest) -> anyhow::Result<Descriptor> {
        let response = self.call(&Call::new(Method::GET, format!("manifests/{digest}"))).await?;
        let media_type = response.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or(MANIFEST).to_owned();
        Ok(Descriptor::of(&media_type, &checked(response, digest)?))
    }

    async fn next_page(&self, response: &Response<Bytes>) -> anyhow::Result<Option<Url>> {
        let Some(link) = response.headers().get(LINK).and_then(|value| value.to_str().ok()) else {
            return Ok(None);
        };
        match next_of(link) {
            Some(next) => self.resolve(next).await.map(Some),
            None => Ok(None),
        }
    }
}

/// The target of a link to the next page (RFC 8288).
fn next_of(link: &str) -> Option<&str> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let is_next = parameters.split(';').any(|one| matches!(one.trim(), "rel=\"next\"" | "rel=next"));
    is_next.then_some(target)
}

fn checked(response: Response<Bytes>, digest: &Digest) -> anyhow::Result<Bytes> {
    ensure!(response.status() == StatusCode::OK, refusal(&response, &format!("the question for {digest}")));
    let body = response.into_body();
    ensure!(Digest::of(&body) == *digest, "the registry gave something else for {digest}");
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_next_page_only_when_it_says_so() {
        for (link, expected) in [
            ("</v2/a/referrers/b?n=1&last=c>; rel=\"next\"", Some("/v2/a/referrers/b?n=1&last=c")),
            ("<https://host/x>; rel=next", Some("https://host/x")),
            ("</x>; rel=\"prev\"", None),
            ("", None),
        ] {
            assert_eq!(next_of(link), expected, "{link}");
        }
    }
}
