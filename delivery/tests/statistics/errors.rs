//! The error rate: the continuous test and the end of the window together.

use delivery::evidence::Judgement;
use delivery::verdict::abort::Abort;
use delivery::verdict::errors::Counts;
use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::{random, share};

const LIMIT: f64 = 0.01;

/// What one watch of so many requests comes to, and after how many. A rollback is what `Failed` means.
/// The rate of errors is the first until so many requests, and the second from then on.
fn watch(seed: u64, requests: u64, rate: f64, changes: Option<(u64, f64)>) -> (Judgement, u64) {
    let mut random = random(seed);
    let mut abort = Abort::new(LIMIT);
    let mut counts = Counts::default();
    let mut rate = rate;
    // How many are good until the next error is drawn at once: a draw for each would take most of the time.
    let mut good = gap(&mut random, rate);
    for number in 0..requests {
        if let Some((_, second)) = changes.filter(|(from, _)| *from == number) {
            rate = second;
            good = gap(&mut random, rate);
        }
        let is_error = good == 0;
        good = if is_error { gap(&mut random, rate) } else { good - 1 };
        counts = counts.and(Counts { requests: 1, errors: u64::from(is_error) });
        if abort.take(is_error) {
            return (Judgement::Failed, counts.requests);
        }
    }
    (counts.judge(LIMIT), requests)
}

/// How many are good before the next error.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
fn gap(random: &mut StdRng, rate: f64) -> u64 {
    ((1.0 - random.random::<f64>()).ln() / (-rate).ln_1p()).floor() as u64
}

fn rollbacks(runs: u64, requests: u64, rate: f64) -> f64 {
    share((0..runs).map(|seed| watch(seed, requests, rate, None).0 == Judgement::Failed))
}

/// The median number of requests until it is known to be bad, over those runs in which it is: all must be.
fn median(runs: u64, rate: f64) -> u64 {
    let mut after: Vec<u64> = (0..runs)
        .map(|seed| {
            let (judgement, after) = watch(seed, 5000, rate, None);
            assert_eq!(judgement, Judgement::Failed, "run {seed} at {rate}");
            after
        })
        .collect();
    after.sort_unstable();
    after[after.len() / 2]
}

#[test]
fn a_healthy_service_with_half_a_percent_of_errors_is_not_taken_back() {
    // 1000 requests, 15 minutes and an hour at five a second.
    for (runs, requests) in [(4000, 1000), (1000, 4500), (300, 18_000)] {
        let wrong = rollbacks(runs, requests, 0.005);
        println!("0.5 % errors, {requests} requests, {runs} runs: {:.2} % taken back", wrong * 100.0);
        assert!(wrong < 0.02, "{wrong}");
    }
}

#[test]
fn a_service_at_the_very_limit_is_aborted_no_more_often_than_the_inequality_allows() {
    let runs = 1000;
    let aborted = share((0..runs).map(|seed| watch(seed, 4500, LIMIT, None).1 < 4500));
    println!("1 % errors, 4500 requests, {runs} runs: {:.2} % aborted", aborted * 100.0);
    // 1 % for the test from the beginning and 1 % for those that begin later, and what chance adds.
    assert!(aborted < 0.03, "{aborted}");
}

#[test]
fn a_bad_service_is_known_within_few_requests() {
    for (rate, under) in [(0.05, 150), (0.10, 60), (0.25, 20), (0.50, 10), (1.0, 3)] {
        let median = median(1000, rate);
        println!("{} % errors: known after a median of {median} requests", rate * 100.0);
        assert!(median < under, "{rate}: {median}");
    }
}

#[test]
fn a_service_that_gets_bad_after_an_hour_is_known_nearly_as_soon() {
    for (rate, under) in [(0.05, 500), (0.10, 200), (0.50, 30)] {
        let mut after: Vec<u64> = (0..200)
            .map(|seed| {
                let (judgement, after) = watch(seed, 25_000, 0.001, Some((18_000, rate)));
                assert_eq!(judgement, Judgement::Failed, "run {seed} at {rate}");
                after.saturating_sub(18_000)
            })
            .collect();
        after.sort_unstable();
        let median = after[after.len() / 2];
        println!("0.1 %, then {} % after 18000 requests: known after a median of {median} more", rate * 100.0);
        assert!(median < under, "{rate}: {median}");
    }
}

#[test]
fn a_pass_is_rarely_wrong_and_a_good_service_gets_one() {
    let wrong = share((0..2000).map(|seed| watch(seed, 900, LIMIT, None).0 == Judgement::Passed));
    let right = share((0..500).map(|seed| watch(seed, 4500, 0.002, None).0 == Judgement::Passed));
    println!("1 % errors: {:.2} % pass; 0.2 % errors, 4500 requests: {:.1} % pass", wrong * 100.0, right * 100.0);
    assert!(wrong < 0.06, "{wrong}");
    assert!(right > 0.99, "{right}");
}

#[test]
fn a_second_look_before_users_lets_little_more_through() {
    // 300 probes, and 1000 in all when those do not tell: what the second look sees begins with the first.
    let passes = |seed| {
        let (first, _) = watch(seed, 300, LIMIT, None);
        first == Judgement::Passed
            || (first == Judgement::Inconclusive && watch(seed, 1000, LIMIT, None).0 == Judgement::Passed)
    };
    let wrong = share((0..4000).map(passes));
    println!("1 % errors, 300 and 1000 probes: {:.2} % pass", wrong * 100.0);
    assert!(wrong < 0.09, "{wrong}");
}
