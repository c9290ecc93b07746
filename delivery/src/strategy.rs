//! How a release comes in, in ECS's terms: which strategy of ECS a ladder runs as, and what is done at
//! each pause.
//!
//! ECS's CANARY knows two steps, one share and then all of it; its LINEAR goes up in equal steps. A
//! ladder of one rung is the former, and any other the latter with the rungs' greatest common divisor as
//! its step: ECS pauses before every shift, and the engine holds where the ladder says and goes straight
//! on elsewhere.

use std::fmt;
use std::time::Duration;

use crate::settings::{EnvironmentSettings, Rung, Strategy, WatchSettings};
use crate::watch::SECOND_LOOK;

/// The smallest step of ECS's LINEAR, in tenths of a percent.
const LEAST_STEP: u32 = 30;
/// All of the traffic, in tenths of a percent.
pub const WHOLE: u32 = 1000;
/// ECS's word for the stage at which the candidate is asked before any user.
pub const BEFORE_USERS: &str = "POST_TEST_TRAFFIC_SHIFT";
/// ECS's word for the stage before each shift of traffic.
pub const BEFORE_SHIFT: &str = "PRE_PRODUCTION_TRAFFIC_SHIFT";
/// ECS's word for the stage once all traffic has been shifted, which a deployment enters once:
/// [lifecycle stages][stages].
///
/// [stages]: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
pub const AFTER_SHIFT: &str = "POST_PRODUCTION_TRAFFIC_SHIFT";
/// ECS's word for the stage in which it keeps both releases running by itself, the new one with all
/// traffic.
pub const BAKE: &str = "BAKE_TIME";

/// A share in tenths of a percent, for people: `5 %`, `0.5 %`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(pub u32);

impl fmt::Display for Percent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 10, self.0 % 10) {
            (whole, 0) => write!(formatter, "{whole} %"),
            (whole, tenth) => write!(formatter, "{whole}.{tenth} %"),
        }
    }
}

impl Percent {
    /// A weight as ECS tells it.
    #[must_use]
    pub fn of(weight: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
        Self((weight * 10.0).round().clamp(0.0, f64::from(WHOLE)) as u32)
    }

    /// The same as ECS takes it.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

/// A strategy of ECS's that shifts traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// `BLUE_GREEN`.
    AllAtOnce,
    /// CANARY: this share, then all.
    Canary(Percent),
    /// LINEAR, in steps of this share.
    Linear(Percent),
}

/// What is done when ECS pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtPause {
    /// The candidate is verified through the test listener.
    Verify,
    /// It is watched for so long.
    Hold(Duration),
    /// It is watched with all traffic, for as long as it bakes.
    Bake,
    /// ECS is told to go on.
    GoOn,
}

impl Strategy {
    /// Its name in the settings.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rolling => "rolling",
            Self::BlueGreen => "blue-green",
            Self::Canary { .. } => "canary",
            Self::Linear { .. } => "linear",
        }
    }

    /// As which strategy of ECS it runs; none for one that shifts no traffic.
    #[must_use]
    pub fn shift(&self) -> Option<Shift> {
        match self {
            Self::Rolling => None,
            Self::BlueGreen => Some(Shift::AllAtOnce),
            Self::Canary { steps } => Some(match steps.as_slice() {
                [] => Shift::AllAtOnce,
                [only] => Shift::Canary(Percent(only.share)),
                [first, others @ ..] => {
                    Shift::Linear(Percent(others.iter().fold(first.share, |step, other| divisor(step, other.share))))
                }
            }),
            Self::Linear { step, .. } => Some(Shift::Linear(Percent(*step))),
        }
    }

    /// The shares at which it is watched, each for how long, in order.
    #[must_use]
    pub fn holds(&self) -> Vec<Rung> {
        match self {
            Self::Rolling | Self::BlueGreen => Vec::new(),
            Self::Canary { steps } => steps.clone(),
            Self::Linear { step, watch } => {
                let shares = (1..).map(|number| number * step).take_while(|share| *share < WHOLE);
                shares.map(|share| Rung { share, watch: *watch }).collect()
            }
        }
    }

    /// What is done when ECS pauses at a stage, with this share of users' traffic on the candidate.
    #[must_use]
    pub fn at_pause(&self, stage: &str, share: Percent) -> AtPause {
        if stage == BEFORE_USERS {
            return AtPause::Verify;
        }
        if stage == AFTER_SHIFT && share.0 >= WHOLE {
            return AtPause::Bake;
        }
        let hold = self.holds().into_iter().find(|hold| hold.share == share.0 && !hold.watch.is_zero());
        match hold {
            Some(hold) if stage == BEFORE_SHIFT => AtPause::Hold(hold.watch),
            _ => AtPause::GoOn,
        }
    }

    /// The shares that traffic goes through, for people: `5 % for 15 min, 50 % for 15 min, 100 %`.
    #[must_use]
    pub fn ladder(&self) -> String {
        let holds = self.holds();
        let mut words: Vec<String> = match holds.as_slice() {
            [first, second, _, .., last] if matches!(self, Self::Linear { .. }) => {
                let time = time(first.watch);
                vec![format!(
                    "{}, {} and so on to {}, each for {time}",
                    Percent(first.share),
                    Percent(second.share),
                    Percent(last.share)
                )]
            }
            holds => holds.iter().map(|hold| format!("{} for {}", Percent(hold.share), time(hold.watch))).collect(),
        };
        words.push(Percent(WHOLE).to_string());
        words.join(", ")
    }
}

impl WatchSettings {
    /// How long the candidate is asked before users reach it, about, when that tells.
    #[must_use]
    pub fn before_users(&self) -> Duration {
        self.probing(self.probes_before_users.into())
    }

    /// How long it is asked when that does not tell and more probes are sent.
    #[must_use]
    pub fn before_users_at_most(&self) -> Duration {
        self.probing(u64::from(self.probes_before_users).max(SECOND_LOOK))
    }

    fn probing(&self, probes: u64) -> Duration {
        Duration::from_secs(probes.div_ceil(self.probe_rate.max(1).into()))
    }
}

impl EnvironmentSettings {
    /// How long a release is watched at least before it is called good: before users, at every step and in
    /// the bake.
    #[must_use]
    pub fn watched(&self) -> Duration {
        let before = if self.strategy == Strategy::Rolling { Duration::ZERO } else { self.watch.before_users() };
        before + self.after_users()
    }

    /// How long it may be watched, when it takes more probes to tell.
    #[must_use]
    pub fn watched_at_most(&self) -> Duration {
        let rolling = self.strategy == Strategy::Rolling;
        // With rolling, what serves is measured beforehand, when there is something to compare with it.
        let measured = if self.rollout.bake.is_zero() { Duration::ZERO } else { self.watch.before_users() };
        (if rolling { measured } else { self.watch.before_users_at_most() }) + self.after_users()
    }

    fn after_users(&self) -> Duration {
        self.strategy.holds().iter().map(|hold| hold.watch).sum::<Duration>() + self.rollout.bake
    }
}

/// The closest ladder that ECS can express, when it cannot express this one.
#[must_use]
pub fn closest_ladder(shares: &[u32]) -> Option<Vec<u32>> {
    let step = shares.iter().copied().reduce(divisor)?;
    if shares.len() < 2 || step >= LEAST_STEP {
        return None;
    }
    let rounded = |step: u32| -> Vec<u32> {
        let near = |share: &u32| ((share + step / 2) / step).max(1) * step;
        let mut ladder: Vec<u32> = shares.iter().map(near).filter(|share| *share < WHOLE).collect();
        ladder.dedup();
        ladder
    };
    let distance = |ladder: &[u32]| ladder.iter().zip(shares).map(|(one, other)| one.abs_diff(*other)).sum::<u32>();
    // Whole percents: what is proposed should be a number that somebody would write.
    let ladders = (LEAST_STEP..=WHOLE / 2).step_by(10).map(rounded);
    let whole = ladders.filter(|ladder| ladder.len() == shares.len());
    whole.min_by_key(|ladder| distance(ladder)).or_else(|| Some(vec![50, 500]))
}

fn divisor(one: u32, other: u32) -> u32 {
    if other == 0 { one } else { divisor(other, one % other) }
}

/// A duration, for people.
pub(crate) fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds > 0 && seconds.is_multiple_of(60) { format!("{} min", seconds / 60) } else { format!("{seconds} s") }
}

#[cfg(test)]
mod tests;
