//! Blobs into the registry: in one piece, in chunks, or from another repository.

use bytes::Bytes;
use http::header::{CONTENT_RANGE, HeaderName, LOCATION, RANGE};
use http::{Response, StatusCode};

use super::{Asked, CONTENT_DIGEST, Problem, answer};
use crate::registry::{Blob, Digest, Upload};

/// `POST`: begins an upload, or ends it at once when the blob is mounted or comes with the request.
pub(super) fn begin(asked: &Asked<'_>) -> Result<Response<Bytes>, Problem> {
    asked.repository(|_| Ok(()))?;
    if let Some(digest) = asked.parameter("mount")
        && mount(asked, &digest)
    {
        return Ok(created(asked, &digest));
    }
    if let Some(digest) = asked.parameter("digest") {
        return store(asked, &[asked.request.body().clone()], &digest);
    }
    let mut state = asked.registry.lock();
    let id = state.fresh("upload");
    state.uploads.insert(id.clone(), Upload { repository: asked.name.to_owned(), chunks: Vec::new() });
    Ok(accepted(asked, &id, 0))
}

/// `GET`: how far an upload has come.
pub(super) fn status(asked: &Asked<'_>, id: &str) -> Result<Response<Bytes>, Problem> {
    let size = upload(asked, id, |upload| Ok(upload.size()))?;
    let mut response = accepted(asked, id, size);
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// `PATCH`: the next chunk.
pub(super) fn append(asked: &Asked<'_>, id: &str) -> Result<Response<Bytes>, Problem> {
    let size = upload(asked, id, |upload| {
        check_place(asked, upload)?;
        upload.chunks.push(asked.request.body().clone());
        Ok(upload.size())
    })?;
    Ok(accepted(asked, id, size))
}

/// `PUT`: the last chunk, which may be empty, and the digest of the whole.
pub(super) fn finish(asked: &Asked<'_>, id: &str) -> Result<Response<Bytes>, Problem> {
    let digest = asked.parameter("digest").ok_or_else(|| Problem::digest_invalid("the parameter digest is missing"))?;
    let mut chunks = upload(asked, id, |upload| {
        check_place(asked, upload)?;
        Ok(std::mem::take(&mut upload.chunks))
    })?;
    asked.registry.lock().uploads.remove(id);
    if !asked.request.body().is_empty() {
        chunks.push(asked.request.body().clone());
    }
    store(asked, &chunks, &digest)
}

/// `DELETE`: nothing more will come.
pub(super) fn cancel(asked: &Asked<'_>, id: &str) -> Result<Response<Bytes>, Problem> {
    upload(asked, id, |_| Ok(()))?;
    asked.registry.lock().uploads.remove(id);
    Ok(answer(StatusCode::NO_CONTENT, [], Bytes::new()))
}

/// Does something with an upload of this repository.
fn upload<T>(asked: &Asked<'_>, id: &str, act: impl FnOnce(&mut Upload) -> Result<T, Problem>) -> Result<T, Problem> {
    let mut state = asked.registry.lock();
    let upload = state.uploads.get_mut(id).filter(|upload| upload.repository == asked.name);
    act(upload.ok_or_else(Problem::upload_unknown)?)
}

/// A chunk that says where it belongs has to be the next one.
fn check_place(asked: &Asked<'_>, upload: &Upload) -> Result<(), Problem> {
    let Some(header) = asked.request.headers().get(CONTENT_RANGE) else { return Ok(()) };
    let read = || {
        let (first, last) = header.to_str().ok()?.trim_start_matches("bytes ").split_once('-')?;
        Some((first.parse::<u64>().ok()?, last.split('/').next()?.parse::<u64>().ok()?))
    };
    let (first, last) =
        read().ok_or_else(|| Problem::upload_invalid(StatusCode::BAD_REQUEST, "Content-Range is not FIRST-LAST"))?;
    let length = asked.request.body().len() as u64;
    if first != upload.size() || last.checked_sub(first).map(|less| less + 1) != Some(length) {
        let message = format!("the next chunk begins at {}, and this one has {length} bytes", upload.size());
        return Err(Problem::upload_invalid(StatusCode::RANGE_NOT_SATISFIABLE, &message));
    }
    Ok(())
}

fn store(asked: &Asked<'_>, chunks: &[Bytes], digest: &str) -> Result<Response<Bytes>, Problem> {
    let announced: Digest = digest.parse().map_err(|error| Problem::digest_invalid(format!("{error}")))?;
    // Hashing and spooling happen outside of the lock.
    let found = Digest::of_parts(chunks.iter().map(|chunk| &chunk[..]));
    if found != announced {
        return Err(Problem::digest_invalid(format!("what was sent has the digest {found}, not {announced}")));
    }
    let blob = Blob::of_parts(chunks).map_err(|error| Problem::broken(&error))?;
    asked.repository(|repository| {
        repository.blobs.insert(announced, blob);
        Ok(())
    })?;
    Ok(created(asked, digest))
}

/// Takes a blob over from the repository that the request names.
fn mount(asked: &Asked<'_>, digest: &str) -> bool {
    let (Ok(digest), Some(from)) = (digest.parse::<Digest>(), asked.parameter("from")) else { return false };
    let mut state = asked.registry.lock();
    let blob = state.repositories.get(&from).and_then(|from| from.blobs.get(&digest)).cloned();
    match (blob, state.repositories.get_mut(asked.name)) {
        (Some(blob), Some(into)) => {
            into.blobs.insert(digest, blob);
            true
        }
        _ => false,
    }
}

fn accepted(asked: &Asked<'_>, id: &str, size: u64) -> Response<Bytes> {
    let headers = [
        (LOCATION, format!("/v2/{}/blobs/uploads/{id}", asked.name)),
        (RANGE, format!("0-{}", size.saturating_sub(1))),
        (HeaderName::from_static("docker-upload-uuid"), id.to_owned()),
    ];
    answer(StatusCode::ACCEPTED, headers, Bytes::new())
}

fn created(asked: &Asked<'_>, digest: &str) -> Response<Bytes> {
    let headers = [
        (LOCATION, format!("/v2/{}/blobs/{digest}", asked.name)),
        (HeaderName::from_static(CONTENT_DIGEST), digest.to_owned()),
    ];
    answer(StatusCode::CREATED, headers, Bytes::new())
}
