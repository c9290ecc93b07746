//! What was measured of one release.

use std::time::Duration;

use http::StatusCode;

use crate::progress::Arm;
use crate::verdict::errors::Counts;
use crate::verdict::latency::bootstrap::rank;

/// The answers of one release to probes.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples {
    pub(super) counts: Counts,
    /// How many answers blamed the request: no errors of the release, but worth a word.
    pub(super) refusals: u64,
    /// How long the good answers took, in seconds and as they came.
    pub(super) latencies: Vec<f64>,
    /// What the last error was, for people.
    pub(super) last_error: Option<String>,
}

impl Samples {
    /// Takes what came of a probe; whether it is an error.
    pub(super) fn take(&mut self, answer: &Result<StatusCode, String>, path: &str, took: Duration) -> bool {
        self.counts.requests += 1;
        match answer {
            Ok(status) if !status.is_server_error() => {
                self.refusals += u64::from(status.is_client_error());
                self.latencies.push(took.as_secs_f64());
                return false;
            }
            Ok(status) => self.last_error = Some(format!("GET {path}: {status}")),
            Err(reason) => self.last_error = Some(format!("GET {path}: {reason}")),
        }
        self.counts.errors += 1;
        true
    }

    /// The same for whoever shows it.
    pub(super) fn shown(&self) -> Arm {
        let sorted = sorted(&self.latencies);
        let quantile = |share| {
            let n = sorted.len() as u64;
            (n > 0).then(|| sorted[usize::try_from(rank(n, share) - 1).unwrap_or(0)])
        };
        Arm { p50: quantile(0.5), p95: quantile(0.95), ..shown(self.counts) }
    }
}

/// Counts for whoever shows them.
pub(super) fn shown(counts: Counts) -> Arm {
    Arm {
        requests: counts.requests,
        errors: counts.errors,
        error_rate: (counts.requests > 0).then(|| counts.interval()),
        p50: None,
        p95: None,
    }
}

pub(super) fn sorted(latencies: &[f64]) -> Vec<f64> {
    let mut sorted = latencies.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_the_services_fault_and_its_time_is_not_counted() {
        let mut samples = Samples::default();
        let second = Duration::from_secs(1);
        assert!(!samples.take(&Ok(StatusCode::OK), "/", second));
        assert!(!samples.take(&Ok(StatusCode::NOT_FOUND), "/", second));
        assert!(samples.take(&Ok(StatusCode::BAD_GATEWAY), "/", second));
        assert!(samples.take(&Err("no answer within 5 s".to_owned()), "/l/a", second));
        assert_eq!(samples.counts, Counts { requests: 4, errors: 2 });
        assert_eq!((samples.refusals, samples.latencies.len()), (1, 2));
        assert_eq!(samples.last_error.as_deref(), Some("GET /l/a: no answer within 5 s"));
        let shown = samples.shown();
        assert_eq!((shown.p50, shown.p95), (Some(1.0), Some(1.0)));
        assert_eq!(Samples::default().shown(), Arm::default());
    }
}
