//! Lists: repositories, tags, referrers.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, LINK};
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::{Asked, Problem, answer, parameter};
use crate::registry::manifest::OCI_INDEX;
use crate::registry::{Digest, Registry};

pub(super) fn catalog(registry: &Registry, request: &Request<Bytes>) -> Result<Response<Bytes>, Problem> {
    page(request, &registry.repositories(), |names| json!({ "repositories": names }))
}

pub(super) fn tags(asked: &Asked<'_>) -> Result<Response<Bytes>, Problem> {
    let tags: Vec<_> = asked.repository(|repository| Ok(repository.tags.keys().cloned().collect()))?;
    page(asked.request, &tags, |tags| json!({ "name": asked.name, "tags": tags }))
}

/// The manifests about a digest. None is an empty list, also when nobody knows the digest.
pub(super) fn referrers(asked: &Asked<'_>, digest: &str) -> Result<Response<Bytes>, Problem> {
    let digest: Digest = digest.parse().map_err(|error| Problem::digest_invalid(format!("{error}")))?;
    let mut referrers = asked.repository(|repository| Ok(repository.referrers(&digest)))?;
    let filter = asked.parameter("artifactType");
    if let Some(kind) = &filter {
        referrers.retain(|referrer| referrer.artifact_type.as_ref() == Some(kind));
    }
    let body = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": referrers }).to_string();
    let mut response = answer(StatusCode::OK, [(CONTENT_TYPE, OCI_INDEX.to_owned())], body);
    if filter.is_some() {
        let applied = http::HeaderValue::from_static("artifactType");
        response.headers_mut().insert(HeaderName::from_static("oci-filters-applied"), applied);
    }
    Ok(response)
}

/// As many names as `n` asks for, after the one in `last`, with a link to the rest.
fn page(
    request: &Request<Bytes>,
    names: &[String],
    body: impl FnOnce(&[String]) -> Value,
) -> Result<Response<Bytes>, Problem> {
    let most = match parameter(request, "n").map(|n| n.parse::<usize>()) {
        None => usize::MAX,
        Some(Ok(most)) => most,
        Some(Err(_)) => return Err(Problem::pagination_invalid()),
    };
    let last = parameter(request, "last").unwrap_or_default();
    let rest = &names[names.partition_point(|name| *name <= last)..];
    let shown = &rest[..most.min(rest.len())];
    let json_type = (CONTENT_TYPE, "application/json".to_owned());
    let mut response = answer(StatusCode::OK, [json_type], body(shown).to_string());
    if let Some(last) = shown.last().filter(|_| shown.len() < rest.len())
        && let Ok(link) = format!("<{}?n={most}&last={last}>; rel=\"next\"", request.uri().path()).parse()
    {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}
