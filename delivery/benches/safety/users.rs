//! The users of production: so many requests a second, evenly, whatever serves them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use rehearsal::{Cloud, RuleKind};
use tokio::task::JoinHandle;

use crate::app::App;
use crate::stage::{PRODUCTION, SERVICE};

/// How many requests they make in a second.
pub(crate) const RATE: u32 = 20;
/// Each so many-th of them follows a link, which is the flow that breaks.
const FLOW: u32 = 10;
/// No good answer takes as long: the way takes 20 ms and 8 ms more at the most.
const SLOW: Duration = Duration::from_millis(29);

/// What they saw.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Saw {
    pub(crate) first_bad: Option<Timestamp>,
    pub(crate) failed: u64,
    pub(crate) slow: u64,
}

pub(crate) struct Users {
    saw: Arc<Mutex<Saw>>,
    asking: JoinHandle<()>,
}

impl Users {
    /// They ask from now on.
    pub(crate) fn come(cloud: &Cloud, app: &App) -> Self {
        let saw = Arc::<Mutex<Saw>>::default();
        let asking = tokio::spawn(ask(cloud.clone(), app.clone(), Arc::clone(&saw)));
        Self { saw, asking }
    }

    pub(crate) fn saw(&self) -> Saw {
        *self.saw.lock().expect("nobody panicked")
    }
}

impl Drop for Users {
    fn drop(&mut self) {
        self.asking.abort();
    }
}

async fn ask(cloud: Cloud, app: App, saw: Arc<Mutex<Saw>>) {
    let entrance = cloud.entrance(PRODUCTION, SERVICE, RuleKind::Production).expect("an entrance");
    let mut turns = tokio::time::interval(Duration::from_secs(1) / RATE);
    for number in 0_u32.. {
        turns.tick().await;
        let path = if number.is_multiple_of(FLOW) { "/l/somewhere" } else { "/v1/links" };
        let routed = app.simulation.route(&entrance, path);
        let (cloud, saw) = (cloud.clone(), Arc::clone(&saw));
        tokio::spawn(async move {
            let (status, took) = match routed {
                None => (503, Duration::ZERO),
                Some(routed) => {
                    let delay = routed.delay;
                    (routed.answer(200).await, delay)
                }
            };
            let (failed, slow) = (status >= 500, took >= SLOW);
            if failed || slow {
                let mut saw = saw.lock().expect("nobody panicked");
                saw.first_bad.get_or_insert(cloud.now());
                saw.failed += u64::from(failed);
                saw.slow += u64::from(slow);
            }
        });
    }
}
