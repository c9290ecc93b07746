//! Images, read.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ImageId, Paging, invalid, required, with_repository};
use crate::registry::{Digest, Registry, Repository, Stored};
use crate::wire::json::{Answer, Call, Error, epoch};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Input {
    registry_id: Option<String>,
    repository_name: Option<String>,
    image_ids: Option<Vec<ImageId>>,
    accepted_media_types: Option<Vec<String>>,
    filter: Option<Filter>,
    subject_id: Option<ImageId>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    tag_status: Option<String>,
    artifact_types: Option<Vec<String>>,
}

impl Input {
    fn repository<T>(
        &self,
        registry: &Registry,
        act: impl FnOnce(&Repository) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (id, name) = (self.registry_id.as_deref(), self.repository_name.as_deref());
        with_repository(registry, id, name, |repository| act(repository))
    }

    /// Whether an image with or without tags is asked for.
    fn wants(&self, tagged: bool) -> Result<bool, Error> {
        match self.filter.as_ref().and_then(|filter| filter.tag_status.as_deref()) {
            None | Some("ANY") => Ok(true),
            Some("TAGGED") => Ok(tagged),
            Some("UNTAGGED") => Ok(!tagged),
            Some(_) => Err(invalid("filter.tagStatus", "Member must satisfy enum value set: [TAGGED, UNTAGGED, ANY]")),
        }
    }
}

pub(super) fn describe(registry: &Registry, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    if input.image_ids.is_some() && (input.paging.max_results.is_some() || input.paging.next_token.is_some()) {
        return Err(invalid("imageIds", "maxResults and nextToken cannot be used with imageIds"));
    }
    let details = input.repository(registry, |repository| match &input.image_ids {
        Some(ids) => {
            let mut digests = Vec::new();
            for id in ids {
                let digest = id.find(repository).map_err(|failure| not_found(id, repository, registry, &failure))?;
                if !digests.contains(&digest) {
                    digests.push(digest);
                }
            }
            let stored = digests.iter().filter_map(|digest| Some((digest, repository.manifests.get(digest)?)));
            Ok(stored.map(|(digest, stored)| detail(registry, repository, digest, stored)).collect())
        }
        None => {
            let mut details = Vec::new();
            for (digest, stored) in &repository.manifests {
                if input.wants(!repository.tags_of(digest).is_empty())? {
                    details.push(detail(registry, repository, digest, stored));
                }
            }
            Ok(details)
        }
    })?;
    input.paging.answer("imageDetails", details, 1000)
}

pub(super) fn list(registry: &Registry, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let ids = input.repository(registry, |repository| {
        let mut ids = Vec::new();
        for digest in repository.manifests.keys() {
            let tags = repository.tags_of(digest);
            if !input.wants(!tags.is_empty())? {
                continue;
            }
            if tags.is_empty() {
                ids.push(ImageId::of(digest, None));
            }
            ids.extend(tags.iter().map(|tag| ImageId::of(digest, Some(tag))));
        }
        Ok(ids)
    })?;
    input.paging.answer("imageIds", ids, 1000)
}

pub(super) fn get(registry: &Registry, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let ids = required(input.image_ids.as_ref(), "imageIds")?;
    if !(1..=100).contains(&ids.len()) {
        return Err(invalid("imageIds", "Member must have length between 1 and 100"));
    }
    let accepts = |media_type: &str| match &input.accepted_media_types {
        Some(accepted) if !accepted.is_empty() => accepted.iter().any(|accepted| accepted == media_type),
        _ => true,
    };
    input.repository(registry, |repository| {
        let (mut images, mut failures): (Vec<Value>, Vec<Value>) = Default::default();
        for id in ids {
            let found = id.find(repository).and_then(|digest| {
                let stored = repository.manifests.get(&digest).filter(|stored| accepts(&stored.media_type));
                let stored = stored.ok_or(("ImageNotFound", "Requested image not found".to_owned()))?;
                Ok(view(registry, repository, &digest, id.image_tag.as_deref(), stored))
            });
            match found {
                Ok(image) => images.push(image),
                Err(failure) => failures.push(id.failure(failure)),
            }
        }
        Ok(json!({ "images": images, "failures": failures }))
    })
}

pub(super) fn referrers(registry: &Registry, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let subject = required(input.subject_id.as_ref().and_then(|id| id.image_digest.as_ref()), "subjectId.imageDigest")?;
    let subject: Digest =
        subject.parse().map_err(|error| Error::client("ValidationException", format!("subjectId: {error}")))?;
    let types = input.filter.as_ref().and_then(|filter| filter.artifact_types.as_ref());
    let found = input.repository(registry, |repository| Ok(repository.referrers(&subject)))?;
    let wanted = found.into_iter().filter(|referrer| {
        types.is_none_or(|types| referrer.artifact_type.as_ref().is_some_and(|kind| types.contains(kind)))
    });
    let views = wanted.map(|referrer| {
        let mut view = json!({
            "digest": referrer.digest,
            "mediaType": referrer.media_type,
            "size": referrer.size,
            "annotations": referrer.annotations,
            "artifactStatus": "ACTIVE",
        });
        if let Some(kind) = &referrer.artifact_type {
            view["artifactType"] = json!(kind);
        }
        view
    });
    input.paging.answer("referrers", views.collect(), 50)
}

/// An image with its manifest.
pub(super) fn view(
    registry: &Registry,
    repository: &Repository,
    digest: &Digest,
    tag: Option<&str>,
    stored: &Stored,
) -> Value {
    json!({
        "registryId": registry.account(),
        "repositoryName": repository.name,
        "imageId": ImageId::of(digest, tag),
        "imageManifest": String::from_utf8_lossy(&stored.bytes),
        "imageManifestMediaType": stored.media_type,
    })
}

fn detail(registry: &Registry, repository: &Repository, digest: &Digest, stored: &Stored) -> Value {
    let mut detail = json!({
        "registryId": registry.account(),
        "repositoryName": repository.name,
        "imageDigest": digest,
        "imageSizeInBytes": repository.size_of(stored),
        "imagePushedAt": epoch(stored.pushed_at),
        "imageManifestMediaType": stored.media_type,
        "imageStatus": "ACTIVE",
    });
    let tags = repository.tags_of(digest);
    if !tags.is_empty() {
        detail["imageTags"] = json!(tags);
    }
    if let Some(kind) = stored.manifest.kind() {
        detail["artifactMediaType"] = json!(kind);
    }
    if let Some(subject) = &stored.manifest.subject {
        detail["subjectManifestDigest"] = json!(subject.digest);
    }
    detail
}

fn not_found(id: &ImageId, repository: &Repository, registry: &Registry, failure: &(&str, String)) -> Error {
    if failure.0 == "InvalidImageDigest" || failure.0 == "MissingDigestAndTag" {
        return Error::client("InvalidParameterException", failure.1.clone());
    }
    let quoted = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".to_owned());
    let message = format!(
        "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository \
         with name '{}' in the registry with id '{}'",
        quoted(&id.image_digest),
        quoted(&id.image_tag),
        repository.name,
        registry.account()
    );
    Error::client("ImageNotFoundException", message)
}
