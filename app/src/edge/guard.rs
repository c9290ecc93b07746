//! Load shedding and panics.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use prometheus::IntGauge;

use super::{Kind, Limits};
use crate::metrics::Metrics;

/// A request being worked on; leaves the count when dropped, also when its client hangs up.
pub(super) struct InFlight(IntGauge);

impl InFlight {
    /// Counts a request in, or refuses it because there are too many. Probes are always let in.
    pub(super) fn enter(metrics: &Metrics, limits: &Limits, kind: Kind) -> Option<Self> {
        let gauge = metrics.in_flight.clone();
        gauge.inc();
        let guard = Self(gauge);
        // Two requests that come in the same instant may both see themselves over the limit, or one
        // may slip in; the limit protects memory and need not be exact.
        let count = usize::try_from(guard.0.get()).unwrap_or(usize::MAX);
        if kind == Kind::Traffic && count > limits.in_flight {
            metrics.shed.inc();
            return None;
        }
        Some(guard)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The future's output, or the message of its panic.
pub(super) async fn catch_panic<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = pin!(future);
    std::future::poll_fn(move |context| {
        // After a panic the future is dropped and never polled again, so nobody sees it torn.
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        match polled {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(payload) => Poll::Ready(Err(message(payload.as_ref()))),
        }
    })
    .await
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "no message".to_owned()
    }
}
