//! The service's own figures beside the verdict, for whoever compares two releases and cannot reach the
//! management port: a load balancer does not lead there.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Report;
use crate::state::App;

/// What `/ready` answers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    /// The verdict and what it rests on.
    #[serde(flatten)]
    pub report: Report,
    /// How the task fares.
    pub figures: Figures,
}

/// How the task fares.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Figures {
    /// Age of the oldest click that is not yet written, in seconds.
    #[schema(minimum = 0)]
    pub worker_lag_seconds: f64,
    /// The share of lookups that the cache has answered since the task started; null before the first.
    #[schema(required, minimum = 0, maximum = 1)]
    pub cache_hit_rate: Option<f64>,
    /// How many lookups those were.
    pub cache_lookups: u64,
}

impl Figures {
    /// Those of now.
    pub(super) fn of(app: &App) -> Self {
        let (_, lag) = app.clicks.pending(Instant::now());
        let metrics = &app.metrics;
        let (hits, misses) = (metrics.cache_hits.get(), metrics.cache_misses.get() + metrics.cache_stale.get());
        Self {
            worker_lag_seconds: lag.unwrap_or_default().as_secs_f64(),
            cache_hit_rate: share(hits, misses),
            cache_lookups: hits + misses,
        }
    }
}

/// The share of hits; none without lookups.
fn share(hits: u64, misses: u64) -> Option<f64> {
    let lookups = hits + misses;
    (lookups > 0).then(|| hits as f64 / lookups as f64)
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn without_lookups_there_is_no_share_of_hits() {
        assert_eq!(share(0, 0), None);
        assert_eq!(share(3, 1), Some(0.75));
        assert_eq!(share(0, 2), Some(0.0));
    }
}
