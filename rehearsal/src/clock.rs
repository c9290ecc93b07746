//! Time in the cloud: tokio's clock, told as the time of day, with durations that can be shortened.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// Tells the time of day by tokio's clock, so that a paused clock pauses the cloud.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    began: Instant,
    time_of_day: Timestamp,
}

impl Clock {
    /// A clock that shows this time now.
    pub(crate) fn starting_at(time_of_day: Timestamp) -> Self {
        Self { began: Instant::now(), time_of_day }
    }

    /// What it shows.
    pub(crate) fn now(&self) -> Timestamp {
        self.time_of_day + self.began.elapsed()
    }

    /// When it shows this time.
    pub(crate) fn instant(&self, time: Timestamp) -> Instant {
        let since = Duration::try_from(time.duration_since(self.time_of_day)).unwrap_or_default();
        self.began + since
    }
}

/// By how much durations inside the cloud are shortened: at 60, an hour passes in a minute.
/// Timestamps stay as they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale(f64);

impl Scale {
    /// Durations as they are in AWS.
    pub const REAL: Self = Self(1.0);

    /// Durations divided by this; none when it is not a positive number.
    #[must_use]
    pub fn new(divisor: f64) -> Option<Self> {
        (divisor.is_finite() && divisor > 0.0).then_some(Self(divisor))
    }

    /// A duration of AWS's, as it passes here.
    #[must_use]
    pub fn of(self, duration: Duration) -> Duration {
        duration.div_f64(self.0)
    }

    /// Seconds of AWS's, as they pass here.
    #[must_use]
    pub fn seconds(self, seconds: u64) -> Duration {
        self.of(Duration::from_secs(seconds))
    }
}
