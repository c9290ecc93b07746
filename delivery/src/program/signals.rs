//! Signals: the first asks for the way out that leaves everything in order, the second leaves.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::edge::Stopper;
use crate::exit;
use crate::verbs::Phase;

/// How long a run may take to say what it leaves behind.
const LAST_WORDS: Duration = Duration::from_secs(2);

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

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Asks the run to stop at the first signal; the exit code to leave with at the second.
pub async fn obey(mut next: impl AsyncFnMut(), stopper: Stopper, phase: Phase, tell: impl Fn(&str)) -> u8 {
    next().await;
    stopper.stop();
    tell("stopping: what is under way is ended in order; once more to leave at once");
    next().await;
    // One that comes on two ways is one.
    while !stopper.stop() {
        next().await;
    }
    // What minds a second signal ends by itself, and knows better what it leaves.
    tokio::time::sleep(LAST_WORDS).await;
    let code = phase.code();
    tell(match code {
        exit::INTERRUPTED => "left at once; nothing was touched",
        exit::FAILED => "left at once; what serves was not changed, and the lock may be held until it expires",
        _ => {
            "left at once WHILE THE SERVICE IS BEING CHANGED: nobody follows it any more, and the lock is held; run \
             status, and rollback --break-lock to go back"
        }
    });
    code
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::edge::Stop;

    #[tokio::test(start_paused = true)]
    async fn the_first_signal_asks_and_the_second_leaves_with_what_may_be_left_behind() {
        let nothing: fn(&Phase) = |_| {};
        for (go, expected, words) in [
            (nothing, exit::INTERRUPTED, "nothing was touched"),
            (Phase::touch, exit::FAILED, "was not changed"),
            (Phase::depart, exit::ROLLBACK_FAILED, "rollback --break-lock"),
        ] {
            let (stopper, stop) = Stop::pair();
            let (phase, told) = (Phase::default(), Mutex::new(Vec::new()));
            go(&phase);
            let next = async || tokio::time::sleep(Duration::from_mins(1)).await;
            let tell = |text: &str| told.lock().expect("a list").push(text.to_owned());
            assert!(!stop.requested());
            let code = obey(next, stopper, phase, tell).await;
            assert!(stop.requested());
            let told = told.into_inner().expect("a list");
            assert_eq!((code, told.len()), (expected, 2), "{told:?}");
            assert!(told[1].contains(words), "{told:?}");
        }
    }
}
