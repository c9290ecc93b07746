//! The one shape of every error that leaves the service: problem+json, [RFC 9457].
//!
//! A handler returns `Result<_, Problem>`. Whatever fails on the way to a handler (extractors,
//! unknown routes, load shedding, panics) is turned into a [`Problem`] too, so that a client parses
//! one format.
//!
//! [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// How long a client is asked to wait before it tries again, unless a better number is known.
pub const RETRY_AFTER: Duration = Duration::from_secs(2);

/// An error as the client sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// `about:blank`, which says that the status tells it all, or a URN that names the problem.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// The kind of problem in a few words; the same for every occurrence.
    #[schema(example = "Bad Request")]
    title: &'static str,
    /// The HTTP status.
    #[serde(serialize_with = "serialize_status")]
    #[schema(value_type = u16, example = 400, minimum = 400, maximum = 599)]
    status: StatusCode,
    /// What happened this time and what to do about it.
    detail: Cow<'static, str>,
    #[serde(skip)]
    extra: Extra,
}

/// The header that a status asks for beside the body.
#[derive(Debug, Clone, Default)]
enum Extra {
    #[default]
    None,
    RetryAfter(Duration),
    Challenge(&'static str),
}

impl Problem {
    /// A problem that its status describes.
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status,
            detail: detail.into(),
            extra: Extra::None,
        }
    }

    /// The slug that somebody asked for is in use.
    #[must_use]
    pub fn slug_taken() -> Self {
        Self {
            kind: "urn:problem:slug-taken",
            title: "Slug Taken",
            ..Self::new(StatusCode::CONFLICT, "slug: is in use; choose another or leave it out to be given one")
        }
    }

    /// No link has this slug.
    #[must_use]
    pub fn unknown_slug() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no link has this slug")
    }

    /// The caller did not prove who they are; `challenge` is the value of `WWW-Authenticate`.
    #[must_use]
    pub fn unauthorized(challenge: &'static str, detail: &'static str) -> Self {
        Self { extra: Extra::Challenge(challenge), ..Self::new(StatusCode::UNAUTHORIZED, detail) }
    }

    /// The service cannot answer now, and says when to come back.
    pub fn unavailable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { extra: Extra::RetryAfter(RETRY_AFTER), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    /// A fault of the service itself. What happened belongs in the log, not in the answer.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the service failed; the log has the reason under this answer's x-request-id",
        )
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What happened this time.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).expect("a problem is strings and a number");
        let mut response =
            (self.status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))], body)
                .into_response();
        let headers = response.headers_mut();
        match self.extra {
            Extra::None => {}
            Extra::RetryAfter(after) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
            }
            Extra::Challenge(challenge) => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
        }
        response
    }
}

/// The answer to a path that is not in the table of routes.
pub async fn unknown_route() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no such route; /openapi.json lists those there are")
}

/// The answer to a method that a route does not have; the router adds `Allow`.
pub async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this route does not have that method; the Allow header lists those it has",
    )
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn serialize_status<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}
