//! What the cloud does to a task on purpose, and how faults are put together.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the cloud does to a task on purpose. Faults belong to the cloud, never to the program: those
/// of requests are played by the load balancer, those of the process by what runs it.
///
/// Durations are already scaled, as they pass here. In JSON they are seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TaskFault {
    /// The process is killed this long after its start, and its exit code is reported as this one.
    /// As a part of [`TaskFault::Only`], by the first request that comes so late and is met.
    Crash {
        /// How long it lives.
        #[serde(with = "seconds")]
        after: Duration,
        /// The exit code that is reported.
        code: i32,
    },
    /// The load balancer's health checks never pass; the process is healthy otherwise. As a part of
    /// [`TaskFault::Only`], they fail while that holds.
    NeverReady,
    /// The program is not started: this is the stopped reason. It is no part of another fault.
    CannotStart {
        /// What ECS would say, `CannotPullContainerError: ...` for one.
        reason: String,
    },
    /// Answers to requests come this much later.
    Slow {
        /// What is added to every answer.
        #[serde(with = "seconds")]
        by: Duration,
    },
    /// Every answer takes so many times as long as it would, the network included: 1.5 is half as
    /// long again.
    Slower {
        /// How many times, 1.0 or more.
        factor: f64,
    },
    /// This share of requests, 0.0 to 1.0, is answered with 500 by the cloud.
    Errors {
        /// The share.
        rate: f64,
    },
    /// The process is killed when it has taken so many requests, and its exit code is reported as
    /// this one: how a leak ends.
    Leak {
        /// How many requests it takes.
        requests: u64,
        /// The exit code that is reported; 137 is that of a process that was killed for its memory.
        code: i32,
    },
    /// A fault that is nothing at the task's start and has grown to what it says after so long:
    /// shares and delays grow evenly. What cannot be there in part is there from then on.
    Worsening {
        /// How long it grows.
        #[serde(with = "seconds")]
        over: Duration,
        /// What it grows to.
        fault: Box<TaskFault>,
    },
    /// A fault that is there only on some occasions.
    Only {
        /// On which.
        when: When,
        /// What is there then.
        fault: Box<TaskFault>,
    },
    /// Several faults at once: shares of errors meet requests independently, delays add up, factors
    /// multiply.
    All(Vec<TaskFault>),
}

/// An occasion on which a fault shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// Requests whose path begins like this. For health checks, their path counts.
    Path(String),
    /// More requests than this are with the task at once.
    UnderWay(u64),
    /// The task took more requests than this in the last second, as it passes here.
    Rate(f64),
    /// This long after the task's start, and later.
    Age(#[serde(with = "seconds")] Duration),
    /// This long after the first request that came to the task from users, and later: zero is from
    /// that request on.
    InProduction(#[serde(with = "seconds")] Duration),
    /// At least this share of users' requests, 0.0 to 1.0, goes to the target group of the task.
    Share(f64),
}

impl TaskFault {
    /// This fault on such an occasion only.
    #[must_use]
    pub fn only(self, when: When) -> Self {
        Self::Only { when, fault: Box::new(self) }
    }

    /// What grows to this fault for so long from the task's start.
    #[must_use]
    pub fn worsening(self, over: Duration) -> Self {
        Self::Worsening { over, fault: Box::new(self) }
    }

    /// The stopped reason of a task that is not started, when this is such a fault.
    #[must_use]
    pub fn cannot_start(&self) -> Option<&str> {
        match self {
            Self::CannotStart { reason } => Some(reason),
            _ => None,
        }
    }

    /// When the process is to be killed, whatever it is asked, and its exit code.
    #[must_use]
    pub fn crash(&self) -> Option<(Duration, i32)> {
        match self {
            Self::Crash { after, code } => Some((*after, *code)),
            Self::All(faults) => faults.iter().filter_map(Self::crash).min(),
            _ => None,
        }
    }

    /// Whether it is made of others, and so may come and go.
    pub(crate) fn is_composed(&self) -> bool {
        matches!(self, Self::Worsening { .. } | Self::Only { .. } | Self::All(_))
    }

    /// Whether it can be played; the error says why not.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Errors { rate } => share(*rate, "a rate of errors"),
            Self::Slower { factor } if !factor.is_finite() || *factor < 1.0 => {
                Err(format!("a factor is a number from 1.0, not {factor}"))
            }
            Self::Leak { requests: 0, .. } => Err("a task that takes no request never leaks".to_owned()),
            Self::Only { when: When::Share(least), fault } => {
                share(*least, "a share of requests").and_then(|()| fault.check_part())
            }
            Self::Worsening { fault, .. } | Self::Only { fault, .. } => fault.check_part(),
            Self::All(faults) => faults.iter().try_for_each(Self::check_part),
            _ => Ok(()),
        }
    }

    fn check_part(&self) -> Result<(), String> {
        match self {
            Self::CannotStart { .. } => Err("a task that cannot start has no other faults".to_owned()),
            _ => self.check(),
        }
    }
}

fn share(number: f64, what: &str) -> Result<(), String> {
    if (0.0..=1.0).contains(&number) { Ok(()) } else { Err(format!("{what} is from 0.0 to 1.0, not {number}")) }
}

/// Durations as the control plane writes them.
pub(crate) mod seconds {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(duration.as_secs_f64())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_fault_comes_back_from_its_json() {
        let half = || TaskFault::Errors { rate: 0.5 };
        let second = Duration::from_millis(1500);
        let cases = [
            (TaskFault::Crash { after: second, code: 3 }, json!({ "crash": { "after": 1.5, "code": 3 } })),
            (TaskFault::NeverReady, json!("never-ready")),
            (TaskFault::CannotStart { reason: "no".to_owned() }, json!({ "cannot-start": { "reason": "no" } })),
            (TaskFault::Slow { by: second }, json!({ "slow": { "by": 1.5 } })),
            (TaskFault::Slower { factor: 1.5 }, json!({ "slower": { "factor": 1.5 } })),
            (half(), json!({ "errors": { "rate": 0.5 } })),
            (TaskFault::Leak { requests: 9, code: 137 }, json!({ "leak": { "requests": 9, "code": 137 } })),
            (half().worsening(second), json!({ "worsening": { "over": 1.5, "fault": { "errors": { "rate": 0.5 } } } })),
            (
                half().only(When::Path("/l/".to_owned())),
                json!({ "only": { "when": { "path": "/l/" }, "fault": { "errors": { "rate": 0.5 } } } }),
            ),
            (
                TaskFault::NeverReady.only(When::UnderWay(8)),
                json!({ "only": { "when": { "under-way": 8 }, "fault": "never-ready" } }),
            ),
            (
                TaskFault::NeverReady.only(When::Rate(2.5)),
                json!({ "only": { "when": { "rate": 2.5 }, "fault": "never-ready" } }),
            ),
            (
                TaskFault::NeverReady.only(When::Age(second)),
                json!({ "only": { "when": { "age": 1.5 }, "fault": "never-ready" } }),
            ),
            (
                TaskFault::NeverReady.only(When::InProduction(second)),
                json!({ "only": { "when": { "in-production": 1.5 }, "fault": "never-ready" } }),
            ),
            (
                TaskFault::NeverReady.only(When::Share(1.0)),
                json!({ "only": { "when": { "share": 1.0 }, "fault": "never-ready" } }),
            ),
            (
                TaskFault::All(vec![half(), TaskFault::NeverReady]),
                json!({ "all": [{ "errors": { "rate": 0.5 } }, "never-ready"] }),
            ),
        ];
        for (fault, expected) in cases {
            assert_eq!(serde_json::to_value(&fault).expect("JSON"), expected);
            assert_eq!(serde_json::from_value::<TaskFault>(expected).expect("a fault"), fault);
            fault.check().expect("it can be played");
        }
    }

    #[test]
    fn what_cannot_be_played_is_refused_with_the_reason() {
        let never = || TaskFault::CannotStart { reason: "no".to_owned() };
        let cases = [
            (TaskFault::Errors { rate: 1.5 }, "from 0.0 to 1.0, not 1.5"),
            (TaskFault::Errors { rate: f64::NAN }, "not NaN"),
            (TaskFault::Slower { factor: 0.5 }, "from 1.0, not 0.5"),
            (TaskFault::Leak { requests: 0, code: 1 }, "never leaks"),
            (TaskFault::NeverReady.only(When::Share(2.0)), "a share of requests"),
            (TaskFault::Errors { rate: -1.0 }.only(When::UnderWay(1)), "not -1"),
            (TaskFault::All(vec![TaskFault::NeverReady, never()]), "no other faults"),
            (never().worsening(Duration::ZERO), "no other faults"),
        ];
        for (fault, expected) in cases {
            let refusal = fault.check().expect_err("refusal");
            assert!(refusal.contains(expected), "{fault:?}: {refusal}");
        }
    }

    #[test]
    fn of_several_crashes_the_first_is_the_process_s_end() {
        let crash = |seconds, code| TaskFault::Crash { after: Duration::from_secs(seconds), code };
        let cases = [
            (crash(1, 2), Some((1, 2))),
            (TaskFault::All(vec![crash(5, 5), TaskFault::NeverReady, crash(3, 3)]), Some((3, 3))),
            (crash(1, 1).only(When::Share(1.0)), None),
            (TaskFault::NeverReady, None),
        ];
        for (fault, expected) in cases {
            let expected = expected.map(|(seconds, code)| (Duration::from_secs(seconds), code));
            assert_eq!(fault.crash(), expected, "{fault:?}");
        }
    }
}
