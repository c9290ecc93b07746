//! Events in words.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::progress::{Arm, Event, Measured, Outcome, Stage, Step, Tasks};
use crate::verdict::Source;

/// What happened, on one line unless it has several of its own; nothing of what is not for people.
pub(crate) fn of(event: &Event) -> Option<String> {
    Some(match event {
        // For the page and for programs; people are told by the plan and by the step.
        Event::About(_) | Event::Recorded(_) => return None,
        Event::Began { step, what, limit } => {
            let limit = limit.map(|limit| format!(", at most {}", time(limit))).unwrap_or_default();
            format!("{:<9} {what}{limit}", name(*step))
        }
        Event::Ended { step, outcome, what, took } => {
            let blank = if what.is_empty() { "" } else { ": " };
            format!("{:<9} {} after {}{blank}{what}", name(*step), outcome_word(*outcome), time(*took))
        }
        Event::Said { step, what } => format!("{:<9} {what}", name(*step)),
        Event::Warned { step, what } => format!("{:<9} warning: {what}", name(*step)),
        Event::Tasks { step, tasks, spent, limit } => {
            format!("{:<9} {}, {} of {}", name(*step), figures(tasks), time(*spent), time(*limit))
        }
        Event::Stage(Stage { name, weight, decides, why }) => {
            format!("{:<9} {name}, {weight} % of the traffic: {decides} decides; {why}", "stage")
        }
        Event::Measured(measured) => format!("{:<9} {}", "watch", measured_in_words(measured)),
        Event::Alarms { states } => format!("{:<9} {}", "alarms", alarms_in_words(states)),
        Event::Judged { watch, judgement, findings } => {
            let found = findings.iter().map(|finding| format!("\n{}: {}", finding.judgement, finding.words));
            format!("{:<9} {watch} {judgement}{}", "watch", found.collect::<String>())
        }
        Event::Log { task, line } => format!("{:<9} {}: {line}", "log", task.get(..8).unwrap_or(task)),
    })
}

/// A step's name for people.
pub(crate) fn name(step: Step) -> &'static str {
    match step {
        Step::Preflight => "preflight",
        Step::Lock => "lock",
        Step::Plan => "plan",
        Step::Push => "push",
        Step::Tag => "tag",
        Step::Register => "register",
        Step::Migrate => "migrate",
        Step::Update => "update",
        Step::Follow => "follow",
        Step::Watch => "watch",
        Step::Prove => "prove",
        Step::Smoke => "smoke",
        Step::Evidence => "evidence",
        Step::RollBack => "roll back",
        Step::Unlock => "unlock",
    }
}

pub(super) fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Skipped => "nothing to do",
        Outcome::Refused => "REFUSED",
        Outcome::Failed => "FAILED",
    }
}

fn measured_in_words(measured: &Measured) -> String {
    let Measured { watch, source, candidate, serving, spent, lasts, .. } = measured;
    let whose = match source {
        Source::Probes => "probes",
        Source::Users => "users",
    };
    let serving = serving.as_ref().map(|arm| format!("; what serves: {}", arm_in_words(arm))).unwrap_or_default();
    format!("{watch}, {whose}: {}{serving}, {} of {}", arm_in_words(candidate), time(*spent), time(*lasts))
}

/// How alarms stand, those that ring first.
pub(super) fn alarms_in_words(states: &BTreeMap<String, String>) -> String {
    let mut states: Vec<_> = states.iter().collect();
    states.sort_by_key(|(name, state)| (*state != "ALARM", *name));
    let words: Vec<_> = states.iter().map(|(name, state)| format!("{name} {state}")).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

fn arm_in_words(arm: &Arm) -> String {
    let rate = arm.error_rate.map(|(low, high)| format!(" ({:.2} to {:.2} %)", low * 100.0, high * 100.0));
    let p95 = arm.p95.map(|p95| format!(", p95 {:.0} ms", p95 * 1000.0));
    format!("{} requests, {} failed{}{}", arm.requests, arm.errors, rate.unwrap_or_default(), p95.unwrap_or_default())
}

fn figures(tasks: &Tasks) -> String {
    let Tasks { status, desired, running, pending, failed, old } = tasks;
    let more = [(pending, "starting"), (failed, "failed"), (old, "old")].into_iter();
    let more = more.filter(|(count, _)| **count > 0).map(|(count, what)| format!(", {count} {what}"));
    format!("{status}: {running} of {desired} new tasks run{}", more.collect::<String>())
}

/// A duration in the unit that fits.
pub(crate) fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_nothing_are_left_out() {
        let tasks = Tasks { status: "IN_PROGRESS".to_owned(), desired: 4, running: 1, failed: 2, ..Tasks::default() };
        assert_eq!(figures(&tasks), "IN_PROGRESS: 1 of 4 new tasks run, 2 failed");
    }

    #[test]
    fn a_time_is_written_in_the_unit_that_fits() {
        for (milliseconds, expected) in [(1_240, "1.2 s"), (125_000, "2 min 05 s"), (3_720_000, "1 h 02 min")] {
            assert_eq!(time(Duration::from_millis(milliseconds)), expected);
        }
    }
}
