//! What the protocol answers when something is wrong, in its own words and codes.

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::json;

use crate::registry::Digest;
use crate::wire::json::Error;

/// An error of the protocol.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn not_found(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "UNSUPPORTED", message)
    }

    pub(super) fn unsupported(method: &Method) -> Self {
        let message = format!("the rehearsal's registry does not answer {method} here");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message)
    }

    pub(super) fn name_unknown(name: &str, account: &str) -> Self {
        let message = format!("The repository with name '{name}' does not exist in the registry with id '{account}'");
        Self::new(StatusCode::NOT_FOUND, "NAME_UNKNOWN", message)
    }

    pub(super) fn blob_unknown(digest: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", format!("The layer with digest '{digest}' does not exist"))
    }

    pub(super) fn upload_unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "The upload does not exist")
    }

    pub(super) fn upload_invalid(status: StatusCode, message: &str) -> Self {
        Self::new(status, "BLOB_UPLOAD_INVALID", message)
    }

    pub(super) fn range_invalid(size: u64) -> Self {
        Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "SIZE_INVALID", format!("The blob has {size} bytes"))
    }

    pub(super) fn digest_invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message)
    }

    pub(super) fn manifest_unknown(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", message)
    }

    pub(super) fn manifest_invalid(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", message)
    }

    /// What a manifest names is not there: `what` are layers or images.
    pub(super) fn parts_unknown(what: &str, digests: &[Digest], name: &str) -> Self {
        let digests: Vec<_> = digests.iter().map(Digest::as_str).collect();
        let message = format!(
            "{what} with digests '[{}]' required for pushing image into repository with name '{name}' do not exist",
            digests.join(", ")
        );
        Self::new(StatusCode::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN", message)
    }

    pub(super) fn tag_invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "TAG_INVALID", message)
    }

    pub(super) fn tag_taken(tag: &str, name: &str) -> Self {
        Self::tag_invalid(crate::registry::tag_taken(tag, name))
    }

    pub(super) fn denied(message: String) -> Self {
        Self::new(StatusCode::FORBIDDEN, "DENIED", message)
    }

    pub(super) fn pagination_invalid() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "PAGINATION_NUMBER_INVALID", "n is not a number")
    }

    pub(super) fn broken(error: &std::io::Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", format!("a spooled blob: {error}"))
    }

    /// What the rest of AWS says in its own codes, as the registry says it.
    pub(super) fn outside(error: &Error) -> Self {
        match error.code {
            "ThrottlingException" => Self::new(StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS", &error.message),
            "ExpiredTokenException" => {
                Self::denied("Your authorization token has expired. Reauthenticate and try again.".to_owned())
            }
            _ => Self::new(error.status, "UNKNOWN", &error.message),
        }
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let body = json!({ "errors": [{ "code": self.code, "message": self.message }] }).to_string();
        super::answer(self.status, [(http::header::CONTENT_TYPE, "application/json; charset=utf-8".to_owned())], body)
    }
}
