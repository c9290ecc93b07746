//! What is written down about a request: numbers for all, a span and a line for some.

use std::time::Instant;

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use prometheus::{Histogram, IntCounterVec};
use tracing::Span;

use super::Kind;
use crate::state::App;
use crate::telemetry;

/// The instruments of one route, looked up once.
#[derive(Debug)]
pub(super) struct Record {
    route: Box<str>,
    kind: Kind,
    exports_traces: bool,
    requests: IntCounterVec,
    latency: Histogram,
}

impl Record {
    pub(super) fn new(app: &App, route: &str, kind: Kind) -> Self {
        Self {
            route: route.into(),
            kind,
            exports_traces: app.exports_traces,
            requests: app.metrics.requests.clone(),
            latency: app.metrics.latency.with_label_values(&[route]),
        }
    }

    /// The span that carries the request id into every line that is logged on the way.
    pub(super) fn span(&self, method: &str, id: &HeaderValue, headers: &HeaderMap) -> Span {
        if self.kind == Kind::Probe {
            return Span::none();
        }
        let route = &*self.route;
        let request_id = id.to_str().unwrap_or_default();
        // Every field is formatted for every request, and one that is recorded later is formatted
        // together with all others again: what only the collector asks for is made for it alone.
        if !self.exports_traces {
            return tracing::info_span!("request", method, route, request_id);
        }
        let status = tracing::field::Empty;
        let span = tracing::info_span!("request", method, route, request_id, otel.kind = "server", status);
        telemetry::continue_trace(&span, headers);
        span
    }

    pub(super) fn done(&self, method: &'static str, status: StatusCode, started: Instant) {
        let elapsed = started.elapsed().as_secs_f64();
        self.requests.with_label_values(&[method, &*self.route, status.as_str()]).inc();
        self.latency.observe(elapsed);
        if self.kind == Kind::Probe {
            return;
        }
        if self.exports_traces {
            Span::current().record("status", status.as_u16());
        }
        let milliseconds = elapsed * 1000.0;
        let status = status.as_u16();
        // The load balancer logs every request. Here are those that changed something, and faults.
        if status >= 500 {
            tracing::warn!(status, milliseconds, "answered with an error");
        } else if method == "GET" || method == "HEAD" {
            tracing::debug!(status, milliseconds, "answered");
        } else {
            tracing::info!(status, milliseconds, "answered");
        }
    }
}

/// The method as a label: clients may invent methods, and each would be a series.
pub(super) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
