//! Latency: the looks in between and the comparison at the end together, with 300 answers of each release
//! of a steady service: log-normal, a median of 50 ms, and a spread of 0.25, which makes the p95 half as
//! long again as the median.

use std::time::Duration;

use delivery::evidence::Judgement;
use delivery::verdict::Verdict;
use delivery::verdict::latency::early::{EVERY, Early};
use delivery::verdict::latency::{Allowed, PERCENTILES, finding};
use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::{random, share};

const ALLOWED: Allowed = Allowed { ratio: 1.2, floor: Duration::from_millis(5) };
const MEDIAN: f64 = 0.050;
const SPREAD: f64 = 0.25;
const ANSWERS: usize = 300;

/// How long an answer takes, by Box and Muller.
fn answer(random: &mut StdRng, median: f64, spread: f64) -> f64 {
    let (one, other): (f64, f64) = (1.0 - random.random::<f64>(), random.random());
    median * (spread * (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos()).exp()
}

/// What one watch comes to, and after how many answers. From `slow_from` on the candidate takes that many
/// times as long.
fn watch(seed: u64, answers: usize, ratio: f64, slow_from: usize) -> (Judgement, usize) {
    let mut random = random(seed);
    let (mut candidate, mut serving) = (Vec::new(), Vec::new());
    let mut early = Early::default();
    for number in 1..=answers {
        let times = if number > slow_from { ratio } else { 1.0 };
        candidate.push(answer(&mut random, MEDIAN * times, SPREAD));
        serving.push(answer(&mut random, MEDIAN, SPREAD));
        if (number as u64).is_multiple_of(EVERY) && early.look(&candidate, &serving, ALLOWED, "it").is_some() {
            return (Judgement::Failed, number);
        }
    }
    candidate.sort_by(f64::total_cmp);
    serving.sort_by(f64::total_cmp);
    let findings = PERCENTILES.iter().map(|percentile| finding(&candidate, &serving, *percentile, ALLOWED, "it"));
    (Verdict::of("", findings.collect()).judgement, answers)
}

/// The shares of 300 watches that pass and that fail.
fn judged(ratio: f64) -> (f64, f64) {
    let judged: Vec<Judgement> = (0..300).map(|seed| watch(seed, ANSWERS, ratio, 0).0).collect();
    let of = |what| share(judged.iter().map(|judgement| *judgement == what));
    let (passed, failed) = (of(Judgement::Passed), of(Judgement::Failed));
    println!("{ratio} times as long: {:.1} % pass, {:.1} % fail", passed * 100.0, failed * 100.0);
    (passed, failed)
}

#[test]
fn a_release_that_is_as_fast_passes() {
    let (passed, failed) = judged(1.0);
    assert!(passed > 0.95 && failed < 0.005, "{passed} {failed}");
}

#[test]
fn a_release_that_is_slower_by_half_fails() {
    let (_, failed) = judged(1.5);
    assert!(failed > 0.95, "{failed}");
}

#[test]
fn a_release_just_at_the_limit_is_rarely_called_either() {
    let (passed, failed) = judged(1.2);
    // Each percentile fails one in twenty by itself.
    assert!(passed < 0.05 && failed < 0.10, "{passed} {failed}");
}

#[test]
fn the_looks_in_between_find_what_is_terrible_soon_and_nothing_else() {
    let aborted = |ratio| share((0..100).map(|seed| watch(seed, 2000, ratio, 0).1 < 2000));
    let (same, limit) = (aborted(1.0), aborted(1.2));
    println!("2000 answers: {:.1} % aborted when as fast, {:.1} % at the limit", same * 100.0, limit * 100.0);
    assert!(same < 0.001 && limit < 0.01, "{same} {limit}");
    for (ratio, under) in [(1.5, 500), (2.0, 101), (3.0, 51)] {
        let mut after: Vec<usize> = (0..100).map(|seed| watch(seed, 2000, ratio, 0).1).collect();
        after.sort_unstable();
        println!("{ratio} times as long: known after a median of {} answers", after[50]);
        assert!(after[50] < under, "{ratio}: {}", after[50]);
    }
}

#[test]
fn a_release_that_gets_slow_late_is_known_by_its_last_answers() {
    let found = share((0..20).map(|seed| watch(seed, 3000, 2.0, 2400).1 < 3000));
    assert!(found > 0.99, "{found}");
}
