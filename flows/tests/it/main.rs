//! The flows against a service that behaves, and against one that misbehaves on purpose.

mod stub;

use std::time::Duration;

use flows::{FlowReport, Outcome, Report, SLUG_PREFIX, Secret, Target};
use stub::{Fault, Stub, TOKEN};

const LIFE: &str = "the life of a link";
const NO_TOKEN: &str = "refused without a token";
const WRONG_TOKEN: &str = "refused with a wrong token";

/// For what never comes.
const SHORT: Duration = Duration::from_millis(400);

/// For what comes, however slow the machine is.
const LONG: Duration = Duration::from_mins(1);

fn target(stub: &Stub) -> Target {
    Target::new(stub.base_url(), Secret::new(TOKEN)).expect("a target").with_timeout(LONG).with_deadline(LONG)
}

fn names(flow: &FlowReport) -> Vec<&str> {
    flow.steps.iter().map(|step| step.name).collect()
}

#[track_caller]
fn flow<'a>(report: &'a Report, name: &str) -> &'a FlowReport {
    report.flows.iter().find(|flow| flow.name == name).unwrap_or_else(|| panic!("no flow `{name}` in {report}"))
}

/// Checks which flows failed and in which step, and what that step says.
#[track_caller]
fn check_failure(report: &Report, name: &str, step: &str, expected: &str, seen: &str) {
    let flow = flow(report, name);
    let failed =
        flow.steps.iter().find(|step| !step.outcome.passed()).unwrap_or_else(|| panic!("`{name}` passed: {report}"));
    assert_eq!(failed.name, step, "{report}");
    assert_eq!(flow.outcome, failed.outcome, "{report}");
    let Outcome::Failed { expected: said, seen: saw } = &failed.outcome else {
        panic!("{report}");
    };
    assert!(said.contains(expected), "expected {expected}: {report}");
    assert!(saw.contains(seen), "saw {seen}: {report}");
    assert!(!report.passed());
}

#[tokio::test]
async fn every_flow_passes_against_a_service_that_behaves() {
    let stub = Stub::start(Fault::None).await;
    let report = flows::run(&target(&stub)).await;
    assert!(report.passed(), "{report}");
    let life = ["create", "read", "follow", "see it counted", "delete", "read no more", "follow no more"];
    assert_eq!(names(flow(&report, LIFE)), life);
    let refused = ["create", "list", "read", "see counts", "delete"];
    assert_eq!(names(flow(&report, NO_TOKEN)), refused);
    assert_eq!(names(flow(&report, WRONG_TOKEN)), refused);
    assert_eq!(stub.links(), Vec::<String>::new());
}

#[tokio::test]
async fn a_step_says_its_request_status_and_time() {
    let stub = Stub::start(Fault::None).await;
    let report = flows::run(&target(&stub)).await;
    let life = flow(&report, LIFE);
    assert_eq!(life.steps[0].request, "POST /v1/links");
    let slug_of_follow = life.steps[2].request.strip_prefix("GET /l/");
    assert!(slug_of_follow.is_some_and(|slug| slug.starts_with(SLUG_PREFIX)));
    let statuses: Vec<_> = life.steps.iter().filter_map(|step| step.status).collect();
    assert_eq!(statuses, [201, 200, 307, 200, 204, 404, 404]);
    assert!(life.steps.iter().all(|step| step.elapsed > Duration::ZERO));
}

#[tokio::test]
async fn two_runs_at_once_do_not_meet() {
    let stub = Stub::start(Fault::None).await;
    let target = target(&stub);
    let (one, other) = tokio::join!(flows::run(&target), flows::run(&target));
    assert!(one.passed() && other.passed(), "{one}{other}");
}

#[tokio::test]
async fn a_click_that_is_counted_later_and_a_cache_that_forgets_later_are_waited_for() {
    for fault in [Fault::CountsAfter(3), Fault::FollowsDeleted(3)] {
        let stub = Stub::start(fault).await;
        let report = flows::run(&target(&stub)).await;
        assert!(report.passed(), "{report}");
    }
}

#[tokio::test]
async fn a_wrong_answer_is_named_by_the_step_that_got_it_and_leaves_no_link_behind() {
    let cases = [
        (Fault::Fails("/v1/links"), "create", "status 201", "status 500: {\"title\":\"oops\"}"),
        (Fault::MakesAndFails, "create", "status 201", "status 500"),
        (Fault::Fails("/l/"), "follow", "status 307", "status 500"),
        (
            Fault::RedirectsElsewhere,
            "follow",
            "location https://example.com/flow-",
            "location https://elsewhere.example/",
        ),
        (Fault::RedirectsWith(302), "follow", "status 307", "status 302"),
    ];
    for (fault, step, expected, seen) in cases {
        let stub = Stub::start(fault).await;
        let report = flows::run(&target(&stub)).await;
        check_failure(&report, LIFE, step, expected, seen);
        assert_eq!(names(flow(&report, LIFE)).last(), Some(&"clean up"), "{report}");
        assert_eq!(stub.links(), Vec::<String>::new(), "{report}");
    }
}

#[tokio::test]
async fn a_click_that_is_never_counted_fails_at_the_deadline() {
    let stub = Stub::start(Fault::CountsAfter(usize::MAX)).await;
    let report = flows::run(&target(&stub).with_deadline(SHORT)).await;
    let expected = "total of at least 1 within 400 ms";
    check_failure(&report, LIFE, "see it counted", expected, r#""total":0"#);
    assert_eq!(stub.links(), Vec::<String>::new(), "{report}");
    assert!(flow(&report, NO_TOKEN).outcome.passed(), "{report}");
}

#[tokio::test]
async fn a_deleted_link_that_is_followed_for_ever_fails_at_the_deadline() {
    let stub = Stub::start(Fault::FollowsDeleted(usize::MAX)).await;
    let report = flows::run(&target(&stub).with_deadline(SHORT)).await;
    check_failure(&report, LIFE, "follow no more", "status 404 within", "status 307");
}

#[tokio::test]
async fn a_service_that_hangs_fails_at_the_timeout_of_the_request() {
    let stub = Stub::start(Fault::Hangs("/l/")).await;
    let report = flows::run(&target(&stub).with_timeout(SHORT)).await;
    check_failure(&report, LIFE, "follow", "an answer", "no answer within 400 ms");
    assert_eq!(stub.links(), Vec::<String>::new(), "{report}");
}

#[tokio::test]
async fn nobody_listening_is_an_outcome() {
    let stub = Stub::start(Fault::None).await;
    let target = target(&stub);
    stub.stop().await;
    let report = flows::run(&target).await;
    for name in [LIFE, NO_TOKEN, WRONG_TOKEN] {
        check_failure(&report, name, "create", "an answer", "refused");
    }
}

#[tokio::test]
async fn a_door_that_is_open_is_seen_and_what_came_in_is_removed() {
    for (fault, name) in [(Fault::NeedsNoToken, NO_TOKEN), (Fault::TakesAnyToken, WRONG_TOKEN)] {
        let stub = Stub::start(fault).await;
        let report = flows::run(&target(&stub)).await;
        check_failure(&report, name, "create", "status 401", "status 201");
        assert_eq!(stub.links(), Vec::<String>::new(), "{report}");
    }
}

#[tokio::test]
async fn a_refusal_that_is_no_problem_document_is_refused() {
    let stub = Stub::start(Fault::RefusesInPlainText).await;
    let report = flows::run(&target(&stub)).await;
    let seen = "content type text/plain";
    check_failure(&report, NO_TOKEN, "create", "application/problem+json", seen);
}

#[tokio::test]
async fn a_report_never_holds_the_token_even_when_the_service_repeats_it() {
    let stub = Stub::start(Fault::RepeatsTheToken).await;
    let report = flows::run(&target(&stub)).await;
    check_failure(&report, LIFE, "create", "status 201", "Bearer ***");
    let json = serde_json::to_string(&report).expect("JSON");
    for text in [json, report.to_string(), format!("{report:?}")] {
        assert!(!text.contains(TOKEN), "{text}");
    }
}
