//! Blobs on their way into the registry, streamed from disk.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use bytes::Bytes;
use http::{Method, StatusCode};

use super::call::{Call, Failure, Pauses, refusal};
use super::{Descriptor, REQUEST_LIMIT, Registry};
use crate::release::Digest;

/// What one connection moves at the least; a slower one is cut and tried again.
const BYTES_A_SECOND: u64 = 256 << 10;

/// Where the bytes of a blob come from.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    File(&'a Path),
    Memory(&'a [u8]),
}

impl Source<'_> {
    async fn body(self) -> anyhow::Result<SdkBody> {
        match self {
            Self::Memory(bytes) => Ok(SdkBody::from(Bytes::copy_from_slice(bytes))),
            Self::File(path) => {
                let stream = ByteStream::read_from().path(path).buffer_size(1 << 17).build().await;
                Ok(stream.with_context(|| format!("cannot read {}", path.display()))?.into_inner())
            }
        }
    }
}

impl Registry {
    /// Whether a blob is in the repository.
    pub(super) async fn has_blob(&self, digest: &Digest) -> anyhow::Result<bool> {
        let response = self.call(&Call::new(Method::HEAD, format!("blobs/{digest}"))).await?;
        match response.status() {
            StatusCode::OK | StatusCode::TEMPORARY_REDIRECT => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(refusal(&response, "the question for a blob")),
        }
    }

    /// Brings a blob in unless it is there; whether it was missing.
    ///
    /// Each attempt looks again first: the one before may have come through without an answer.
    pub(super) async fn upload(&self, blob: &Descriptor, source: Source<'_>) -> anyhow::Result<bool> {
        let mut pauses = Pauses::new();
        let mut sent = false;
        loop {
            if self.has_blob(&blob.digest).await? {
                return Ok(sent);
            }
            sent = true;
            match self.attempt(blob, source).await {
                Ok(()) => return Ok(true),
                Err(Failure::Final(error)) => {
                    return Err(error.context(format!("failed to upload the blob {}", blob.digest)));
                }
                Err(Failure::Passing(error)) => match pauses.next() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(error.context(format!("failed to upload the blob {}", blob.digest))),
                },
            }
        }
    }

    async fn attempt(&self, blob: &Descriptor, source: Source<'_>) -> Result<(), Failure> {
        let begin = Call::new(Method::POST, "blobs/uploads/");
        let begun = self.once(&begin, SdkBody::empty(), REQUEST_LIMIT).await?;
        if begun.status() != StatusCode::ACCEPTED {
            return Err(Failure::Final(refusal(&begun, "the begin of an upload")));
        }
        let mut url = self.location(&begun).await.map_err(Failure::Final)?;
        url.query_pairs_mut().append_pair("digest", blob.digest.as_str());
        let body = source.body().await.map_err(Failure::Final)?;
        let limit = REQUEST_LIMIT + Duration::from_secs(blob.size / BYTES_A_SECOND);
        let put = Call::to(Method::PUT, url).with_body("application/octet-stream", Bytes::new());
        let done = self.once(&put, body, limit).await?;
        match done.status() {
            StatusCode::CREATED => Ok(()),
            // The registry has lost the upload: another may do better.
            StatusCode::NOT_FOUND | StatusCode::RANGE_NOT_SATISFIABLE => {
                Err(Failure::Passing(refusal(&done, "an upload")))
            }
            _ => Err(Failure::Final(refusal(&done, "an upload"))),
        }
    }
}
