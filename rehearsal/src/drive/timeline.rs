//! What happened, in order: steps with their commands, what they came to, and what was true then.

use std::time::Duration;

use serde::Serialize;

use crate::snapshot::ServiceView;

/// A rehearsal from its beginning to its end.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Timeline {
    /// What it ran on, for people.
    pub(crate) setting: String,
    /// What took time before the first step, and beside the steps.
    pub(crate) spent: Vec<Spent>,
    /// The stories, in order.
    pub(crate) scenes: Vec<Scene>,
    /// The requests that were sent to production, second by second.
    pub(crate) traffic: Vec<Sample>,
    /// What came of them.
    pub(crate) requests: Requests,
    /// How many of those that failed were to be expected, of releases that only users can see to be bad.
    pub(crate) expected_failures: u64,
    /// The services at the end.
    pub(crate) services: Vec<ServiceView>,
    /// From the beginning to the end.
    pub(crate) took: Duration,
}

/// Time that something took.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Spent {
    pub(crate) on: String,
    pub(crate) time: Duration,
}

/// A scenario that was played.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Scene {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) steps: Vec<Step>,
    /// Why it stopped early, when that was no step's fault.
    pub(crate) broke: Option<String>,
}

/// One command, or one thing that was done to the cloud, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Step {
    pub(crate) title: String,
    /// The command line, as one would type it; none for what the driver did itself.
    pub(crate) command: Option<String>,
    /// The exit codes that are right.
    pub(crate) expected: Vec<i32>,
    /// How it ended.
    pub(crate) exit: Option<Exit>,
    /// When it began, after the beginning of the rehearsal.
    pub(crate) began: Duration,
    pub(crate) took: Duration,
    pub(crate) checks: Vec<Check>,
    pub(crate) output: Vec<Line>,
    /// What the services said meanwhile: environment and message.
    pub(crate) events: Vec<String>,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Exit {
    Code(i32),
    Signal(i32),
}

/// Something that must be true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    pub(crate) what: String,
    pub(crate) holds: bool,
    /// What was found instead.
    pub(crate) found: String,
}

/// A line of output, and when it came after the start of its command.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) after: Duration,
    pub(crate) text: String,
}

/// The requests of about a second.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Sample {
    /// Its end, after the beginning of the rehearsal.
    pub(crate) at: Duration,
    /// How long it was.
    pub(crate) over: Duration,
    pub(crate) answered: u64,
    pub(crate) failed: u64,
}

/// All requests.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Requests {
    pub(crate) sent: u64,
    pub(crate) failed: u64,
    /// Reasons and how many requests failed for each.
    pub(crate) reasons: Vec<(String, u64)>,
    /// The first failures, each with the time and what was played.
    pub(crate) failures: Vec<String>,
    /// The slowest of a hundred, if any came back.
    pub(crate) p99: Option<Duration>,
}

impl Timeline {
    /// Every step of every scene.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.scenes.iter().flat_map(|scene| &scene.steps)
    }

    /// Whether all was as it should be, no request of the traffic failing among it.
    pub(crate) fn passed(&self) -> bool {
        self.scenes.iter().all(Scene::passed) && self.requests.failed <= self.expected_failures
    }

    /// `12 of 13 steps passed, ...`, for the last line and the page.
    pub(crate) fn verdict(&self) -> String {
        let (all, passed) = (self.steps().count(), self.steps().filter(|step| step.passed()).count());
        let traffic = match self.requests.sent {
            0 => "no requests were sent".to_owned(),
            sent => {
                let expected = match self.expected_failures {
                    0 => String::new(),
                    expected => format!(" ({expected} of them of releases that only users can see to be bad)"),
                };
                format!("{} of {sent} requests failed{expected}", self.requests.failed)
            }
        };
        format!("{passed} of {all} steps passed, {traffic}, {}", took(self.took))
    }
}

impl Scene {
    /// Whether every step came to what it should.
    pub(crate) fn passed(&self) -> bool {
        self.broke.is_none() && self.steps.iter().all(Step::passed)
    }

    /// The time of its steps together.
    pub(crate) fn took(&self) -> Duration {
        self.steps.iter().map(|step| step.took).sum()
    }
}

impl Step {
    /// Whether it came to what it should.
    pub(crate) fn passed(&self) -> bool {
        self.exited_as_expected() && self.checks.iter().all(|check| check.holds)
    }

    /// Whether its exit code was right; a step without a command has none.
    pub(crate) fn exited_as_expected(&self) -> bool {
        match self.exit {
            Some(Exit::Code(code)) => self.expected.contains(&code),
            // Only the rehearsal itself sends signals, and then no code is expected.
            None | Some(Exit::Signal(_)) => self.expected.is_empty(),
        }
    }

    /// `exit 0`, `exit 1 instead of 20`, `killed by signal 9`.
    pub(crate) fn ending(&self) -> String {
        let expected = self.expected.iter().map(i32::to_string).collect::<Vec<_>>().join(" or ");
        match self.exit {
            None if self.expected.is_empty() => String::new(),
            None => format!("no exit instead of {expected}"),
            Some(Exit::Code(code)) if self.exited_as_expected() => format!("exit {code}"),
            Some(Exit::Code(code)) if expected.is_empty() => format!("exit {code} before it was killed"),
            Some(Exit::Code(code)) => format!("exit {code} instead of {expected}"),
            Some(Exit::Signal(signal)) => format!("killed by signal {signal}"),
        }
    }
}

/// Seconds with a tenth, or minutes and seconds.
pub(crate) fn took(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A step that came to its end.
    pub(crate) fn step(title: &str, expected: &[i32], exit: Option<Exit>, checks: &[(&str, bool)]) -> Step {
        let checks = checks.iter().map(|(what, holds)| Check {
            what: (*what).to_owned(),
            holds: *holds,
            found: if *holds { String::new() } else { "something else".to_owned() },
        });
        Step {
            title: title.to_owned(),
            command: exit.map(|_| format!("cargo xtask {title}")),
            expected: expected.to_vec(),
            exit,
            began: Duration::from_secs(1),
            took: Duration::from_millis(2_340),
            checks: checks.collect(),
            output: vec![Line { after: Duration::from_millis(20), text: format!("output of <{title}>") }],
            events: vec!["staging: (service myapp-api) has reached a steady state.".to_owned()],
        }
    }

    #[test]
    fn a_step_passes_when_its_exit_code_is_right_and_its_checks_hold() {
        type Case<'a> = (&'a [i32], Option<Exit>, &'a [(&'a str, bool)], bool, &'a str);
        let cases: [Case<'_>; 8] = [
            (&[0], Some(Exit::Code(0)), &[("a", true)], true, "exit 0"),
            (&[0], Some(Exit::Code(0)), &[("a", false)], false, "exit 0"),
            (&[20], Some(Exit::Code(0)), &[], false, "exit 0 instead of 20"),
            (&[0, 10], Some(Exit::Code(10)), &[], true, "exit 10"),
            (&[0, 10], Some(Exit::Code(1)), &[], false, "exit 1 instead of 0 or 10"),
            (&[0], Some(Exit::Signal(9)), &[], false, "killed by signal 9"),
            (&[], Some(Exit::Signal(9)), &[], true, "killed by signal 9"),
            (&[], None, &[("a", true)], true, ""),
        ];
        for (expected, exit, checks, passes, ending) in cases {
            let step = step("a", expected, exit, checks);
            assert_eq!((step.passed(), step.ending().as_str()), (passes, ending), "{expected:?} {exit:?}");
        }
    }

    #[test]
    fn a_failed_request_fails_the_rehearsal() {
        let mut timeline = Timeline::default();
        assert!(timeline.passed());
        timeline.requests = Requests { sent: 10, failed: 1, ..Requests::default() };
        assert!(!timeline.passed());
        assert_eq!(timeline.verdict(), "0 of 0 steps passed, 1 of 10 requests failed, 0.0 s");
    }

    #[test]
    fn times_are_told_in_the_unit_that_fits() {
        assert_eq!(took(Duration::from_millis(5_230)), "5.2 s");
        assert_eq!(took(Duration::from_secs(125)), "2 min 05 s");
    }
}
