//! What goes wrong by chance.

use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rehearsal::faults::{ApiFault, ApiRule, TaskRule};
use rehearsal::world::{TaskFault, When};

use crate::stage::{SERVICE, Stage};

const FAULTS: [ApiFault; 5] =
    [ApiFault::Throttle, ApiFault::ServerError, ApiFault::Hang, ApiFault::LostAnswer, ApiFault::ExpiredToken];

/// Operations at which something that has an effect may be lost.
const OPERATIONS: [&str; 15] = [
    "UpdateService",
    "RunTask",
    "RegisterTaskDefinition",
    "StopServiceDeployment",
    "ContinueServiceDeployment",
    "DescribeServiceDeployments",
    "ListServiceDeployments",
    "DescribeServices",
    "DescribeTasks",
    "ListTasks",
    "PutImage",
    "BatchDeleteImage",
    "BatchGetImage",
    "PUT",
    "GET",
];

/// What goes wrong during an act.
#[derive(Clone, Debug, Default)]
pub(crate) struct Weather {
    /// Calls, some or many.
    pub(crate) calls: Vec<ApiRule>,
    /// Tasks of the next deployment.
    pub(crate) tasks: Option<TaskFault>,
    /// The next one-off task.
    pub(crate) migration: Option<TaskFault>,
    /// Whether the release is not well once it serves.
    pub(crate) ill: bool,
}

impl Weather {
    pub(crate) fn draw(random: &mut StdRng, shifts: bool) -> Self {
        let mut weather = Self::default();
        if random.random_bool(0.6) {
            for _ in 0..random.random_range(1..=3) {
                let fault = *FAULTS.choose(random).expect("some");
                weather.calls.push(if random.random_bool(0.3) {
                    ApiRule::share("*", fault, random.random_range(0.01..0.2))
                } else {
                    let operation = OPERATIONS.choose(random).expect("some");
                    let times = if random.random_bool(0.1) { 1000 } else { random.random_range(1..12) };
                    ApiRule { after: random.random_range(0..6), ..ApiRule::times(operation, fault, times) }
                });
            }
        }
        if random.random_bool(0.3) {
            weather.tasks = Some(match random.random_range(0..3) {
                0 => TaskFault::Crash { after: Duration::from_millis(random.random_range(0..40_000)), code: 7 },
                1 => TaskFault::NeverReady,
                _ => TaskFault::CannotStart { reason: "CannotPullContainerError: not today".to_owned() },
            });
        }
        if shifts && random.random_bool(0.4) {
            let bad = match random.random_range(0..3) {
                0 => TaskFault::Errors { rate: random.random_range(0.2..1.0) },
                1 => TaskFault::Slower { factor: random.random_range(1.6..4.0) },
                _ => TaskFault::Leak { requests: random.random_range(20..200), code: 137 },
            };
            let when = match random.random_range(0..3) {
                0 => When::Share(*[0.1, 0.4, 0.5, 1.0].choose(random).expect("some")),
                1 => When::Path("/l/".to_owned()),
                _ => When::Age(Duration::from_secs(random.random_range(0..120))),
            };
            weather.tasks = Some(TaskFault::Only { when, fault: Box::new(bad) });
        }
        if random.random_bool(0.1) {
            weather.migration = Some(TaskFault::Crash { after: Duration::ZERO, code: 41 });
        }
        weather.ill = random.random_bool(0.15);
        weather
    }

    pub(crate) fn begin(&self, stage: &Stage) {
        stage.cloud.faults(|faults| {
            for rule in &self.calls {
                faults.add_call(rule.clone());
            }
            if let Some(fault) = &self.tasks {
                faults.add_task(TaskRule::NextDeployment(SERVICE.to_owned()), fault.clone(), None);
            }
            if let Some(fault) = &self.migration {
                faults.add_task(TaskRule::OneOff, fault.clone(), Some(1));
            }
        });
    }

    /// Whether calls are answered as they should be.
    pub(crate) fn is_calm(&self) -> bool {
        self.calls.is_empty()
    }
}
