//! What is said to whoever sends signals.

use std::sync::{Arc, OnceLock};

use crate::report::Report;

/// Speaks through the report once there is one, which knows what a terminal shows at the moment.
#[derive(Clone, Debug, Default)]
pub struct Voice(Arc<OnceLock<Arc<Report>>>);

impl Voice {
    /// Says a line.
    pub fn say(&self, text: &str) {
        match self.0.get() {
            Some(report) => report.note(text),
            None => eprintln!("{text}"),
        }
    }

    pub(super) fn speak_through(&self, report: &Arc<Report>) {
        // The first one stays.
        let _other = self.0.set(Arc::clone(report));
    }
}
