//! Who gets users' requests: the share that a release has of them, whenever it changes.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use rehearsal::Cloud;
use tokio::task::JoinHandle;

use crate::stage::PRODUCTION;
use crate::traffic::share;

pub(crate) struct Exposure {
    changes: Arc<Mutex<Vec<(Timestamp, f64)>>>,
    looking: JoinHandle<()>,
}

impl Exposure {
    /// Watches the share of the release with this digest from now on.
    pub(crate) fn watch(cloud: &Cloud, digest: &str) -> Self {
        let changes = Arc::<Mutex<Vec<(Timestamp, f64)>>>::default();
        let looking = tokio::spawn(look(cloud.clone(), digest.to_owned(), Arc::clone(&changes)));
        Self { changes, looking }
    }

    /// The share that it has now, 0.0 to 1.0.
    pub(crate) fn share(&self) -> f64 {
        self.changes.lock().expect("nobody panicked").last().map_or(0.0, |(_, share)| *share)
    }

    /// The greatest share that it had.
    pub(crate) fn most(&self) -> f64 {
        self.changes.lock().expect("nobody panicked").iter().fold(0.0, |most, (_, share)| share.max(most))
    }

    /// Since when it has none, when it had some and has none.
    pub(crate) fn ended(&self) -> Option<Timestamp> {
        let changes = self.changes.lock().expect("nobody panicked");
        changes.last().filter(|(_, share)| *share == 0.0).map(|(at, _)| *at)
    }
}

impl Drop for Exposure {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

async fn look(cloud: Cloud, digest: String, changes: Arc<Mutex<Vec<(Timestamp, f64)>>>) {
    let mut targets = cloud.watch_targets();
    loop {
        note(&changes, cloud.now(), share(&cloud.snapshot(), PRODUCTION, &digest));
        if targets.changed().await.is_err() {
            return;
        }
    }
}

fn note(changes: &Mutex<Vec<(Timestamp, f64)>>, at: Timestamp, share: f64) {
    let mut changes = changes.lock().expect("nobody panicked");
    let last = changes.last().map_or(0.0, |(_, last)| *last);
    if (last - share).abs() > f64::EPSILON {
        changes.push((at, share));
    }
}
