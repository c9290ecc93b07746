//! What a watch comes to: a finding for each thing that was watched.

use std::fmt::Write as _;

use super::answer::Behind;
use super::arm::sorted;
use super::round::{Round, Seen, Traced};
use super::users::Known;
use crate::evidence::Judgement;
use crate::verdict::errors::{Counts, needed};
use crate::verdict::latency::{self, PERCENTILES};
use crate::verdict::{Finding, Source, Trigger};

/// One answer in so many may be by somebody else: one that was under way when the weights changed.
const STRAY: u64 = 20;
/// So much larger than the other release's the share of refusals may be before it is worth a word.
const REFUSED: f64 = 0.05;

/// All findings at the end of a watch; what ended it early, first.
pub(super) fn findings(round: &Round<'_, '_>, bad: Option<&Finding>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = bad.cloned().into_iter().collect();
    let of_identity = identity(round);
    let is_new = |finding: &Finding| bad.is_none_or(|bad| bad.words != finding.words);
    findings.extend(of_identity.into_iter().filter(is_new));
    let mut judged = errors(round);
    judged.extend(latencies(round));
    judged.extend(flows(round));
    judged.push(readiness(round));
    judged.extend(round.watch.own.findings(&round.tolerance()));
    let ended_by = |finding: &Finding| bad.is_some_and(|bad| bad.trigger == finding.trigger);
    // What ended it was judged by other means than the end of the window has.
    findings
        .extend(judged.into_iter().filter(|finding| !ended_by(finding)).map(|finding| round.watch.decided(finding)));
    findings.extend(round.figures.beside(&round.watch.figures_before));
    let redactor = &round.watch.subject.redactor;
    for finding in &mut findings {
        finding.words = redactor.redact(&finding.words);
    }
    findings
}

/// That so many probes failed that no more are needed.
pub(super) fn terrible(round: &Round<'_, '_>) -> Finding {
    let counts = round.candidate.counts;
    sequential(counts, Source::Probes, round.watch.settings.error_rate, &context(round))
}

/// The same of users.
pub(super) fn terrible_for_users(round: &Round<'_, '_>, known: &Known) -> Finding {
    sequential(known.counts, Source::Users, round.watch.settings.error_rate, "")
}

fn sequential(counts: Counts, source: Source, limit: f64, context: &str) -> Finding {
    let (k, n, percent) = (counts.errors, counts.requests, limit * 100.0);
    let words = format!(
        "{k} of {n} {source} failed{context}; failures have come 100 times as likely as they could under {percent} %, so that \
         no more are waited for"
    );
    Finding::new(Trigger::ErrorRate, Judgement::Failed, words).with_numbers(
        counts.rate().unwrap_or_default(),
        limit,
        "of requests",
    )
}

/// What the last error was, and how the serving release fared.
fn context(round: &Round<'_, '_>) -> String {
    let mut words = String::new();
    if let Some(error) = &round.candidate.last_error {
        let _ = write!(words, ", the last: {error}");
    }
    let serving = round.serving.counts;
    if serving.requests > 0 {
        let _ = write!(words, "; {} of {} of the release that serves did", serving.errors, serving.requests);
    }
    words
}

fn errors(round: &Round<'_, '_>) -> Vec<Finding> {
    let limit = round.watch.settings.error_rate;
    let probes = round.candidate.counts;
    let Some((known, silence)) = users(round) else {
        return vec![of_probes(round, Counts::default())];
    };
    let counts = known.counts;
    let of_users = match silence {
        Some(silence) => silence,
        None if counts.requests == 0 => Finding::new(
            Trigger::ErrorRate,
            Judgement::Inconclusive,
            format!(
                "there were no requests of users in the {} whole minutes that CloudWatch has told: probes judge",
                known.told
            ),
        )
        .told_only(),
        None => {
            let mut finding = topped_up(counts, Source::Users, probes, limit);
            if known.missing > 0 {
                let _ = write!(finding.words, "; {} of {} minutes are missing", known.missing, known.settled);
            }
            finding
        }
    };
    if round.watch.settings.probe_rate == 0 && of_users.decides {
        return vec![of_users];
    }
    vec![of_probes(round, counts), of_users]
}

fn of_probes(round: &Round<'_, '_>, users: Counts) -> Finding {
    let (ours, theirs) = (&round.candidate, &round.serving);
    let mut finding = topped_up(ours.counts, Source::Probes, users, round.watch.settings.error_rate);
    if ours.counts.errors > 0 {
        finding.words.push_str(&context(round));
    }
    let share = |refusals: u64, counts: Counts| refusals as f64 / counts.requests.max(1) as f64;
    if share(ours.refusals, ours.counts) > share(theirs.refusals, theirs.counts) + REFUSED {
        let _ = write!(
            finding.words,
            "; {} were answered with 4xx, {} of {} of the release that serves",
            ours.refusals, theirs.refusals, theirs.counts.requests
        );
    }
    finding
}

/// A source is judged by itself when it has as many requests as a pass takes, and else together with the
/// other: what fails by itself fails either way.
fn topped_up(own: Counts, source: Source, other: Counts, limit: f64) -> Finding {
    let mut finding = own.finding(source, limit);
    if finding.judgement != Judgement::Inconclusive || own.requests >= needed(0, limit) {
        return finding;
    }
    let both = own.and(other);
    if both.requests > own.requests && own.requests > 0 && both.judge(limit) == Judgement::Passed {
        finding.judgement = Judgement::Passed;
        let (_, high) = both.interval();
        let _ = write!(
            finding.words,
            "; together with the others {} of {} failed, which is under {:.2} % at 95 % confidence",
            both.errors,
            both.requests,
            high * 100.0
        );
    }
    finding
}

/// What is known of users, and what is to be said instead when that is not to be judged by; none when
/// they are not asked about.
fn users(round: &Round<'_, '_>) -> Option<(Known, Option<Finding>)> {
    if !round.reads_users() {
        return None;
    }
    let now = round.watch.subject.clock.now();
    let known = round.users.known(&round.watch.ledger, now, round.watch.settings.error_rate);
    let errored = |words| Finding::new(Trigger::ErrorRate, Judgement::Errored, words);
    let silence = match &round.users.silent {
        Some(why) => Some(errored(format!("CloudWatch does not say how requests of users fare: {why}"))),
        None if known.settled > 0 && !round.users.heard => {
            Some(errored("CloudWatch has not answered how requests of users fare".to_owned()))
        }
        None if known.missing * 2 > known.settled => Some(errored(format!(
            "CloudWatch has told nothing of {} of {} minutes, in which it should have counted at least the engine's own requests",
            known.missing, known.settled
        ))),
        None if known.settled == 0 && known.told == 0 => Some(
            Finding::new(
                Trigger::ErrorRate,
                Judgement::Inconclusive,
                "CloudWatch tells a minute up to three minutes after it, which is later than this watch lasted: probes judge",
            )
            .told_only(),
        ),
        None => None,
    };
    Some((known, silence))
}

fn latencies(round: &Round<'_, '_>) -> Vec<Finding> {
    let (ours, theirs, control) = round.compared();
    let (ours, theirs) = (sorted(ours), sorted(&theirs));
    let allowed = round.allowed();
    PERCENTILES.iter().map(|percentile| latency::finding(&ours, &theirs, *percentile, allowed, control)).collect()
}

fn flows(round: &Round<'_, '_>) -> Option<Finding> {
    if !round.watch.subject.environment.smoke.flows {
        return None;
    }
    Some(seen(&round.flows, Trigger::Flow, |times| {
        format!("all {} flows passed, each of {times} times that they were run", round.flows.number)
    }))
}

fn readiness(round: &Round<'_, '_>) -> Finding {
    seen(&round.ready, Trigger::Readiness, |times| format!("it was ready, each of {times} times that it was asked"))
}

fn seen(seen: &Seen, trigger: Trigger, passed: impl Fn(u32) -> String) -> Finding {
    match (&seen.bad, &seen.unable) {
        (Some(bad), _) => bad.clone(),
        (None, Some(why)) => Finding::new(trigger, Judgement::Errored, why.clone()),
        (None, None) if seen.times > 0 => Finding::new(trigger, Judgement::Passed, passed(seen.times)),
        (None, None) => Finding::new(trigger, Judgement::Inconclusive, "nothing was answered before the watch ended"),
    }
}

/// That too many answers are not by whom they should be, so that nothing that was measured says anything.
pub(super) fn identity(round: &Round<'_, '_>) -> Option<Finding> {
    let errored = |words| Some(Finding::new(Trigger::Readiness, Judgement::Errored, words));
    let is_bad = |traced: &Traced| (traced.strangers + traced.unknown) * STRAY > traced.answers;
    let expected = round.parties.candidate.short();
    if is_bad(&round.test) {
        let Traced { answers, strangers, last_stranger, .. } = &round.test;
        return errored(format!(
            "{strangers} of {answers} answers through the test listener were by another commit than the candidate's {expected}, \
             the last by {}",
            short(last_stranger.as_deref()),
        ));
    }
    if is_bad(&round.production) {
        let Traced { answers, strangers, unknown, last_stranger } = &round.production;
        if unknown >= strangers {
            return errored(format!(
                "{unknown} of {answers} answers at the address of users do not name a commit in x-commit, so that the two releases \
                 behind it cannot be told apart"
            ));
        }
        let whom = match round.plan.behind() {
            Behind::Candidate => format!("the candidate's {expected}"),
            Behind::Serving => "that of the release that serves".to_owned(),
            Behind::Both => "those of the two releases".to_owned(),
        };
        return errored(format!(
            "{strangers} of {answers} answers at the address of users were by another commit than {whom}, the last by {}",
            short(last_stranger.as_deref()),
        ));
    }
    None
}

fn short(commit: Option<&str>) -> String {
    commit.unwrap_or("none").chars().take(12).collect()
}
