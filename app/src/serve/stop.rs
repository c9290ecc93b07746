//! Who can tell the service to stop.

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Where requests to stop arrive. The first drains, the second exits at once.
#[derive(Debug)]
pub struct Stop(mpsc::Receiver<()>);

/// Where requests to stop are made.
#[derive(Debug, Clone)]
pub struct Stopper(mpsc::Sender<()>);

impl Stop {
    /// Both ends.
    #[must_use]
    pub fn channel() -> (Stopper, Self) {
        let (sender, receiver) = mpsc::channel(2);
        (Stopper(sender), Self(receiver))
    }

    /// Stops on SIGTERM, which ECS sends, and SIGINT, which a terminal sends.
    pub fn on_signals() -> anyhow::Result<Self> {
        let (stopper, stop) = Self::channel();
        let mut terminate = signal(SignalKind::terminate()).context("failed to await SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("failed to await SIGINT")?;
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                stopper.stop();
            }
        });
        Ok(stop)
    }

    /// Waits for the next request; for ever, when nobody is left to make one.
    pub(super) async fn requested(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

impl Stopper {
    /// Asks the service to stop.
    pub fn stop(&self) {
        // A full channel means that two requests wait already: no third is needed.
        let _ = self.0.try_send(());
    }
}
