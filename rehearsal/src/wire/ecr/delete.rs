//! `BatchDeleteImage`: by a tag, which goes, with the image when it was the last; or by a digest, with all its tags.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ImageId, invalid, required, with_repository};
use crate::registry::{Registry, Repository};
use crate::wire::json::{Answer, Call};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Input {
    registry_id: Option<String>,
    repository_name: Option<String>,
    image_ids: Option<Vec<ImageId>>,
}

pub(super) fn delete(registry: &Registry, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let ids = required(input.image_ids.as_ref(), "imageIds")?;
    if !(1..=100).contains(&ids.len()) {
        return Err(invalid("imageIds", "Member must have length between 1 and 100"));
    }
    let (id, name) = (input.registry_id.as_deref(), input.repository_name.as_deref());
    with_repository(registry, id, name, |repository| {
        let (mut deleted, mut failures): (Vec<Value>, Vec<Value>) = Default::default();
        for id in ids {
            match delete_one(repository, id) {
                Ok(gone) => deleted.extend(gone),
                Err(failure) => failures.push(id.failure(failure)),
            }
        }
        Ok(json!({ "imageIds": deleted, "failures": failures }))
    })
}

fn delete_one(repository: &mut Repository, id: &ImageId) -> Result<Vec<Value>, (&'static str, String)> {
    let digest = id.find(repository)?;
    let tags = repository.tags_of(&digest);
    if let Some(tag) = id.image_tag.as_deref().filter(|_| tags.len() > 1) {
        repository.tags.remove(tag);
        return Ok(vec![ImageId::of(&digest, Some(tag))]);
    }
    if let Some(holder) = repository.holder(&digest) {
        let reason = format!("Requested image referenced by manifest list: [{holder}]");
        return Err(("ImageReferencedByManifestList", reason));
    }
    repository.delete(&digest);
    if tags.is_empty() {
        return Ok(vec![ImageId::of(&digest, None)]);
    }
    Ok(tags.iter().map(|tag| ImageId::of(&digest, Some(tag))).collect())
}
