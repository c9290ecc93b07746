//! What a fault does to one request, or to one health check, at a moment.

use std::time::Duration;

use crate::world::{TaskFault, When};

/// What is known when a request comes to a task.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<'a> {
    /// The path that is asked for, without the query.
    pub(crate) path: &'a str,
    /// How long ago the task started.
    pub(crate) age: Duration,
    /// How long ago the first request of users came to it; none when none did.
    pub(crate) in_production: Option<Duration>,
    /// The share of users' requests that its target group gets.
    pub(crate) share: f64,
    /// The requests that are with it now, this one included.
    pub(crate) under_way: u64,
    /// The requests that it took in the last second, this one included.
    pub(crate) rate: f64,
    /// The requests that it took so far, this one included.
    pub(crate) taken: u64,
}

/// What is done to a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Effect {
    /// How likely it is answered with an error instead, 0.0 to 1.0.
    pub(crate) errors: f64,
    /// What is added to the time that it takes.
    pub(crate) by: Duration,
    /// By what the whole time is multiplied.
    pub(crate) factor: f64,
    /// Whether health checks fail.
    pub(crate) unready: bool,
    /// The exit code of the task, which ends with this request.
    pub(crate) ends: Option<i32>,
}

impl Effect {
    const NONE: Self = Self { errors: 0.0, by: Duration::ZERO, factor: 1.0, unready: false, ends: None };

    fn and(self, other: Self) -> Self {
        Self {
            errors: 1.0 - (1.0 - self.errors) * (1.0 - other.errors),
            by: self.by + other.by,
            factor: self.factor * other.factor,
            unready: self.unready || other.unready,
            ends: self.ends.or(other.ends),
        }
    }
}

/// What a fault does at this moment.
pub(crate) fn effect(fault: &TaskFault, moment: &Moment<'_>) -> Effect {
    of(fault, moment, 1.0, false)
}

/// `strength` is how far a fault has grown, 0.0 to 1.0; `conditional` whether it depends on requests,
/// so that what runs the task does not know of it.
fn of(fault: &TaskFault, moment: &Moment<'_>, strength: f64, conditional: bool) -> Effect {
    let grown = strength >= 1.0;
    match fault {
        TaskFault::Crash { after, code } => {
            let ends = (conditional && grown && moment.age >= *after).then_some(*code);
            Effect { ends, ..Effect::NONE }
        }
        TaskFault::NeverReady => Effect { unready: grown, ..Effect::NONE },
        TaskFault::Slow { by } => Effect { by: by.mul_f64(strength), ..Effect::NONE },
        TaskFault::Slower { factor } => Effect { factor: 1.0 + (factor - 1.0) * strength, ..Effect::NONE },
        TaskFault::Errors { rate } => Effect { errors: rate * strength, ..Effect::NONE },
        TaskFault::Leak { requests, code } => {
            Effect { ends: (grown && moment.taken >= *requests).then_some(*code), ..Effect::NONE }
        }
        TaskFault::Worsening { over, fault } => {
            let share = if over.is_zero() { 1.0 } else { moment.age.div_duration_f64(*over).min(1.0) };
            of(fault, moment, strength * share, true)
        }
        TaskFault::Only { when, fault } if holds(when, moment) => of(fault, moment, strength, true),
        TaskFault::Only { .. } | TaskFault::CannotStart { .. } => Effect::NONE,
        TaskFault::All(faults) => {
            faults.iter().map(|fault| of(fault, moment, strength, conditional)).fold(Effect::NONE, Effect::and)
        }
    }
}

fn holds(when: &When, moment: &Moment<'_>) -> bool {
    match when {
        When::Path(prefix) => moment.path.starts_with(prefix),
        When::UnderWay(most) => moment.under_way > *most,
        When::Rate(most) => moment.rate > *most,
        When::Age(least) => moment.age >= *least,
        When::InProduction(least) => moment.in_production.is_some_and(|since| since >= *least),
        When::Share(least) => moment.share >= *least,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Moment<'_> = Moment {
        path: "/l/rust",
        age: Duration::from_secs(30),
        in_production: None,
        share: 0.05,
        under_way: 1,
        rate: 1.0,
        taken: 1,
    };
    const ERRORS: TaskFault = TaskFault::Errors { rate: 0.5 };

    fn only(when: When, fault: TaskFault) -> TaskFault {
        TaskFault::Only { when, fault: Box::new(fault) }
    }

    fn worsening(seconds: u64, fault: TaskFault) -> TaskFault {
        TaskFault::Worsening { over: Duration::from_secs(seconds), fault: Box::new(fault) }
    }

    #[test]
    fn a_fault_shows_on_its_occasion_and_on_no_other() {
        let seconds = Duration::from_secs;
        let cases = [
            (When::Path("/l/".to_owned()), QUIET, true),
            (When::Path("/v1/".to_owned()), QUIET, false),
            (When::UnderWay(1), QUIET, false),
            (When::UnderWay(1), Moment { under_way: 2, ..QUIET }, true),
            (When::Rate(5.0), Moment { rate: 5.0, ..QUIET }, false),
            (When::Rate(5.0), Moment { rate: 6.0, ..QUIET }, true),
            (When::Age(seconds(30)), QUIET, true),
            (When::Age(seconds(31)), QUIET, false),
            (When::InProduction(Duration::ZERO), QUIET, false),
            (When::InProduction(Duration::ZERO), Moment { in_production: Some(Duration::ZERO), ..QUIET }, true),
            (When::InProduction(seconds(9)), Moment { in_production: Some(seconds(8)), ..QUIET }, false),
            (When::Share(1.0), QUIET, false),
            (When::Share(1.0), Moment { share: 1.0, ..QUIET }, true),
        ];
        for (when, moment, expected) in cases {
            let errors = effect(&only(when.clone(), ERRORS), &moment).errors;
            assert_eq!(errors > 0.0, expected, "{when:?} {moment:?}");
        }
    }

    #[test]
    fn what_worsens_grows_evenly_and_then_stays() {
        for (age, share) in [(0, 0.0), (15, 0.125), (30, 0.25), (60, 0.5), (600, 0.5)] {
            let moment = Moment { age: Duration::from_secs(age), ..QUIET };
            let seen = effect(&worsening(60, ERRORS), &moment);
            assert!((seen.errors - share).abs() < 1e-9, "{age}: {seen:?}");
            let slow = effect(&worsening(60, TaskFault::Slower { factor: 3.0 }), &moment);
            assert!((slow.factor - (1.0 + 4.0 * share)).abs() < 1e-9, "{age}: {slow:?}");
            let by = effect(&worsening(60, TaskFault::Slow { by: Duration::from_secs(2) }), &moment).by;
            assert!((by.as_secs_f64() - 4.0 * share).abs() < 1e-6, "{age}: {by:?}");
            assert_eq!(effect(&worsening(60, TaskFault::NeverReady), &moment).unready, age >= 60, "{age}");
        }
    }

    #[test]
    fn several_faults_meet_a_request_together() {
        let slow = TaskFault::Slow { by: Duration::from_secs(1) };
        let fault = TaskFault::All(vec![
            ERRORS,
            ERRORS,
            slow.clone(),
            slow,
            TaskFault::Slower { factor: 2.0 },
            TaskFault::Slower { factor: 1.5 },
            TaskFault::NeverReady,
        ]);
        let expected = Effect { errors: 0.75, by: Duration::from_secs(2), factor: 3.0, unready: true, ends: None };
        assert_eq!(effect(&fault, &QUIET), expected);
    }

    #[test]
    fn a_task_ends_with_the_request_that_fills_it_or_meets_its_crash() {
        let leak = TaskFault::Leak { requests: 3, code: 137 };
        let crash = |seconds| TaskFault::Crash { after: Duration::from_secs(seconds), code: 9 };
        let cases = [
            (leak.clone(), Moment { taken: 2, ..QUIET }, None),
            (leak, Moment { taken: 3, ..QUIET }, Some(137)),
            (only(When::Share(1.0), crash(0)), QUIET, None),
            (only(When::Share(0.05), crash(0)), QUIET, Some(9)),
            (only(When::Share(0.05), crash(31)), QUIET, None),
            // What runs the task sees to this one.
            (crash(0), QUIET, None),
        ];
        for (fault, moment, expected) in cases {
            assert_eq!(effect(&fault, &moment).ends, expected, "{fault:?}");
        }
    }
}
