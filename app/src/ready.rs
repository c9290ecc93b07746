//! `GET /ready`: whether a load balancer should send requests.
//!
//! The service is ready once it has been in contact with the database and has found the schema that
//! it needs. If the database goes away after that, the service is *degraded* and still ready: every
//! task would fail its check at the same moment, and replacing the whole fleet mends no database. A
//! setting makes the check strict.

mod figures;
mod probe;
mod report;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

pub use self::figures::{Answer, Figures};
pub use self::probe::run as run_probe;
pub use self::report::{Check, CheckState, Report, Status};

use crate::migrate;
use crate::problem::RETRY_AFTER;
use crate::state::App;

/// What the probe found last.
#[derive(Debug)]
pub struct Readiness {
    found: Mutex<Found>,
    requires_database: bool,
}

/// The facts that a report is made of.
#[derive(Debug, Clone, Default)]
struct Found {
    /// When the probe last came to an end, and whether it reached the database.
    database: Option<(Instant, Result<(), &'static str>)>,
    /// When the schema was last read, and its version.
    schema: Option<(Instant, i64)>,
}

impl Readiness {
    /// Nothing is known yet. With `requires_database` an outage makes the service not ready.
    #[must_use]
    pub fn new(requires_database: bool) -> Self {
        Self { found: Mutex::default(), requires_database }
    }

    /// The database answered that its schema has this version.
    pub fn saw_schema(&self, version: i64, now: Instant) {
        let mut found = self.lock();
        found.database = Some((now, Ok(())));
        found.schema = Some((now, version));
    }

    /// The database did not answer.
    pub fn saw_failure(&self, reason: &'static str, now: Instant) {
        self.lock().database = Some((now, Err(reason)));
    }

    /// What `/ready` says at `now`.
    pub fn report(&self, is_draining: bool, now: Instant) -> Report {
        let found = self.lock().clone();
        report::judge(&found, migrate::needed_version(), self.requires_database, is_draining, now)
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tell whether requests should be sent here.
#[utoipa::path(
    get,
    path = "/ready",
    tag = "operation",
    responses(
        (status = 200, body = Answer, description = "Send requests"),
        (status = 503, body = Answer, description = "Send none, for the reason that a check gives",
            headers(("Retry-After" = u64, description = "Seconds to wait"))),
    ),
)]
pub async fn ready(State(app): State<Arc<App>>) -> Response {
    let report = app.readiness.report(app.lifecycle.is_draining(), Instant::now());
    let is_ready = report.is_ready();
    let answer = Answer { report, figures: Figures::of(&app) };
    if is_ready {
        return axum::Json(answer).into_response();
    }
    let retry_after = HeaderValue::from(RETRY_AFTER.as_secs());
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, retry_after)], axum::Json(answer)).into_response()
}
