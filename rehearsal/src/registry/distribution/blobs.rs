//! Blobs out of the registry, whole or in part.

use bytes::Bytes;
use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderName, RANGE};
use http::{Method, Response, StatusCode};

use super::{Asked, CONTENT_DIGEST, Problem, answer};
use crate::registry::{Blob, Digest};

pub(super) fn get(asked: &Asked<'_>, digest: &str) -> Result<Response<Bytes>, Problem> {
    let digest: Digest = digest.parse().map_err(|error| Problem::digest_invalid(format!("{error}")))?;
    let blob: Blob = asked.repository(|repository| {
        repository.blobs.get(&digest).cloned().ok_or_else(|| Problem::blob_unknown(digest.as_str()))
    })?;
    let size = blob.size();
    let asked_for = asked.request.headers().get(RANGE).and_then(|value| value.to_str().ok());
    let (status, start, end) = match asked_for.and_then(|header| range(header, size)) {
        None => (StatusCode::OK, 0, size),
        Some((start, end)) if start < end => (StatusCode::PARTIAL_CONTENT, start, end),
        Some(_) => return Err(Problem::range_invalid(size)),
    };
    let body = match *asked.request.method() {
        Method::HEAD => Bytes::new(),
        _ => blob.range(start, end).map_err(|error| Problem::broken(&error))?,
    };
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_LENGTH, (end - start).to_string()),
        (ACCEPT_RANGES, "bytes".to_owned()),
        (HeaderName::from_static(CONTENT_DIGEST), digest.to_string()),
    ];
    let mut response = answer(status, headers, body);
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(value) = format!("bytes {start}-{}/{size}", end - 1).parse()
    {
        response.headers_mut().insert(CONTENT_RANGE, value);
    }
    Ok(response)
}

/// The part that a `Range` header asks for, from its first byte to before its end, which is no
/// part when the first is not less; `None` when the header is to be ignored.
fn range(header: &str, size: u64) -> Option<(u64, u64)> {
    let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
    Some(match (first, last) {
        ("", last) => (size.saturating_sub(last.parse().ok()?), size),
        (first, "") => (first.parse().ok()?, size),
        (first, last) => (first.parse().ok()?, last.parse::<u64>().ok()?.saturating_add(1).min(size)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_http_says() {
        let cases = [
            ("bytes=0-3", Some((0, 4))),
            ("bytes=4-", Some((4, 10))),
            ("bytes=-3", Some((7, 10))),
            ("bytes=-30", Some((0, 10))),
            ("bytes=8-100", Some((8, 10))),
            ("bytes=10-", Some((10, 10))),
            ("bytes=5-2", Some((5, 3))),
            ("bytes=-0", Some((10, 10))),
            ("bytes=a-b", None),
            ("bytes=0-1,3-4", None),
            ("lines=0-1", None),
        ];
        for (header, expected) in cases {
            assert_eq!(range(header, 10), expected, "{header}");
        }
    }
}
