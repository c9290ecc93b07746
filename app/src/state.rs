//! What handlers share.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::HeaderValue;

use crate::authorization::ApiToken;
use crate::cache::LinkCache;
use crate::clicks::Tally;
use crate::config::Config;
use crate::database::Database;
use crate::health;
use crate::lifecycle::Lifecycle;
use crate::metrics::Metrics;
use crate::ready::Readiness;

/// One instance of the service. Handlers see it as `State<Arc<App>>`.
#[derive(Debug)]
pub struct App {
    /// The token that the API asks for.
    pub token: ApiToken,
    /// The pool.
    pub database: Database,
    /// Hot links.
    pub cache: LinkCache,
    /// Clicks on their way to the database.
    pub clicks: Tally,
    /// What every answer says that this instance was built from.
    pub commit: HeaderValue,
    /// What `/health` answers.
    pub health: Bytes,
    /// What `/ready` reports.
    pub readiness: Readiness,
    /// What `/metrics` reports.
    pub metrics: Metrics,
    /// Whether the service is on its way out.
    pub lifecycle: Lifecycle,
    /// Whether there is a collector, for whom spans carry more than lines of the log need.
    pub exports_traces: bool,
}

impl App {
    /// An instance that has not been in contact with anything yet.
    #[must_use]
    pub fn new(config: &Config) -> Arc<Self> {
        Arc::new(Self {
            token: config.token.clone(),
            database: Database::connect_lazily(&config.database, config.settings.database_connections),
            cache: LinkCache::new(config.settings.cache),
            clicks: Tally::default(),
            commit: config.build.header(),
            health: health::body(&config.build),
            readiness: Readiness::new(config.settings.ready_requires_database),
            metrics: Metrics::new(&config.build),
            lifecycle: Lifecycle::default(),
            exports_traces: config.settings.traces.is_some(),
        })
    }
}
