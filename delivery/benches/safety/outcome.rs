//! What became of a release that was bad.

use std::fmt;

use jiff::Timestamp;

use crate::scene::Scene;
use crate::users::Saw;

pub(crate) struct Outcome {
    /// When ECS was asked for the release.
    asked: Timestamp,
    saw: Saw,
    /// When somebody's alarm rang.
    rang: Option<Timestamp>,
    /// When ECS was no longer at bringing it in: for good, or because it went back.
    gave_up: Option<Timestamp>,
    /// The greatest share of users that it had.
    most: f64,
    exposed: Exposed,
    /// How whoever deployed it says that it ended.
    pub(crate) how: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Exposed {
    Never,
    Until(Timestamp),
    Still,
}

impl Outcome {
    pub(crate) fn of(scene: &Scene, rang: Option<Timestamp>, gave_up: Option<Timestamp>, how: String) -> Self {
        let most = scene.exposure.most();
        let exposed = match scene.exposure.ended() {
            Some(at) => Exposed::Until(at),
            None if most > 0.0 => Exposed::Still,
            None => Exposed::Never,
        };
        let asked = scene.deployment().expect("it was asked for").created_at;
        Self { asked, saw: scene.users.saw(), rang, gave_up, most, exposed, how }
    }

    /// When it was known to be bad by what it did to users or by an alarm.
    fn known(&self) -> Option<Timestamp> {
        self.rang.or(self.saw.first_bad)
    }

    /// Seconds until users were safe again; none when no user met it, or none is safe.
    fn seconds(&self) -> Option<f64> {
        match self.exposed {
            Exposed::Until(at) => Some(seconds(self.known()?, at)),
            Exposed::Never | Exposed::Still => None,
        }
    }

    /// By how much the other is slower.
    pub(crate) fn compared_with(&self, other: &Self) -> String {
        let untouched = |outcome: &Self| outcome.exposed == Exposed::Never;
        match (self.seconds(), other.seconds()) {
            (Some(ours), Some(theirs)) => format!("{:.1}", theirs / ours),
            _ if untouched(self) && untouched(other) => {
                let lasted = |outcome: &Self| outcome.gave_up.map(|at| seconds(outcome.asked, at));
                match (lasted(self), lasted(other)) {
                    (Some(ours), Some(theirs)) => format!("{:.1}", theirs / ours),
                    _ => "only the engine ends it".to_owned(),
                }
            }
            _ if untouched(self) => "no user against some".to_owned(),
            (Some(_), None) if other.exposed == Exposed::Still => "only the engine ends it".to_owned(),
            _ => "see there".to_owned(),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Saw { failed, slow, .. } = self.saw;
        let bad = match (failed, slow) {
            (failed, 0) => format!("{failed} failed"),
            (0, slow) => format!("{slow} slow"),
            (failed, slow) => format!("{failed} failed, {slow} slow"),
        };
        let most = self.most * 100.0;
        match (self.exposed, self.gave_up) {
            (Exposed::Never, Some(at)) => write!(formatter, "no user; ended after {:.0} s", seconds(self.asked, at)),
            (Exposed::Never, None) => formatter.write_str("no user; not ended"),
            (Exposed::Still, _) => write!(formatter, "never; {bad} until it was called successful"),
            (Exposed::Until(_), _) => match self.seconds() {
                Some(seconds) => write!(formatter, "{seconds:.1} s; {bad}, {most:.0} % of users at the most"),
                None => write!(formatter, "no bad answer, {most:.0} % of users at the most"),
            },
        }
    }
}

pub(crate) fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}
