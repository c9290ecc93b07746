//! One request of the engine's own.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::answer::{Way, commit_of};
use super::ledger::Noting;
use crate::aws::Transport;

/// By which a service can tell these requests from those of users.
const AGENT: &str = concat!("slipway-probe/", env!("CARGO_PKG_VERSION"));

/// What came of a probe.
#[derive(Clone, Debug)]
pub(super) struct Probed {
    pub(super) way: Way,
    pub(super) path: String,
    /// The status, or why there was no answer in time.
    pub(super) answer: Result<StatusCode, String>,
    /// The commit that answered.
    pub(super) named: Option<String>,
    pub(super) took: Duration,
}

/// Asks for a path once. Connections are kept: what they take to come about is not the release's.
pub(super) async fn probe(transport: Transport, base: Url, path: String, limit: Duration, noting: Noting) -> Probed {
    let since = Instant::now();
    let answer = match request(&base, &path) {
        Ok(request) => transport.send(request, limit).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let took = since.elapsed();
    if let Ok(answer) = &answer {
        noting.note(answer, &path);
    }
    let named = answer.as_ref().ok().and_then(|answer| commit_of(answer, &path));
    Probed { way: noting.way, path, answer: answer.map(|answer| answer.status()), named, took }
}

/// A request for a path below a base.
pub(super) fn request(base: &Url, path: &str) -> Result<Request<Bytes>, http::Error> {
    let base = base.as_str().trim_end_matches('/');
    Request::get(format!("{base}{path}"))
        .header(http::header::USER_AGENT, AGENT)
        .header(http::header::CACHE_CONTROL, "no-cache")
        .body(Bytes::new())
}
