//! What the service counts, for Prometheus. Each instance has its own registry, so that tests do
//! not see one another's numbers.
//!
//! Names and units follow <https://prometheus.io/docs/practices/naming/>. The label `route` is the
//! route's template, never the path that was asked for, which would be without bound.

use std::time::Duration;

use prometheus::{
    CounterVec, Encoder, Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder, core::Collector,
};

use crate::build::Build;
use crate::cache::LinkCache;
use crate::clicks::Tally;
use crate::database::Database;

/// The content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// Upper bounds of the latency histogram, in seconds: fine where a cached redirect lives, up to the
/// limit of a request.
const LATENCY_BUCKETS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Every metric of one instance.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Requests by `method`, `route` and `status`.
    pub requests: IntCounterVec,
    /// How long requests took, by `route`.
    pub latency: HistogramVec,
    /// Requests being worked on.
    pub in_flight: IntGauge,
    /// Requests refused because too many were being worked on.
    pub shed: IntCounter,
    /// Handlers that panicked.
    pub panics: IntCounter,
    /// Connections open on the public listener.
    pub connections: IntGauge,
    /// Lookups that the cache answered.
    pub cache_hits: IntCounter,
    /// Lookups that had to ask the database.
    pub cache_misses: IntCounter,
    /// Lookups answered by an old entry because the database was away.
    pub cache_stale: IntCounter,
    /// Clicks written to the database.
    pub clicks_written: IntCounter,
    /// Clicks on links that were gone when they were to be written.
    pub clicks_discarded: IntCounter,
    /// Batches of clicks that could not be written and were tried again.
    pub click_batch_failures: IntCounter,
    clicks_pending: IntGauge,
    clicks_lag: Gauge,
    cache_entries: IntGauge,
    pool: IntGaugeVec,
    pool_limit: IntGauge,
}

impl Metrics {
    /// Every metric at nothing, and `app_info` with what the instance was built from.
    #[must_use]
    pub fn new(build: &Build) -> Self {
        let registry = Registry::new();
        let lookups = register(
            &registry,
            IntCounterVec::new(Opts::new("cache_lookups_total", "Lookups of a slug, by result."), &["result"]),
        );
        let info = register(
            &registry,
            CounterVec::new(
                Opts::new("app_info", "What this instance was built from; always 1."),
                &["version", "commit"],
            ),
        );
        info.with_label_values(&[build.version, &build.commit]).inc();
        Self {
            requests: register(
                &registry,
                IntCounterVec::new(
                    Opts::new("http_requests_total", "Requests answered."),
                    &["method", "route", "status"],
                ),
            ),
            latency: register(
                &registry,
                HistogramVec::new(
                    HistogramOpts::new(
                        "http_request_duration_seconds",
                        "From the end of a request's head to the start of its answer.",
                    )
                    .buckets(LATENCY_BUCKETS.to_vec()),
                    &["route"],
                ),
            ),
            in_flight: gauge(&registry, "http_requests_in_flight", "Requests being worked on."),
            shed: counter(
                &registry,
                "http_requests_shed_total",
                "Requests refused because too many were being worked on.",
            ),
            panics: counter(&registry, "http_panics_total", "Handlers that panicked."),
            connections: gauge(&registry, "http_connections_open", "Connections open on the public listener."),
            cache_hits: lookups.with_label_values(&["hit"]),
            cache_misses: lookups.with_label_values(&["miss"]),
            cache_stale: lookups.with_label_values(&["stale"]),
            clicks_written: counter(&registry, "clicks_written_total", "Clicks written to the database."),
            clicks_discarded: counter(
                &registry,
                "clicks_discarded_total",
                "Clicks on links that were gone when they were to be written.",
            ),
            click_batch_failures: counter(
                &registry,
                "click_batch_failures_total",
                "Batches of clicks that could not be written and were tried again.",
            ),
            clicks_pending: gauge(&registry, "clicks_pending", "Clicks counted and not yet written."),
            clicks_lag: register(
                &registry,
                Gauge::new("clicks_lag_seconds", "Age of the oldest click that is not yet written."),
            ),
            cache_entries: gauge(&registry, "cache_entries", "Links kept in memory."),
            pool: register(
                &registry,
                IntGaugeVec::new(Opts::new("database_connections", "Connections of the pool, by state."), &["state"]),
            ),
            pool_limit: gauge(&registry, "database_connections_limit", "The most connections that the pool makes."),
            registry,
        }
    }

    /// Everything in Prometheus' text format, with the gauges of other parts read just now.
    pub fn render(&self, database: &Database, cache: &LinkCache, clicks: &Tally) -> Vec<u8> {
        let (used, idle, limit) = database.connections();
        self.pool.with_label_values(&["used"]).set(used.into());
        self.pool.with_label_values(&["idle"]).set(idle.into());
        self.pool_limit.set(limit.into());
        self.cache_entries.set(i64::try_from(cache.len()).unwrap_or(i64::MAX));
        let (pending, lag) = clicks.pending(std::time::Instant::now());
        self.clicks_pending.set(i64::try_from(pending).unwrap_or(i64::MAX));
        self.clicks_lag.set(lag.unwrap_or(Duration::ZERO).as_secs_f64());

        let mut text = Vec::with_capacity(16 * 1024);
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "the metrics could not be written");
        }
        text
    }
}

fn counter(registry: &Registry, name: &str, help: &str) -> IntCounter {
    register(registry, IntCounter::new(name, help))
}

fn gauge(registry: &Registry, name: &str, help: &str) -> IntGauge {
    register(registry, IntGauge::new(name, help))
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: prometheus::Result<C>) -> C {
    let collector = collector.expect("names and labels are constants of this file");
    registry.register(Box::new(collector.clone())).expect("no name is used twice in this file");
    collector
}
