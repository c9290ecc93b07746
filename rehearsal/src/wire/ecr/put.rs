//! `PutImage`: a manifest under a tag, which is also how a tag is given to an image without a pull.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::{images, invalid, required, with_repository};
use crate::registry::{Digest, Refused, Registry, is_tag, tag_taken};
use crate::wire::json::{Answer, Call, Error};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Input {
    registry_id: Option<String>,
    repository_name: Option<String>,
    image_manifest: Option<String>,
    image_manifest_media_type: Option<String>,
    image_tag: Option<String>,
    image_digest: Option<String>,
}

pub(super) fn put(registry: &Registry, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let manifest = Bytes::from(required(input.image_manifest.as_ref(), "imageManifest")?.clone());
    let tag = input.image_tag.as_deref();
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Err(invalid("imageTag", "must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}'"));
    }
    let announced = match &input.image_digest {
        None => None,
        Some(text) => Some(text.parse::<Digest>().map_err(|error| invalid("imageDigest", &error.to_string()))?),
    };
    let sent_as = input.image_manifest_media_type.as_deref();
    let (id, name) = (input.registry_id.as_deref(), input.repository_name.as_deref());
    with_repository(registry, id, name, |repository| {
        let put = repository.put(&manifest, sent_as, tag, announced.as_ref(), call.now);
        let digest = put.map_err(|refused| refusal(refused, tag, &repository.name, registry.account()))?;
        let stored =
            repository.manifests.get(&digest).map(|stored| images::view(registry, repository, &digest, tag, stored));
        Ok(json!({ "image": stored }))
    })
}

fn refusal(refused: Refused, tag: Option<&str>, name: &str, account: &str) -> Error {
    let list = |digests: &[Digest]| digests.iter().map(Digest::as_str).collect::<Vec<_>>().join(", ");
    let place = format!("repository with name '{name}' in the registry with id '{account}'");
    match refused {
        Refused::Invalid(reason) => {
            let message = format!("Invalid parameter at 'imageManifest' failed to satisfy constraint: '{reason}'");
            Error::client("InvalidParameterException", message)
        }
        Refused::OtherDigest(found) => {
            let message = format!("The image manifest has the digest '{found}', which is not the given imageDigest");
            Error::client("ImageDigestDoesNotMatchException", message)
        }
        Refused::BlobsMissing(digests) => {
            let message = format!(
                "Layers with digests '[{}]' required for pushing image into {place} do not exist",
                list(&digests)
            );
            Error::client("LayersNotFoundException", message)
        }
        Refused::ManifestsMissing(digests) => {
            let message = format!(
                "Images with digests '[{}]' required for pushing image into {place} do not exist",
                list(&digests)
            );
            Error::client("ReferencedImagesNotFoundException", message)
        }
        Refused::TagTaken => Error::client("ImageTagAlreadyExistsException", tag_taken(tag.unwrap_or_default(), name)),
        Refused::Unchanged(digest) => {
            let tagged = tag.map(|tag| format!(" and tag '{tag}'")).unwrap_or_default();
            let message = format!("Image with digest '{digest}'{tagged} already exists in the {place}");
            Error::client("ImageAlreadyExistsException", message)
        }
    }
}
