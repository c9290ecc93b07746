//! What is known about the server, shared by the probe, the pool and the requests.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// So many probes in a row must fail before requests stop trying: one may have met a slow moment.
const FAILURES_TO_BE_DOWN: u32 = 2;

/// Whether the server answers, and which connections are older than its last failure.
#[derive(Debug, Default)]
pub struct Reachability {
    failed_probes: AtomicU32,
    suspect_before: Mutex<Option<Instant>>,
}

impl Reachability {
    /// The probe reached the server.
    pub fn probe_succeeded(&self) {
        self.failed_probes.store(0, Ordering::Relaxed);
    }

    /// The probe did not reach the server.
    pub fn probe_failed(&self, now: Instant) {
        self.failed_probes.fetch_add(1, Ordering::Relaxed);
        self.suspect_all(now);
    }

    /// Whether it is not worth trying. Then redirects come from the cache, however old, and what
    /// needs the database is refused at once; the probe finds out when it is back.
    pub fn is_down(&self) -> bool {
        self.failed_probes.load(Ordering::Relaxed) >= FAILURES_TO_BE_DOWN
    }

    /// After a failure no connection from before it is used: a server that came back, or a network
    /// that forgot them, would fail one request for each.
    pub fn suspect_all(&self, now: Instant) {
        *self.lock() = Some(now);
    }

    /// Whether a connection of this age was made before the last failure.
    pub fn is_suspect(&self, age: Duration, now: Instant) -> bool {
        self.lock().is_some_and(|failure| now.checked_sub(age).is_none_or(|born| born < failure))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.suspect_before.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_from_before_a_failure_are_suspect_and_later_ones_are_not() {
        let reachability = Reachability::default();
        let failure = Instant::now() + Duration::from_mins(1);
        let now = failure + Duration::from_secs(10);
        assert!(!reachability.is_suspect(Duration::from_secs(11), now));
        reachability.suspect_all(failure);
        assert!(reachability.is_suspect(Duration::from_secs(11), now));
        assert!(!reachability.is_suspect(Duration::from_secs(9), now));
    }

    #[test]
    fn one_failed_probe_is_forgiven_and_one_success_mends() {
        let reachability = Reachability::default();
        reachability.probe_failed(Instant::now());
        assert!(!reachability.is_down());
        reachability.probe_failed(Instant::now());
        assert!(reachability.is_down());
        reachability.probe_succeeded();
        assert!(!reachability.is_down());
    }
}
