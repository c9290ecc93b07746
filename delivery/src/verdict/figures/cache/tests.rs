//! Caches that fill, and caches that do not, in tables.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::*;
use Judgement::{Failed, Inconclusive, Passed};

fn tolerance() -> Tolerance {
    Tolerance { lag: std::time::Duration::from_secs(10), hits: 0.5, lookups: 10_000 }
}

fn told(rate: f64, lookups: f64) -> Told {
    Told { lag: None, hit_rate: Some(rate), lookups: Some(lookups) }
}

/// A cache, and the round that showed that it is bad.
type Played = (Cache, Option<u32>);

/// The rounds of an old release that hits `theirs`, with so many lookups between two rounds of the new one.
fn play(rounds: u32, step: f64, theirs: f64, rate: impl Fn(f64) -> f64) -> Played {
    let mut cache = Cache::default();
    let mut bad_at = None;
    for round in 1..=rounds {
        let lookups = f64::from(round) * step;
        if cache.take(told(rate(lookups), lookups), told(theirs, 5e6), &tolerance()).is_some() {
            assert_eq!(bad_at.replace(round), None, "it is said once");
        }
    }
    (cache, bad_at)
}

/// The share of hits so far of a cache that holds whatever was looked up, of so many links that are all
/// looked up as often.
fn uniform(links: f64) -> impl Fn(f64) -> f64 {
    move |lookups| 1.0 - links / lookups * (1.0 - (-lookups / links).exp())
}

/// The same of links that are looked up as Zipf's law has it.
fn zipf(links: u32) -> impl Fn(f64) -> f64 {
    let harmonic: f64 = (1..=links).map(|rank| 1.0 / f64::from(rank)).sum();
    move |lookups| {
        let seen = |rank: u32| 1.0 - (-lookups / (f64::from(rank) * harmonic)).exp();
        1.0 - (1..=links).map(seen).sum::<f64>() / lookups
    }
}

#[test]
fn a_cache_is_bad_when_it_is_warm_and_low_and_fills_no_more() {
    let cases: [(&str, Played, Judgement); 9] = [
        ("level", play(60, 1000.0, 0.9, |_| 0.9), Passed),
        ("somewhat worse", play(60, 1000.0, 0.9, |_| 0.5), Passed),
        ("never hits", play(60, 1000.0, 0.9, |_| 0.0), Failed),
        ("stays under half", play(60, 1000.0, 0.9, |_| 0.4), Failed),
        ("never hits, and is cold", play(60, 100.0, 0.9, |_| 0.0), Inconclusive),
        ("never hits, and has not had twice as many lookups", play(19, 1000.0, 0.9, |_| 0.0), Inconclusive),
        ("never hits, as that of the old release", play(60, 1000.0, 0.0, |_| 0.0), Passed),
        ("fills, of many links", play(60, 1000.0, 0.9, uniform(1e6)), Inconclusive),
        ("fills, of some links", play(600, 1000.0, 0.9, uniform(2e4)), Passed),
    ];
    for (case, (cache, bad_at), expected) in cases {
        let finding = cache.finding(&tolerance());
        assert_eq!(finding.judgement, expected, "{case}: {}", finding.words);
        assert_eq!(bad_at.is_some(), expected == Failed, "{case}");
        assert_eq!(finding.decides, expected != Inconclusive, "{case}: what is not judged decides nothing");
    }
}

#[test]
fn a_cache_that_never_hits_is_known_soon_after_its_lookups_have_doubled() {
    let (_, bad_at) = play(60, 1000.0, 0.9, |_| 0.0);
    // Three early rounds of 10 000 to 12 000 lookups, and six in a row of twice as many.
    assert_eq!(bad_at, Some(29));
}

#[test]
fn a_cold_cache_that_fills_is_never_bad_however_links_are_looked_up() {
    for links in [3_000, 100_000, 1_000_000] {
        for step in [700.0, 5_000.0] {
            let (cache, bad_at) = play(150, step, 0.98, zipf(links));
            assert_eq!(bad_at, None, "{links} by {step}: {}", cache.finding(&tolerance()).words);
        }
    }
    for links in [1e4, 1e5, 1e6, 1e7] {
        assert_eq!(play(400, 700.0, 0.98, uniform(links)).1, None, "{links}");
    }
}

#[test]
fn tasks_that_differ_and_chance_take_no_cold_cache_back() {
    // Four tasks, each with a rate of its own around what is expected, one of which answers.
    for seed in 0..200 {
        let mut random = StdRng::seed_from_u64(seed);
        let (expected, mut cache) = (uniform(1e5), Cache::default());
        for round in 1..=200_u32 {
            let lookups = f64::from(round) * 500.0 * random.random_range(0.8..1.25);
            let rate = expected(lookups);
            let spread = (rate * (1.0 - rate) / lookups).sqrt() * random.random_range(-3.0..3.0);
            let bad = cache.take(told(rate + spread, lookups), told(0.95, 5e6), &tolerance());
            assert_eq!(bad, None, "{seed}");
        }
    }
}

#[test]
fn what_is_not_told_is_not_judged_and_the_words_say_what_is_missing() {
    let untold = Told::default();
    let rate = Told { hit_rate: Some(0.1), ..untold };
    for (ours, theirs, says) in [
        (untold, told(0.9, 5e6), "it does not tell how often its cache hits"),
        (rate, told(0.9, 5e6), "and it does not tell of how many lookups"),
        (told(0.1, 200.0), told(0.9, 5e6), "of 200 lookups, and is cold before a task has had 10000"),
        (told(0.1, 5e4), untold, "and of the old release that is not known"),
        (told(0.1, 5e4), rate, "and of the old release that is not known"),
        (told(0.1, 5e4), told(0.9, 50.0), "has had fewer than 10000 lookups itself"),
    ] {
        let mut cache = Cache::default();
        for _ in 0..50 {
            assert_eq!(cache.take(ours, theirs, &tolerance()), None);
        }
        let finding = cache.finding(&tolerance());
        assert!(finding.words.contains(says), "{}", finding.words);
        assert!(!finding.decides && finding.words.ends_with("it is not judged by that"), "{}", finding.words);
    }
}

#[test]
fn the_words_have_both_rates_and_the_limit() {
    let (cache, _) = play(60, 1000.0, 0.9, |_| 0.0);
    let bad = cache.finding(&tolerance());
    assert_eq!(
        bad.words,
        "the cache hits 0 % of 29000 lookups, that of the old release 90 %: under 50 % of it, 6 times in a row, and no better \
         than at half as many lookups"
    );
    assert_eq!((bad.measured, bad.limit), (Some(1.0), Some(0.55)));
}
