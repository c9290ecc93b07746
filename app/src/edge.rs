//! What every request passes on its way in and out.
//!
//! One layer rather than a stack of them: each layer of a stack boxes a future and clones a service
//! for every request, and the redirect is short enough for that to show. In order: a request id in
//! and out, the commit out, load shedding, a limit on time, panics turned into problems, `Connection: close` while
//! draining, metrics and the log.

mod guard;
mod record;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderValue, Request, header};
use axum::response::{IntoResponse, Response};
use tower::{Layer, Service};
use tracing::Instrument;

use crate::build::X_COMMIT;
use crate::problem::Problem;
use crate::request_id::{self, X_REQUEST_ID};
use crate::state::App;

use self::guard::InFlight;
use self::record::Record;

/// How a route is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Requests of clients.
    Traffic,
    /// Requests of load balancers and operators: never refused for load, and neither logged nor
    /// traced while they succeed, since they come every few seconds for ever.
    Probe,
}

/// The limits that the edge enforces.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most requests worked on at once; more are refused.
    pub in_flight: usize,
    /// The longest that a request may take, its body included.
    pub request: Duration,
}

/// The layer for one route.
#[derive(Debug, Clone)]
pub struct Edge {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    app: Arc<App>,
    limits: Limits,
    kind: Kind,
    record: Record,
}

impl Edge {
    /// The layer for the route with this template.
    pub fn new(app: &Arc<App>, limits: Limits, route: &str, kind: Kind) -> Self {
        Self { shared: Arc::new(Shared { app: Arc::clone(app), limits, kind, record: Record::new(app, route, kind) }) }
    }
}

impl<S> Layer<S> for Edge {
    type Service = EdgeService<S>;

    fn layer(&self, inner: S) -> EdgeService<S> {
        EdgeService { inner, shared: Arc::clone(&self.shared) }
    }
}

/// A route behind its edge.
#[derive(Debug, Clone)]
pub struct EdgeService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Service<Request<Body>> for EdgeService<S>
where
    S: Service<Request<Body>, Error = Infallible> + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let started = Instant::now();
        let shared = Arc::clone(&self.shared);
        let id = request_id::from_headers(request.headers(), rand::random);
        let method = record::method_label(request.method());
        let span = shared.record.span(method, &id, request.headers());
        let in_flight = InFlight::enter(&shared.app.metrics, &shared.limits, shared.kind);
        let answer = in_flight.is_some().then(|| self.inner.call(request));
        let is_traced = !span.is_none();
        let work = async move {
            let mut response = match answer {
                Some(answer) => shared.finish(answer).await,
                None => Problem::unavailable("too many requests at once; try again").into_response(),
            };
            shared.decorate(&mut response, id);
            shared.record.done(method, response.status(), started);
            drop(in_flight);
            Ok(response)
        };
        if is_traced { Box::pin(work.instrument(span)) } else { Box::pin(work) }
    }
}

impl Shared {
    /// The answer of the handler, or the problem that stands for it.
    async fn finish<R: IntoResponse>(&self, answer: impl Future<Output = Result<R, Infallible>>) -> Response {
        let answer = guard::catch_panic(answer);
        match tokio::time::timeout(self.limits.request, answer).await {
            Ok(Ok(Ok(response))) => response.into_response(),
            Ok(Err(message)) => {
                self.app.metrics.panics.inc();
                tracing::error!(message, "a handler panicked");
                Problem::internal().into_response()
            }
            Err(_) => {
                tracing::warn!("the request took longer than its limit");
                Problem::unavailable("the request took longer than its limit").into_response()
            }
        }
    }

    fn decorate(&self, response: &mut Response, id: HeaderValue) {
        let headers = response.headers_mut();
        headers.insert(X_REQUEST_ID, id);
        headers.insert(X_COMMIT, self.app.commit.clone());
        if self.app.lifecycle.is_draining() {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
}
