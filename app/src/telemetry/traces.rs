//! Traces: continued from the caller's `traceparent`, sent over OTLP.

use std::time::Duration;

use anyhow::Context;
use axum::http::HeaderMap;
use opentelemetry::KeyValue;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::trace::span_processor_with_async_runtime::BatchSpanProcessor;
use opentelemetry_sdk::{Resource, runtime};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::build::Build;
use crate::config::Traces;

/// How long the last spans may take to be sent: the task is being stopped.
const FINISH_LIMIT: Duration = Duration::from_secs(3);

/// The way to the collector.
#[derive(Debug)]
pub(super) struct Exporter(SdkTracerProvider);

/// Starts the exporter. Nothing is connected before there is a span to send.
pub(super) fn start(traces: &Traces, build: &Build) -> anyhow::Result<Exporter> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{}/v1/traces", traces.endpoint))
        .with_timeout(FINISH_LIMIT)
        .build()
        .with_context(|| format!("failed to prepare sending traces to {}", traces.endpoint))?;
    let resource = Resource::builder()
        .with_service_name(traces.service_name.clone())
        .with_attribute(KeyValue::new("service.version", build.version))
        .with_attribute(KeyValue::new("vcs.ref.head.revision", build.commit.clone()))
        .build();
    let provider = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_span_processor(BatchSpanProcessor::builder(exporter, runtime::Tokio).build())
        .build();
    Ok(Exporter(provider))
}

impl Exporter {
    /// The layer that turns spans of `tracing` into traces.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + 'static
    where
        S: tracing::Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        tracing_opentelemetry::layer().with_tracer(self.0.tracer("app"))
    }

    /// Sends what is left.
    pub(super) async fn finish(self) {
        let shutdown = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(FINISH_LIMIT));
        match tokio::time::timeout(FINISH_LIMIT, shutdown).await {
            Ok(Ok(Ok(()))) => {}
            outcome => tracing::warn!(?outcome, "the last traces were not sent"),
        }
    }
}

/// Makes the span a child of the caller's, when the caller says which that is.
pub fn continue_trace(span: &Span, headers: &HeaderMap) {
    if !headers.contains_key("traceparent") {
        return;
    }
    let parent = TraceContextPropagator::new().extract(&Headers(headers));
    // Fails when no collector is set: then nobody wants to know.
    let _ = span.set_parent(parent);
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(axum::http::HeaderName::as_str).collect()
    }
}
