//! Whether the service is on its way out.

use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by whoever must behave differently while the service drains.
#[derive(Debug, Default)]
pub struct Lifecycle {
    draining: AtomicBool,
}

impl Lifecycle {
    /// From now on `/ready` refuses and every answer carries `Connection: close`.
    pub fn start_draining(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Whether a signal to stop has come.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}
