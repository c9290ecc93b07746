//! What stands on the page.

use std::time::Duration;

use delivery::progress::{Event, Moment};

use crate::made_up::{self, MARKUP, SECRET};

#[track_caller]
fn has(page: &str, words: &[&str]) {
    for words in words {
        assert!(page.contains(words), "{words} is not in {page}");
    }
}

#[track_caller]
fn lacks(page: &str, words: &[&str]) {
    for words in words {
        assert!(!page.contains(words), "{words} is in {page}");
    }
}

#[test]
fn a_success_shows_its_way_its_weights_and_its_evidence() {
    let page = made_up::success().page();
    has(
        &page,
        &[
            "<title>promote to production: done</title>",
            "<p class=\"ending\">production serves 1f0c5d2a9b3e (4f4f4f4f4f4f), proven and asked",
            "canary: 5 % for 15 min, 50 % for 15 min, then 100 %",
            "stages that ECS went through, from 10 % to 50 %",
            "the engine decides: held for 15 min",
            "had 100 % of users' traffic at the most, and 100 % at the end; its share changed 20 times",
            "id=\"errors-probes-title\"",
            "id=\"errors-users-title\"",
            "id=\"latency-probes-title\"",
            "had failed 2 of 3580 requests: 0.06 %",
            "<caption>What was checked in production</caption>",
            "register  a revision like task-definition/myapp-api:41",
        ],
    );
    lacks(&page, &["Trigger:", "judged bad"]);
}

#[test]
fn a_rollback_names_first_what_fired() {
    let page = made_up::rolled_back().page();
    has(&page, &["failed and rolled back", "<strong>Trigger: error rate.</strong> failed and rolled back: 28 of 520"]);
    let (verdicts, timeline) = (page.find("id=\"verdicts\""), page.find("id=\"timeline\""));
    assert!(verdicts < timeline, "what decided comes before how it went");
}

#[test]
fn an_abort_a_refusal_and_a_failed_way_back_say_what_they_are() {
    let page = made_up::aborted().page();
    has(&page, &["failed and rolled back: a signal asked to stop", "it goes back"]);
    lacks(&page, &["Trigger:"]);

    let page = made_up::refused().page();
    has(&page, &["<title>promote to production: refused</title>", "the alarm errors is in ALARM"]);
    lacks(&page, &["id=\"traffic\"", "id=\"errors\"", "id=\"tasks\"", "<svg"]);

    let page = made_up::not_back().page();
    has(&page, &["page someone", "<strong>Trigger: flow.</strong>", "cut off"]);
}

#[test]
fn what_there_is_nothing_of_is_left_out() {
    let page = made_up::empty().page();
    has(&page, &["interrupted before anything was touched", "Exit code 130"]);
    lacks(&page, &["<svg", "<h2", "<table", "<section"]);
}

#[test]
fn nothing_of_others_is_markup_and_no_secret_is_shown() {
    let page = made_up::rolled_back().page();
    lacks(&page, &["<script", SECRET, "\u{1b}", "\u{202e}", MARKUP]);
    has(&page, &["&lt;script src=&quot;https://evil.example/x.js&quot;&gt;&#39;&amp;", "password=***"]);
}

#[test]
fn a_browser_is_told_to_ask_nobody_for_anything() {
    for made in [made_up::success(), made_up::rolled_back(), made_up::empty()] {
        let page = made.page();
        has(&page, &["content=\"default-src 'none'; style-src 'sha256-", "base-uri 'none'; form-action 'none'\""]);
        lacks(
            &page,
            &["<script", "<link", "<img", "<iframe", "@import", "url(", " src=\"", " style=\"", " onclick=\""],
        );
        let links = page.match_indices("href=\"").count();
        assert_eq!(page.match_indices("href=\"#").count(), links, "every link stays on the page");
    }
}

#[test]
fn a_page_of_a_long_watch_stays_small() {
    let page = made_up::success().page();
    assert!(page.len() < 200_000, "{} bytes", page.len());
}

#[test]
fn figures_that_make_no_sense_break_nothing() {
    let mut made = made_up::rolled_back();
    for moment in &mut made.moments {
        if let Event::Measured(measured) = &mut moment.event {
            measured.candidate.error_rate = Some((f64::NAN, f64::INFINITY));
            measured.candidate.p95 = Some(f64::NAN);
            measured.weight = f64::NAN;
        }
    }
    let late = Moment { at: made.over + Duration::from_hours(1), event: made.moments[0].event.clone() };
    made.moments.push(late);
    lacks(&made.page(), &["=\"NaN", ",NaN", "inf,", ",inf"]);
}
