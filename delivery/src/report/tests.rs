//! What comes out of a report.

use std::io;
use std::sync::{Arc, Mutex};

use expect_test::expect;
use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::evidence::Judgement;
use crate::exit::Ending;
use crate::progress::{Arm, Outcome, Stage, Step};
use crate::verdict::{Finding, Trigger};

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("a page").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("a page").clone()).expect("text")
    }
}

fn tasks(running: i32, spent: u64) -> Event {
    let tasks = Tasks { status: "IN_PROGRESS".to_owned(), desired: 4, running, old: 4 - running, ..Tasks::default() };
    let (spent, limit) = (Duration::from_secs(spent), Duration::from_mins(20));
    Event::Tasks { step: Step::Follow, tasks, spent, limit }
}

fn story() -> Vec<Event> {
    vec![
        Event::Began { step: Step::Follow, what: "the rollout".to_owned(), limit: Some(Duration::from_mins(20)) },
        tasks(1, 2),
        tasks(1, 4),
        tasks(2, 6),
        tasks(2, 36),
        Event::Log { task: "0123456789abcdef".to_owned(), line: "password=hunter2 |\u{1b}[31m```".to_owned() },
        Event::Warned { step: Step::Follow, what: "a task stopped:\nEssential container exited".to_owned() },
        Event::Ended {
            step: Step::Follow,
            outcome: Outcome::Failed,
            what: "two tasks crashed".to_owned(),
            took: Duration::from_millis(38_200),
        },
    ]
}

fn told(style: Style) -> (Page, Report) {
    let page = Page::default();
    let report = Report::new(style, page.clone(), Redactor::knowing(["s3cret-value"]));
    for event in story() {
        report.take(Moment { at: "2026-11-24T10:00:00Z".parse().expect("a time"), event });
    }
    (page, report)
}

fn ended() -> Ended {
    let error = Ending::RolledBack("it crashed with s3cret-value".to_owned());
    Ended::badly("promote", &error.into())
}

#[test]
fn elsewhere_every_event_is_a_line_and_figures_come_when_they_change() {
    let (page, report) = told(Style::PLAIN);
    report.close(&ended());
    expect![[r"
        10:00:00 follow    the rollout, at most 20 min 00 s
        10:00:00 follow    IN_PROGRESS: 1 of 4 new tasks run, 3 old, 2.0 s of 20 min 00 s
        10:00:00 follow    IN_PROGRESS: 2 of 4 new tasks run, 2 old, 6.0 s of 20 min 00 s
        10:00:00 follow    IN_PROGRESS: 2 of 4 new tasks run, 2 old, 36.0 s of 20 min 00 s
        10:00:00 log       01234567: password=*** |```
        10:00:00 follow    warning: a task stopped:
                 | Essential container exited
        10:00:00 follow    FAILED after 38.2 s: two tasks crashed
        error: failed and rolled back: it crashed with ***
    "]]
    .assert_eq(&page.text());
}

#[test]
fn on_a_terminal_the_figures_are_one_line_that_is_written_over_and_fits() {
    let (page, _) = told(Style { colours: false, live: true, width: 40 });
    let text = page.text();
    let shown: Vec<_> = text.split(live::CLEAR).skip(1).map(|part| part.split('\n').next().unwrap_or("")).collect();
    assert!(shown.iter().filter(|line| line.contains("IN_PROGRESS")).all(|line| line.chars().count() < 40), "{text:?}");
    assert_eq!(text.matches("IN_PROGRESS: 2 of 4").count(), 4, "it comes back below what was said: {text:?}");
    assert!(text.ends_with("two tasks crashed\n"), "and is gone at the end: {text:?}");
}

#[test]
fn programs_get_one_document() {
    let (_, report) = told(Style::PLAIN);
    let document: serde_json::Value = serde_json::from_str(&report.document(&ended())).expect("JSON");
    assert_eq!(document["exit_code"], 21);
    assert_eq!(document["verb"], "promote");
    assert_eq!(document["error"], "failed and rolled back: it crashed with ***");
    let events = document["events"].as_array().expect("events");
    assert_eq!(events.len(), 6, "figures that did not change are left out");
    assert_eq!(events[0]["event"], "began");
    assert_eq!(events[3]["line"], "password=*** |```");
    let well = Ended::well("status", vec!["all is well".to_owned()], json!({ "tasks": 4 }));
    let document: serde_json::Value = serde_json::from_str(&report.document(&well)).expect("JSON");
    assert_eq!((&document["exit_code"], &document["result"]["tasks"]), (&json!(0), &json!(4)));
    assert!(document["error"].is_null());
}

#[test]
fn the_summary_page_has_the_steps_the_warnings_and_the_log_without_markup_of_others() {
    let (_, report) = told(Style::PLAIN);
    expect![[r"
        ### promote: failed and rolled back

        failed and rolled back: it crashed with &#42;&#42;&#42;<br>

        | step | outcome | took | what |
        | --- | --- | ---: | --- |
        | follow | FAILED | 38.2 s | two tasks crashed |

        #### Warnings

        - follow: a task stopped: Essential container exited

        #### The last lines of tasks

        <pre>01234567 &#124; password=&#42;&#42;&#42; &#124;&#96;&#96;&#96;
        </pre>
    "]]
    .assert_eq(&report.summary(&ended()));
}

#[test]
fn the_summary_names_first_what_fired_and_shows_the_verdicts_and_the_stages() {
    let report = Report::new(Style::PLAIN, Page::default(), Redactor::default());
    let at = |second: i64| Timestamp::from_second(1_790_000_000 + second).expect("a time");
    let stage = |name: &str, weight: f64, decides: &str| {
        let (name, decides, why) = (name.to_owned(), decides.to_owned(), "so it is".to_owned());
        Event::Stage(Stage { name, weight, decides, why })
    };
    let finding = |judgement| Finding::new(Trigger::ErrorRate, judgement, "9 of 90 requests failed");
    for (second, event) in [
        (0, stage("SCALE_UP", 0.0, "ECS")),
        (50, stage("POST_SCALE_UP", 0.0, "ECS")),
        (51, stage("PRE_PRODUCTION_TRAFFIC_SHIFT", 5.0, "the engine")),
        (
            99,
            Event::Judged {
                watch: "5 %".to_owned(),
                judgement: Judgement::Failed,
                findings: vec![finding(Judgement::Failed), finding(Judgement::Passed).told_only()],
            },
        ),
    ] {
        report.take(Moment { at: at(second), event });
    }
    let mut ended = ended();
    ended.page = Some("a/20261124T100000Z-promote-production.html".into());
    expect![[r"
        ### promote: failed and rolled back

        **Trigger: error rate.** 9 of 90 requests failed

        failed and rolled back: it crashed with s3cret-value<br>

        Everything over time is on the page 20261124T100000Z-promote-production.html, in this run's artifact page-promote.

        | watch | what | verdict | in words |
        | --- | --- | --- | --- |
        | 5 % | error rate | failed | 9 of 90 requests failed |
        | 5 % | error rate, told only | passed | 9 of 90 requests failed |

        | stage | traffic | took | who decides |
        | --- | ---: | ---: | --- |
        | SCALE&#95;UP | 0 % | 50.0 s | ECS: so it is |
        | PRE&#95;PRODUCTION&#95;TRAFFIC&#95;SHIFT | 5 % | 48.0 s | the engine: so it is |

    "]]
    .assert_eq(&report.summary(&ended));
}

#[test]
fn a_log_gets_a_line_a_minute_of_each_watch_and_a_terminal_lines_that_are_written_over() {
    let watch = |report: &Report| {
        for second in (0..150).step_by(5) {
            for source in [Source::Probes, Source::Users] {
                let (requests, error_rate) = (second * 4, Some((0.0, 1.0 / (second as f64 + 1.0))));
                let candidate = Arm { requests, error_rate, ..Arm::default() };
                let (spent, lasts) = (Duration::from_secs(second), Duration::from_mins(15));
                let watch = "5 %".to_owned();
                let measured = Measured { watch, weight: 5.0, source, candidate, serving: None, spent, lasts };
                let event = Event::Measured(Box::new(measured));
                report.take(Moment { at: Timestamp::UNIX_EPOCH + spent, event });
            }
        }
    };
    let page = Page::default();
    watch(&Report::new(Style::PLAIN, page.clone(), Redactor::default()));
    let text = page.text();
    assert_eq!(text.lines().count(), 6, "{text}");
    assert!(text.contains("00:02:00 watch     5 %, users: 480 requests, 0 failed (0.00 to 0.83 %)"), "{text}");

    let page = Page::default();
    watch(&Report::new(Style { colours: false, live: true, width: 60 }, page.clone(), Redactor::default()));
    let text = page.text();
    assert_eq!(text.lines().count(), 1 + 2 + 59 * 4, "five lines, drawn again at each telling but the first: {text:?}");
    assert!(text.split(['\n', '\r']).all(|line| line.chars().count() < 60 + live::CLEAR.len()), "{text:?}");
}

#[test]
fn a_note_takes_the_lines_that_are_written_over_away_and_they_come_back_below_it() {
    let page = Page::default();
    let report = Report::new(Style { colours: false, live: true, width: 60 }, page.clone(), Redactor::default());
    let take = |running| report.take(Moment { at: Timestamp::UNIX_EPOCH, event: tasks(running, 1) });
    report.take(Moment {
        at: Timestamp::UNIX_EPOCH,
        event: Event::Stage(Stage {
            name: "BAKE_TIME".to_owned(),
            weight: 100.0,
            decides: "ECS".to_owned(),
            why: "it bakes".to_owned(),
        }),
    });
    take(1);
    let before = page.text().len();
    report.note("stopping");
    take(2);
    let text = page.text().split_off(before);
    let (cleared, after) = text.split_once("stopping\n").expect("it is said");
    assert_eq!(cleared.matches("\u{1b}[2K").count(), 2, "both lines are taken away: {text:?}");
    assert_eq!(after.matches("2 of 4").count(), 1, "{text:?}");
}
