//! What a row of checks says about a target: slow to believe that it is well again, quick to doubt.

use crate::HealthCheck;

/// What is known about a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No check has passed yet, and not enough have failed.
    Initial,
    Healthy,
    Unhealthy,
}

/// The health of a target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Health {
    state: State,
    /// Checks in a row that contradict the state.
    streak: u32,
}

impl Health {
    /// That of a target which has just been registered.
    pub(super) const NEW: Self = Self { state: State::Initial, streak: 0 };

    pub(super) fn is_healthy(self) -> bool {
        self.state == State::Healthy
    }

    /// Takes the outcome of a check; whether the target passes, when that has changed.
    ///
    /// A new target has to pass one check, one that was found unhealthy the whole threshold.
    pub(super) fn observe(&mut self, passed: bool, check: &HealthCheck) -> Option<bool> {
        let (next, threshold) = match (self.state, passed) {
            (State::Healthy, true) | (State::Unhealthy, false) => {
                self.streak = 0;
                return None;
            }
            (State::Initial, true) => (State::Healthy, 1),
            (State::Unhealthy, true) => (State::Healthy, check.healthy_threshold),
            (State::Initial | State::Healthy, false) => (State::Unhealthy, check.unhealthy_threshold),
        };
        self.streak += 1;
        if self.streak < threshold {
            return None;
        }
        *self = Self { state: next, streak: 0 };
        Some(next == State::Healthy)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_target_changes_its_state_when_a_threshold_is_reached() {
        let check = HealthCheck {
            path: "/ready".to_owned(),
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(3),
            healthy_threshold: 3,
            unhealthy_threshold: 2,
        };
        // `+` passes, `-` fails; `H` is reported healthy, `U` unhealthy, `.` nothing.
        let cases = [
            ("+++", "H.."),
            ("-+", ".H"),
            ("--", ".U"),
            ("--+++", ".U..H"),
            ("--++-+++", ".U.....H"),
            ("+--", "H.U"),
            ("+-+-+--", "H.....U"),
            ("+-----+++", "H.U.....H"),
        ];
        for (checks, expected) in cases {
            let mut health = Health::NEW;
            let seen: String = checks
                .chars()
                .map(|check_result| match health.observe(check_result == '+', &check) {
                    Some(true) => 'H',
                    Some(false) => 'U',
                    None => '.',
                })
                .collect();
            assert_eq!(seen, expected, "{checks}");
        }
    }
}
