//! Manifests: out, in, and away.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, LOCATION};
use http::{Method, Response, StatusCode};

use super::{Asked, CONTENT_DIGEST, Problem, answer};
use crate::registry::{Digest, Refused, Stored, is_tag};

pub(super) fn get(asked: &Asked<'_>, reference: &str) -> Result<Response<Bytes>, Problem> {
    asked.repository(|repository| {
        let found = repository.find(reference);
        let (digest, stored) = found.ok_or_else(|| Problem::manifest_unknown("Requested image not found"))?;
        if !accepts(asked, &stored.media_type) {
            let message = format!("the manifest is of the type {}, which is not accepted", stored.media_type);
            return Err(Problem::manifest_unknown(&message));
        }
        let headers = [
            (CONTENT_TYPE, stored.media_type.clone()),
            (CONTENT_LENGTH, stored.bytes.len().to_string()),
            (HeaderName::from_static(CONTENT_DIGEST), digest.to_string()),
        ];
        let head = asked.request.method() == Method::HEAD;
        Ok(answer(StatusCode::OK, headers, if head { Bytes::new() } else { stored.bytes.clone() }))
    })
}

pub(super) fn put(asked: &Asked<'_>, reference: &str) -> Result<Response<Bytes>, Problem> {
    let digest: Option<Digest> = reference.parse().ok();
    let tag = digest.is_none().then_some(reference);
    if let Some(tag) = tag
        && !is_tag(tag)
    {
        return Err(if tag.contains(':') {
            Problem::digest_invalid(format!("`{tag}` is not a digest"))
        } else {
            Problem::tag_invalid(format!("`{tag}` is not a tag"))
        });
    }
    let sent_as = asked.request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let stored = asked.repository(|repository| {
        let put = repository.put(asked.request.body(), sent_as, tag, digest.as_ref(), asked.at);
        let digest = match put {
            Ok(digest) => digest,
            // ECR refuses to push to an immutable tag, also what it already points at.
            Err(Refused::Unchanged(digest)) if tag.is_none_or(|tag| repository.mutability.can_move(tag)) => digest,
            Err(refused) => return Err(problem(refused, tag.unwrap_or_default(), asked.name)),
        };
        let subject = repository.manifests.get(&digest).and_then(|stored: &Stored| stored.manifest.subject.clone());
        Ok((digest, subject))
    });
    let (digest, subject) = stored?;
    let headers = [
        (LOCATION, format!("/v2/{}/manifests/{digest}", asked.name)),
        (HeaderName::from_static(CONTENT_DIGEST), digest.to_string()),
    ];
    let mut response = answer(StatusCode::CREATED, headers, Bytes::new());
    if let Some(Ok(value)) = subject.map(|subject| subject.digest.as_str().parse()) {
        response.headers_mut().insert("oci-subject", value);
    }
    Ok(response)
}

pub(super) fn delete(asked: &Asked<'_>, reference: &str) -> Result<Response<Bytes>, Problem> {
    asked.repository(|repository| {
        let found = repository.find(reference).map(|(digest, _)| digest);
        let digest = found.ok_or_else(|| Problem::manifest_unknown("Requested image not found"))?;
        if repository.tags.remove(reference).is_none() {
            if let Some(holder) = repository.holder(&digest) {
                return Err(Problem::denied(format!("the index {holder} names this image")));
            }
            repository.delete(&digest);
        }
        Ok(answer(StatusCode::ACCEPTED, [], Bytes::new()))
    })
}

/// Whether the request accepts this type. One that says nothing accepts everything.
fn accepts(asked: &Asked<'_>, media_type: &str) -> bool {
    let values = asked.request.headers().get_all(ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    let mut types = values.flat_map(|value| value.split(',')).filter_map(|one| one.split(';').next()).map(str::trim);
    let mut nothing_said = true;
    types.any(|one| {
        nothing_said = false;
        one == media_type || one == "*/*" || one == "application/*"
    }) || nothing_said
}

fn problem(refused: Refused, tag: &str, name: &str) -> Problem {
    match refused {
        Refused::Invalid(message) => Problem::manifest_invalid(message),
        Refused::OtherDigest(found) => Problem::digest_invalid(format!("the manifest has the digest {found}")),
        Refused::BlobsMissing(digests) => Problem::parts_unknown("Layers", &digests, name),
        Refused::ManifestsMissing(digests) => Problem::parts_unknown("Images", &digests, name),
        Refused::TagTaken | Refused::Unchanged(_) => Problem::tag_taken(tag, name),
    }
}
