//! The page of a made-up timeline.

use std::time::Duration;

use super::super::timeline::tests::step;
use super::super::timeline::{Exit, Line, Requests, Sample, Scene, Spent, Timeline};
use super::*;
use crate::snapshot::ServiceDeploymentView;

fn made_up() -> Timeline {
    let seconds = Duration::from_secs;
    let mut scenes = Vec::new();
    for (number, (name, about, steps)) in (0..).zip([
        ("build", "The image of the work tree, as it is.", vec![("build", 0, 0)]),
        ("deploy-staging", "The first release goes to staging.", vec![("deploy-staging", 0, 0)]),
        ("promote", "The digest that staging verified goes to production.", vec![("promote --image-tag 1234", 0, 0)]),
        ("crash", "A release whose tasks crash.", vec![("deploy-staging", 0, 0), ("promote --image-tag 5678", 21, 1)]),
        ("rollback", "Back to the last good release.", vec![("rollback --environment production", 0, 0)]),
    ]) {
        let steps = (0..).zip(steps).map(|(index, (title, expected, exit))| {
            let mut step =
                step(title, &[expected], Some(Exit::Code(exit)), &[("the right release serves", expected == exit)]);
            step.began = seconds(4 + number * 15 + index * 7);
            step.took = seconds(6);
            step.output = (0..30)
                .map(|line| Line {
                    after: Duration::from_millis(line * 200),
                    text: format!(
                        "production  rolling out  2 of 4 tasks healthy, {line} s of 600 s <&> {}",
                        "-".repeat(60)
                    ),
                })
                .collect();
            step
        });
        let (name, about, steps) = (name.to_owned(), about.to_owned(), steps.collect());
        scenes.push(Scene { name, about, steps, broke: None });
    }
    let traffic = (38..84).map(|second| Sample {
        at: seconds(second),
        over: seconds(1),
        answered: 50 - u64::from(second == 61) * 7 - second % 3,
        failed: u64::from(second == 61) * 7,
    });
    let start: Timestamp = "2026-11-24T20:00:00Z".parse().expect("a time");
    let deployment = |name: &str, status: &str, reason: Option<&str>| ServiceDeploymentView {
        arn: format!("arn:aws:ecs:ap-northeast-1:123456789012:service-deployment/myapp-cluster/myapp-api/{name}"),
        status: status.to_owned(),
        status_reason: reason.map(str::to_owned),
        target_revision: String::new(),
        task_definition: String::new(),
        digest: Some(format!("sha256:{}", "4f".repeat(32))),
        shift: None,
        created_at: start,
        finished_at: Some(start + seconds(12)),
    };
    let service = |cluster: &str| ServiceView {
        cluster: cluster.to_owned(),
        name: "myapp-api".to_owned(),
        task_definition: String::new(),
        desired: 4,
        running: 4,
        pending: 0,
        healthy: 4,
        deployments: Vec::new(),
        service_deployments: vec![
            deployment("Zk4XnQ2mV8rT1bY6wCj0p", "SUCCESSFUL", None),
            deployment(
                "b7HsL9eRk3UqN5xDa2GfM",
                "ROLLBACK_SUCCESSFUL",
                Some("Service deployment rolled back because the circuit breaker threshold was exceeded."),
            ),
        ],
        events: Vec::new(),
    };
    Timeline {
        setting: "tasks are processes, time 20 times as fast, seed 1, 2026-11-24 20:00 UTC".to_owned(),
        spent: vec![
            Spent { on: "compiling".to_owned(), time: seconds(2) },
            Spent { on: "starting the cloud".to_owned(), time: Duration::from_millis(300) },
        ],
        scenes,
        traffic: traffic.collect(),
        expected_failures: 0,
        requests: Requests {
            sent: 2300,
            failed: 7,
            reasons: vec![("the connection broke before an answer".to_owned(), 7)],
            failures: vec!["at 60.2 s, during crash: the connection broke before an answer".to_owned()],
            p99: Some(Duration::from_micros(8_300)),
        },
        services: vec![service("myapp-staging-cluster"), service("myapp-cluster")],
        took: seconds(84),
    }
}

#[test]
fn the_page_needs_nothing_from_elsewhere_and_runs_no_script() {
    let html = page(&made_up());
    for word in ["<script", "http://", "https://", "@import", "url(", "<link", " src=", " onclick"] {
        assert!(!html.contains(word), "it has {word}");
    }
}

#[test]
fn what_commands_say_is_text_and_not_markup() {
    let html = page(&made_up());
    assert!(html.contains("600 s &lt;&amp;&gt; ---"), "the output is escaped");
    assert!(!html.contains("<&>"));
}

#[test]
fn the_page_has_landmarks_headings_in_order_and_a_chart_with_words() {
    let html = page(&made_up());
    for part in
        ["<html lang=\"en\">", "<header>", "<nav aria-label=", "<main>", "<figcaption", "role=\"img\"", "<th scope="]
    {
        assert!(html.contains(part), "no {part}");
    }
    assert_eq!(html.matches("<h1").count(), 1);
    let levels: Vec<u8> =
        html.match_indices("<h").filter_map(|(at, _)| html.as_bytes()[at + 2].checked_sub(b'0')).collect();
    let levels: Vec<u8> = levels.into_iter().filter(|level| (1..=6).contains(level)).collect();
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    assert!(html.contains("in one of them requests failed, in red"));
}

#[test]
fn every_element_that_is_opened_is_closed() {
    let html = page(&made_up());
    for element in
        ["section", "ol", "ul", "li", "details", "pre", "div", "table", "svg", "figure", "main", "nav", "p", "h2", "h3"]
    {
        let opened = html.matches(&format!("<{element}>")).count() + html.matches(&format!("<{element} ")).count();
        let closed = html.matches(&format!("</{element}>")).count();
        assert_eq!(opened, closed, "{element}");
    }
}

#[test]
fn the_page_is_written_where_somebody_wants_to_look_at_it() {
    let html = page(&made_up());
    if let Some(path) = std::env::var_os("REHEARSAL_PAGE") {
        std::fs::write(path, html).expect("written");
    }
}
