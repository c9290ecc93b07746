//! The edge: time, the process's environment and randomness, read here and passed on from here.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

/// What a run takes from outside besides its settings.
#[derive(Clone, Debug)]
pub struct Edge {
    /// What time it is.
    pub clock: Clock,
    /// The environment variables.
    pub variables: Variables,
    /// Where nonces come from.
    pub random: Random,
    /// Whether a signal has asked to stop.
    pub stop: Stop,
}

impl Edge {
    /// The real world.
    #[must_use]
    pub fn of_this_process(stop: Stop) -> Self {
        Self {
            clock: Clock::System,
            variables: Variables(
                std::env::vars_os()
                    .filter_map(|(name, value)| name.into_string().ok().zip(value.into_string().ok()))
                    .collect(),
            ),
            random: Random(Arc::new(|| uuid::Uuid::new_v4().as_u128())),
            stop,
        }
    }
}

/// A wall clock.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// This machine's.
    System,
    /// One that runs with tokio's, so that a paused clock pauses it.
    Simulated {
        /// The time at the origin.
        start: Timestamp,
        /// When it was that time.
        origin: Instant,
    },
}

impl Clock {
    /// A clock that runs with tokio's from now on.
    #[must_use]
    pub fn simulated(start: Timestamp) -> Self {
        Self::Simulated { start, origin: Instant::now() }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Simulated { start, origin } => *start + origin.elapsed(),
        }
    }
}

/// Environment variables.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// The value of a variable that is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

// The environment holds credentials: only names are shown.
impl fmt::Debug for Variables {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// A source of random numbers.
#[derive(Clone)]
pub struct Random(Arc<dyn Fn() -> u128 + Send + Sync>);

impl Random {
    /// Numbers from this function.
    pub fn new(draw: impl Fn() -> u128 + Send + Sync + 'static) -> Self {
        Self(Arc::new(draw))
    }

    /// A name that nobody else has drawn.
    #[must_use]
    pub fn nonce(&self) -> String {
        format!("{:032x}", (self.0)())
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Random")
    }
}

/// Whether somebody asked this run to stop. Signals ask; every wait looks.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<Asked>);

/// What asks for the stop: each signal does.
#[derive(Debug)]
pub struct Stopper(watch::Sender<Asked>);

/// How often a stop was asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    times: u32,
    last: Option<Instant>,
}

/// What comes so soon after a signal is the same one on another way: a terminal signals the whole group,
/// and whoever started us may pass its own on.
const SAME_SIGNAL: Duration = Duration::from_secs(1);

impl Stop {
    /// A pair of who asks and who is asked.
    #[must_use]
    pub fn pair() -> (Stopper, Self) {
        let (sender, receiver) = watch::channel(Asked::default());
        (Stopper(sender), Self(receiver))
    }

    /// Whether it was asked for.
    #[must_use]
    pub fn requested(&self) -> bool {
        self.0.borrow().times > 0
    }

    /// Waits until it is asked for; for ever when nobody can ask any more.
    pub async fn wait(&self) {
        self.wait_for(1).await;
    }

    /// Waits until it is asked for a second time: whoever asks will not wait any longer.
    pub async fn wait_again(&self) {
        self.wait_for(2).await;
    }

    async fn wait_for(&self, times: u32) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|asked| asked.times >= times).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Sleeps, but not beyond a request to stop; whether there was one.
    pub async fn sleep(&self, pause: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.wait() => true,
            () = tokio::time::sleep(pause) => false,
        }
    }
}

impl Stopper {
    /// Asks, once more when it was asked before. Whether it was: not, when this is the same signal on
    /// another way.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn stop(&self) -> bool {
        let now = Instant::now();
        self.0.send_if_modified(|asked| {
            let is_new = asked.last.is_none_or(|last| now.duration_since(last) >= SAME_SIGNAL);
            if is_new {
                *asked = Asked { times: asked.times.saturating_add(1), last: Some(now) };
            }
            is_new
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_not_set_and_no_value_is_shown() {
        let variables = Variables::from_iter([("TOKEN", "hunter2"), ("EMPTY", "")]);
        assert_eq!(variables.get("TOKEN"), Some("hunter2"));
        assert_eq!(variables.get("EMPTY"), None);
        assert_eq!(format!("{variables:?}"), r#"{"EMPTY", "TOKEN"}"#);
    }

    #[tokio::test(start_paused = true)]
    async fn a_simulated_clock_runs_with_tokios() {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert_eq!(clock.now().to_string(), "1970-01-01T01:00:00Z");
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleep_ends_when_a_stop_is_asked_for() {
        let (stopper, stop) = Stop::pair();
        assert!(!stop.sleep(Duration::from_secs(1)).await);
        stopper.stop();
        assert!(stop.sleep(Duration::MAX).await);
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_signal_on_two_ways_asks_once_and_a_later_one_asks_again() {
        let (stopper, stop) = Stop::pair();
        assert!(stopper.stop() && !stopper.stop());
        let again = tokio::time::timeout(Duration::from_secs(5), stop.wait_again()).await;
        again.expect_err("it was asked once");
        assert!(stopper.stop());
        stop.wait_again().await;
    }
}
