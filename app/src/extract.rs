//! The extractors that handlers use: axum's, with rejections that are problems.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// How long a body may take to arrive: a client that sends a byte now and then is cut short.
const BODY_LIMIT: Duration = Duration::from_secs(5);

/// Variables of the path.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// Parameters after the question mark.
#[derive(Debug)]
pub struct Parameters<T>(pub T);

/// A body of `application/json`.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body must be JSON, sent with `Content-Type: application/json`",
            ));
        }
        let body = tokio::time::timeout(BODY_LIMIT, Bytes::from_request(request, state))
            .await
            .map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"))?
            .map_err(|rejection| unreadable(&rejection))?;
        parse(&body).map(Self)
    }
}

fn unreadable(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than this service reads")
        }
        _ => Problem::new(StatusCode::BAD_REQUEST, "the body could not be read to its end"),
    }
}

/// Text that is not JSON is a 400; JSON of another shape than asked for is a 422 that says where.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        if error.is_data() {
            let detail = match path.as_str() {
                "." => format!("the body: {error}"),
                path => format!("{path}: {error}"),
            };
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        } else {
            Problem::new(StatusCode::BAD_REQUEST, format!("the body is not JSON: {error}"))
        }
    })?;
    deserializer
        .end()
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("the body goes on after its JSON: {error}")))?;
    Ok(value)
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Body {
        #[expect(dead_code, reason = "only its type matters")]
        count: u8,
    }

    #[test]
    fn a_body_is_refused_with_the_status_and_the_place_that_fit() {
        for (body, status, detail) in [
            ("", 400, "not JSON"),
            ("{", 400, "not JSON"),
            ("{\"count\":1} x", 400, "goes on"),
            ("[]", 422, "the body: "),
            ("{}", 422, "missing field `count`"),
            ("{\"count\":256}", 422, "count: "),
            ("{\"count\":1e400}", 400, "not JSON"),
            ("\u{0}", 400, "not JSON"),
        ] {
            let problem = parse::<Body>(body.as_bytes()).expect_err(body);
            assert_eq!(problem.status().as_u16(), status, "{body}");
            assert!(problem.detail().contains(detail), "{body}: {problem:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let (_sender, body) = http_body_util::channel::Channel::<Bytes>::new(1);
        let request = Request::post("/").header(header::CONTENT_TYPE, "application/json");
        let request = request.body(axum::body::Body::new(body)).unwrap();
        let problem = Json::<Body>::from_request(request, &()).await.expect_err("no body came");
        assert_eq!(problem.status(), StatusCode::REQUEST_TIMEOUT);
    }

    #[test]
    fn only_json_is_taken_for_json() {
        for (value, expected) in [
            (Some("application/json"), true),
            (Some("Application/JSON; charset=utf-8"), true),
            (Some("application/jsonp"), false),
            (Some("text/plain"), false),
            (None, false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            }
            assert_eq!(is_json(&headers), expected, "{value:?}");
        }
    }
}
