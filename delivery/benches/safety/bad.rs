//! Releases that are no good, each in its own way: those of the rehearsal's scenarios, at the pace of AWS.

use std::time::Duration;

use rehearsal::world::{TaskFault, When};

/// A release that is no good.
pub(crate) struct Bad {
    pub(crate) title: &'static str,
    /// What its tasks do; none where somebody's alarm rings and nothing else is wrong.
    pub(crate) fault: Option<TaskFault>,
}

pub(crate) fn all() -> Vec<Bad> {
    let errors = |rate| TaskFault::Errors { rate };
    let since_users = |minutes, rate| errors(rate).only(When::InProduction(Duration::from_mins(minutes)));
    let of = |title, fault| Bad { title, fault: Some(fault) };
    vec![
        of("whose tasks crash", TaskFault::Crash { after: Duration::from_millis(300), code: 37 }),
        of("that never becomes ready", TaskFault::NeverReady),
        of("half as slow again", TaskFault::Slower { factor: 1.5 }),
        of("with 5 % errors", errors(0.05)),
        of("with one broken flow", errors(1.0).only(When::Path("/l/".to_owned()))),
        of(
            "that gets worse with time",
            TaskFault::All(vec![since_users(1, 0.02), since_users(3, 0.1), since_users(5, 0.4)]),
        ),
        of("that fails once all users are with it", errors(0.3).only(When::Share(1.0))),
        Bad { title: "at which somebody's alarm rings", fault: None },
    ]
}
