//! Which layers are there.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{invalid, required, with_repository};
use crate::registry::{Digest, Registry};
use crate::wire::json::{Answer, Call};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Input {
    registry_id: Option<String>,
    repository_name: Option<String>,
    layer_digests: Option<Vec<String>>,
}

pub(super) fn check(registry: &Registry, call: &Call<'_>) -> Answer {
    let input: Input = call.parse()?;
    let digests = required(input.layer_digests.as_ref(), "layerDigests")?;
    if !(1..=100).contains(&digests.len()) {
        return Err(invalid("layerDigests", "Member must have length between 1 and 100"));
    }
    let (id, name) = (input.registry_id.as_deref(), input.repository_name.as_deref());
    with_repository(registry, id, name, |repository| {
        let (mut layers, mut failures): (Vec<Value>, Vec<Value>) = Default::default();
        for text in digests {
            let Ok(digest) = text.parse::<Digest>() else {
                let reason = "Invalid request parameters: layer digest is not sha256 and 64 digits";
                failures.push(json!({
                    "layerDigest": text, "failureCode": "InvalidLayerDigest", "failureReason": reason,
                }));
                continue;
            };
            layers.push(match repository.blobs.get(&digest) {
                Some(blob) => {
                    json!({ "layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": blob.size() })
                }
                None => json!({ "layerDigest": digest, "layerAvailability": "UNAVAILABLE" }),
            });
        }
        Ok(json!({ "layers": layers, "failures": failures }))
    })
}
