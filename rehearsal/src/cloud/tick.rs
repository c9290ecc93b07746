//! Lets time have its effects: sleeps until the next thing is due, and lets it happen.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::{Cloud, Inner};

/// The longest sleep without anything to wait for.
const LONGEST: Duration = Duration::from_hours(1);

/// Runs until the last handle on the cloud is gone.
pub(super) async fn run(cloud: Weak<Inner>, sooner: Arc<Notify>) {
    loop {
        let until = {
            let Some(cloud) = cloud.upgrade().map(Cloud) else { return };
            let due = cloud.lock().state.next_deadline().map(|due| cloud.0.clock.instant(due));
            if due.is_some_and(|due| due <= Instant::now()) {
                cloud.advance();
                continue;
            }
            due.unwrap_or_else(|| Instant::now() + LONGEST)
        };
        tokio::select! {
            () = sleep_until(until) => {}
            () = sooner.notified() => {}
        }
    }
}
