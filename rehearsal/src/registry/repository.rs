//! A repository: its blobs, its manifests by digest, its tags.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::Timestamp;

use super::{Blob, Descriptor, Digest, Manifest, Mutability};

/// A repository.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether its tags can be moved.
    pub mutability: Mutability,
    /// Its blobs.
    pub blobs: BTreeMap<Digest, Blob>,
    /// Its manifests.
    pub manifests: BTreeMap<Digest, Stored>,
    /// Its tags and what they point at.
    pub tags: BTreeMap<String, Digest>,
}

/// A manifest that a repository holds.
#[derive(Clone, Debug)]
pub struct Stored {
    /// As it was pushed, byte by byte.
    pub bytes: Bytes,
    /// Its media type.
    pub media_type: String,
    /// What it says.
    pub manifest: Manifest,
    /// When it was pushed last.
    pub pushed_at: Timestamp,
}

/// Why a repository does not take a manifest.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// It cannot be read.
    Invalid(String),
    /// It was announced under another digest.
    OtherDigest(Digest),
    /// These blobs have to be pushed first.
    BlobsMissing(Vec<Digest>),
    /// These manifests, which the index names, have to be pushed first.
    ManifestsMissing(Vec<Digest>),
    /// The tag points at another manifest and cannot be moved.
    TagTaken,
    /// It is there already, under this tag when there is one.
    Unchanged(Digest),
}

impl Repository {
    pub(crate) fn new(name: &str, mutability: Mutability, created_at: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            created_at,
            mutability,
            blobs: BTreeMap::new(),
            manifests: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }

    /// Takes a manifest, and points the tag at it.
    pub(crate) fn put(
        &mut self,
        bytes: &Bytes,
        sent_as: Option<&str>,
        tag: Option<&str>,
        announced: Option<&Digest>,
        at: Timestamp,
    ) -> Result<Digest, Refused> {
        let digest = Digest::of(bytes);
        if announced.is_some_and(|announced| *announced != digest) {
            return Err(Refused::OtherDigest(digest));
        }
        let (manifest, media_type) = Manifest::read(bytes, sent_as).map_err(Refused::Invalid)?;
        let known = self.manifests.contains_key(&digest);
        let unchanged = known && tag.is_none_or(|tag| self.tags.get(tag) == Some(&digest));
        if unchanged {
            return Err(Refused::Unchanged(digest));
        }
        if tag.is_some_and(|tag| self.tags.contains_key(tag) && !self.mutability.can_move(tag)) {
            return Err(Refused::TagTaken);
        }
        let missing = |descriptor: &Descriptor| !self.blobs.contains_key(&descriptor.digest);
        let blobs: BTreeSet<_> =
            manifest.blobs().filter(|blob| missing(blob)).map(|blob| blob.digest.clone()).collect();
        if !blobs.is_empty() {
            return Err(Refused::BlobsMissing(blobs.into_iter().collect()));
        }
        let children = manifest.manifests.iter().map(|child| &child.digest);
        let children: BTreeSet<_> = children.filter(|child| !self.manifests.contains_key(child)).cloned().collect();
        if !children.is_empty() {
            return Err(Refused::ManifestsMissing(children.into_iter().collect()));
        }
        if let Some(tag) = tag {
            self.tags.insert(tag.to_owned(), digest.clone());
        }
        if !known {
            let stored = Stored { bytes: bytes.clone(), media_type, manifest, pushed_at: at };
            self.manifests.insert(digest.clone(), stored);
        }
        Ok(digest)
    }

    /// What a reference points at: a tag, or a digest.
    #[must_use]
    pub fn find(&self, reference: &str) -> Option<(Digest, &Stored)> {
        let digest = match reference.parse() {
            Ok(digest) => digest,
            Err(_) => self.tags.get(reference)?.clone(),
        };
        self.manifests.get(&digest).map(|stored| (digest, stored))
    }

    /// The tags of a manifest, in order.
    #[must_use]
    pub fn tags_of(&self, digest: &Digest) -> Vec<String> {
        self.tags.iter().filter(|(_, target)| *target == digest).map(|(tag, _)| tag.clone()).collect()
    }

    /// The manifests that are about this digest, whether it is there or not.
    #[must_use]
    pub fn referrers(&self, subject: &Digest) -> Vec<Descriptor> {
        let about = |stored: &&Stored| stored.manifest.subject.as_ref().is_some_and(|of| of.digest == *subject);
        self.manifests
            .iter()
            .filter(|(_, stored)| about(stored))
            .map(|(digest, stored)| Descriptor {
                media_type: stored.media_type.clone(),
                digest: digest.clone(),
                size: stored.bytes.len() as u64,
                artifact_type: stored.manifest.kind().map(str::to_owned),
                annotations: stored.manifest.annotations.clone(),
                platform: None,
            })
            .collect()
    }

    /// The index that names this manifest, which keeps it from being deleted.
    pub(crate) fn holder(&self, digest: &Digest) -> Option<&Digest> {
        let holds = |stored: &Stored| stored.manifest.manifests.iter().any(|child| child.digest == *digest);
        self.manifests.iter().find(|(_, stored)| holds(stored)).map(|(holder, _)| holder)
    }

    /// Deletes a manifest and its tags.
    pub(crate) fn delete(&mut self, digest: &Digest) {
        self.manifests.remove(digest);
        self.tags.retain(|_, target| target != digest);
    }

    /// The size that ECR tells of an image: its blobs and itself; of an index, its largest image.
    pub fn size_of(&self, stored: &Stored) -> u64 {
        let blobs: u64 = stored.manifest.config.iter().chain(&stored.manifest.layers).map(|blob| blob.size).sum();
        let children = stored.manifest.manifests.iter().filter_map(|child| self.manifests.get(&child.digest));
        let largest = children.map(|child| self.size_of(child)).max().unwrap_or_default();
        stored.bytes.len() as u64 + blobs + largest
    }
}
