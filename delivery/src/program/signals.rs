//! Signals: the first asks for the way out that leaves everything in order, the second leaves.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::edge::Stopper;
use crate::exit;
use crate::verbs::Phase;

/// The signals that ask to stop.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Listens from now on.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Asks the run to stop at the first signal; the exit code to leave with at the second.
    pub async fn obey(mut self, stopper: Stopper, phase: Phase, tell: impl Fn(&str)) -> u8 {
        self.next().await;
        stopper.stop();
        tell("stopping: what is under way is ended in order; once more to leave at once");
        self.next().await;
        while !stopper.stop() {
            self.next().await;
        }
        let code = phase.code();
        tell(match code {
            exit::INTERRUPTED => "left at once; nothing was touched",
            exit::FAILED => "left at once; what serves was not changed, and the lock may be held until it expires",
            _ => {
                "left at once WHILE THE SERVICE IS BEING CHANGED: nobody follows it any more, and the lock is held; \
                 run status, and rollback --break-lock to go back"
            }
        });
        code
    }
}
