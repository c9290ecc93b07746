//! What the tests are made with.

pub(crate) mod database;
pub(crate) mod http;
pub(crate) mod in_process;
pub(crate) mod load;
pub(crate) mod process;
pub(crate) mod proxy;

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The longest that a test waits for something to become true. Generous, because it only matters
/// when the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until the condition holds.
#[track_caller]
pub(crate) fn eventually<F: AsyncFnMut() -> bool>(what: &str, mut condition: F) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let deadline = Instant::now() + PATIENCE;
        while !condition().await {
            assert!(Instant::now() < deadline, "{caller}: not within {PATIENCE:?}: {what}");
            sleep(Duration::from_millis(20)).await;
        }
    }
}
