//! Verdicts in the registry.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};

use super::{Evidence, Verdict, statement};
use crate::registry::{Artifact, Descriptor, Manifest, Registry};
use crate::release::Digest;
use crate::secret::Redactor;

/// The kind of our documents, among all that refer to an image.
const KIND: &str = "application/vnd.slipway.verdict.v1+json";
/// The media type of a statement.
const STATEMENT: &str = "application/vnd.in-toto+json";

impl Verdict {
    /// Stores the verdict beside its image, and returns the digest of the document.
    pub async fn record(&self, registry: &Registry, redactor: &Redactor) -> anyhow::Result<Digest> {
        let content = statement::write(registry.repository(), &self.redacted(redactor))?;
        let annotations = BTreeMap::from([
            ("slipway.environment".to_owned(), self.environment.to_string()),
            ("slipway.verdict".to_owned(), self.judgement.to_string()),
            ("org.opencontainers.image.created".to_owned(), self.ended.to_string()),
        ]);
        let artifact = Artifact { kind: KIND, media_type: STATEMENT, content: &content, annotations };
        let stored = registry.attach(&self.release.digest, &artifact).await;
        stored.with_context(|| format!("failed to record the verdict about {}", self.release))
    }

    fn redacted(&self, redactor: &Redactor) -> Self {
        let mut verdict = self.clone();
        verdict.reason = redactor.redact(&verdict.reason);
        for check in &mut verdict.checks {
            check.detail = redactor.redact(&check.detail);
        }
        verdict
    }
}

impl Evidence {
    /// All that was said about a digest. An error when the registry does not answer.
    pub async fn about(registry: &Registry, digest: &Digest) -> anyhow::Result<Self> {
        let what = || format!("failed to ask for the verdicts about {digest}");
        let mut evidence = Self::default();
        for document in registry.referrers(digest, KIND).await.with_context(what)? {
            let manifest = registry.fetch_manifest(&document.digest).await.with_context(what)?;
            let read = match layer_of(&manifest, digest) {
                Ok(layer) => {
                    let content = registry.fetch_blob(&layer).await.with_context(what)?;
                    statement::read(&content, digest)
                }
                Err(error) => Err(error),
            };
            match read {
                Ok(verdict) => evidence.verdicts.push(verdict),
                Err(error) => evidence.unreadable.push(format!("{}: {error:#}", document.digest)),
            }
        }
        // Of two at the same time the worse one counts as the newer.
        evidence.verdicts.sort_by_key(|verdict| (verdict.ended, verdict.judgement));
        evidence.unreadable.sort();
        Ok(evidence)
    }
}

/// The one layer of one of our documents about a digest.
fn layer_of(manifest: &[u8], digest: &Digest) -> anyhow::Result<Descriptor> {
    let manifest: Manifest = serde_json::from_slice(manifest).context("its manifest cannot be read")?;
    ensure!(manifest.artifact_type.as_deref() == Some(KIND), "its manifest is of another kind");
    let subject = manifest.subject.as_ref().map(|subject| &subject.digest);
    ensure!(subject == Some(digest), "its manifest is about another digest");
    match <[Descriptor; 1]>::try_from(manifest.layers) {
        Ok([layer]) if layer.media_type == STATEMENT => Ok(layer),
        Ok([layer]) => anyhow::bail!("its content is {}", layer.media_type),
        Err(layers) => anyhow::bail!("its manifest has {} layers", layers.len()),
    }
}
