//! `GET /health`: alive, and what exactly is alive.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::build::Build;
use crate::state::App;

/// The process lives; says nothing about what it depends on, so that an outage elsewhere does not
/// make ECS replace tasks that are well.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `alive`.
    #[schema(example = "alive")]
    status: &'static str,
    /// The service's version.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// The commit it was built from: what a deployment checks to see that it is really out.
    #[schema(example = "4b825dc642cb6eb9a060e54bf8d69288fbee4904")]
    commit: String,
}

/// Tell that the process lives, and its version and commit.
#[utoipa::path(
    get,
    path = "/health",
    tag = "operation",
    responses((status = 200, body = Health, description = "The process lives")),
)]
pub async fn health(State(app): State<Arc<App>>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], app.health.clone()).into_response()
}

/// The answer of this instance, which never changes.
pub(crate) fn body(build: &Build) -> Bytes {
    let health = Health { status: "alive", version: build.version, commit: build.commit.clone() };
    serde_json::to_vec(&health).expect("three strings are JSON").into()
}
