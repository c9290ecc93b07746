//! What is planned for what is found.

use expect_test::{Expect, expect};
use jiff::Timestamp;

use super::*;
use crate::edge::Variables;
use crate::evidence::Verdict;
use crate::exit;
use crate::settings::Settings;
use Environment::{Production, Staging};
use Judgement::{Errored, Failed, Passed};

const SETTINGS: &str = r#"
[service]
name = "myapp-api"
container = "app"
region = "ap-northeast-1"
repository = "myapp"
[environments.staging]
cluster = "myapp-staging-cluster"
base_url = "https://staging.myapp.example"
[environments.production]
cluster = "myapp-cluster"
base_url = "https://myapp.example"
"#;

fn release(letter: char) -> Release {
    let commit = letter.to_string().repeat(40);
    Release { commit: commit.parse().expect("a commit"), digest: Digest::of(commit.as_bytes()) }
}

fn asked(environment: Environment) -> Asked {
    let release = release('a');
    Asked {
        environment,
        image: format!("registry/myapp@{}", release.digest),
        release,
        migration: Some(vec!["migrate".to_owned(), "up".to_owned()]),
        migrations: Known::not("git is not asked here"),
    }
}

fn serving(letter: char) -> Serving {
    let Release { commit, digest } = release(letter);
    Serving {
        digest: Some(digest),
        commit: Some(commit),
        task_definition: "arn:aws:ecs:r:1:task-definition/myapp:7".to_owned(),
        revision: Some("arn:aws:ecs:r:1:service-revision/c/s/1".to_owned()),
    }
}

fn evidence(verdicts: &[(Environment, Judgement)]) -> Evidence {
    let verdict = |(minute, (environment, judgement)): (i64, &(Environment, Judgement))| {
        let at = Timestamp::new(minute * 60, 0).expect("a time");
        Verdict {
            environment: *environment,
            judgement: *judgement,
            release: release('a'),
            reason: String::new(),
            service_deployment: None,
            checks: Vec::new(),
            by: "arn:aws:iam::123456789012:role/deployer".to_owned(),
            began: at,
            ended: at,
            schema: None,
            survivor: None,
        }
    };
    Evidence { verdicts: (1..).zip(verdicts).map(verdict).collect(), unreadable: Vec::new() }
}

/// Another release serves, and the registry has ours.
fn usual(verdicts: &[(Environment, Judgement)]) -> Observed {
    Observed {
        desired: 2,
        running: 2,
        since: None,
        serving: serving('b'),
        in_flight: None,
        tagged: Some(release('a').digest),
        evidence: evidence(verdicts),
        definition: Definition::New(vec!["image: registry/myapp@sha256:b -> registry/myapp@sha256:a".to_owned()]),
        migrations: Known::not("git is not asked here"),
    }
}

fn in_flight(letter: char, status: &str) -> InFlight {
    InFlight {
        arn: "arn:aws:ecs:r:1:service-deployment/c/s/9".to_owned(),
        status: status.to_owned(),
        digest: Some(release(letter).digest),
        forward: status == "IN_PROGRESS",
    }
}

#[track_caller]
fn planned(environment: Environment, observed: &Observed, expected: &Expect) {
    let settings = Settings::parse(SETTINGS, &Variables::default()).expect("settings");
    let plan = Plan::decide(&asked(environment), observed).expect("a plan");
    expected.assert_eq(&(plan.lines(settings.environment(environment), &settings.limits).join("\n") + "\n"));
}

#[track_caller]
fn refused(environment: Environment, observed: &Observed, code: u8, expected: &Expect) {
    let ending = Plan::decide(&asked(environment), observed).expect_err("a refusal");
    assert_eq!(ending.code(), code);
    expected.assert_eq(&ending.to_string());
}

#[test]
fn a_new_release_goes_the_whole_way() {
    planned(
        Staging,
        &Observed { tagged: None, ..usual(&[]) },
        &expect![[r"
            staging gets aaaaaaaaaaaa (sha256:e33cdf9c7f71), and serves bbbbbbbbbbbb (sha256:e26d2da3ab58) now
              push      the image, at most 10 min
              register  a revision like myapp:7, but for
                        image: registry/myapp@sha256:b -> registry/myapp@sha256:a
              migrate   `migrate up`, at most 15 min
                        which migrations are pending is not known: of the release, git is not asked here
                        then what serves is asked again, and when it is not well any more this ends there
              update    myapp-api in myapp-staging-cluster
              follow    at most 20 min, and back within 20 min if it fails
              prove     that sha256:e33cdf9c7f71 serves, at most 2 min
              smoke     /health, /ready and the flows at https://staging.myapp.example/, at most 5 min
              evidence  the verdict, beside sha256:e33cdf9c7f71
        "]],
    );
}

#[test]
fn production_gets_what_staging_verified_by_its_manifest() {
    let observed = Observed {
        definition: Definition::Registered("arn:x:task-definition/myapp:8".to_owned()),
        ..usual(&[(Staging, Passed)])
    };
    planned(
        Production,
        &observed,
        &expect![[r"
            production gets aaaaaaaaaaaa (sha256:e33cdf9c7f71), and serves bbbbbbbbbbbb (sha256:e26d2da3ab58) now
              push      nothing: the registry has the image
              tag       production-latest on its manifest
              register  nothing: myapp:8 is the same
              migrate   `migrate up`, at most 15 min
                        which migrations are pending is not known: of the release, git is not asked here
                        then what serves is asked again, and when it is not well any more this ends there
              update    myapp-api in myapp-cluster
              follow    at most 20 min, and back within 20 min if it fails
              prove     that sha256:e33cdf9c7f71 serves, at most 2 min
              smoke     /health, /ready and the flows at https://myapp.example/, at most 5 min
              evidence  the verdict, beside sha256:e33cdf9c7f71
        "]],
    );
}

#[test]
fn what_is_under_way_already_is_followed_and_not_done_again() {
    let observed = Observed { serving: serving('a'), in_flight: Some(in_flight('a', "IN_PROGRESS")), ..usual(&[]) };
    planned(
        Staging,
        &observed,
        &expect![[r"
        staging is getting aaaaaaaaaaaa (sha256:e33cdf9c7f71) already
          follow    arn:aws:ecs:r:1:service-deployment/c/s/9, at most 20 min
          prove     that sha256:e33cdf9c7f71 serves, at most 2 min
          smoke     /health, /ready and the flows at https://staging.myapp.example/, at most 5 min
          evidence  the verdict, beside sha256:e33cdf9c7f71
    "]],
    );
}

#[test]
fn what_serves_is_verified_when_nobody_has_and_left_alone_when_somebody_has() {
    let serves = |verdicts: &[_]| Observed { serving: serving('a'), ..usual(verdicts) };
    planned(
        Staging,
        &serves(&[]),
        &expect![[r"
        staging serves aaaaaaaaaaaa (sha256:e33cdf9c7f71), which nobody has verified
          prove     that sha256:e33cdf9c7f71 serves, at most 2 min
          smoke     /health, /ready and the flows at https://staging.myapp.example/, at most 5 min
          evidence  the verdict, beside sha256:e33cdf9c7f71
    "]],
    );
    for (environment, verdicts, expected) in [
        (Staging, &[(Staging, Passed)][..], Course::Nothing),
        (Staging, &[(Staging, Passed), (Staging, Failed)], Course::Verify),
        (Staging, &[(Staging, Passed), (Production, Failed)], Course::Verify),
        (Staging, &[(Staging, Errored)], Course::Verify),
        (Production, &[(Staging, Passed)], Course::Verify),
        (Production, &[(Staging, Passed), (Production, Errored)], Course::Verify),
    ] {
        let plan = Plan::decide(&asked(environment), &serves(verdicts)).expect("a plan");
        assert_eq!(plan.course, expected, "{environment} {verdicts:?}");
    }
    planned(
        Staging,
        &serves(&[(Staging, Passed)]),
        &expect![[r"
        staging serves aaaaaaaaaaaa (sha256:e33cdf9c7f71), verified: there is nothing to do
    "]],
    );
}

#[test]
fn what_came_in_again_or_has_lost_tasks_is_verified_again() {
    let usual = Observed { serving: serving('a'), ..usual(&[(Staging, Passed)]) };
    let at = |minute: i64| Some(Timestamp::new(minute * 60, 0).expect("a time"));
    // The verdict is of the first minute.
    for (since, running, expected) in [
        (at(1), 2, Course::Nothing),
        (at(0), 3, Course::Nothing),
        (at(2), 2, Course::Verify),
        (at(1), 1, Course::Verify),
    ] {
        let plan = Plan::decide(&asked(Staging), &Observed { running, since, ..usual.clone() }).expect("a plan");
        assert_eq!(plan.course, expected, "{since:?} {running}");
    }
}

#[test]
fn production_refuses_what_is_not_there_not_verified_or_there_already() {
    let passed = [(Staging, Passed)];
    refused(
        Production,
        &Observed { tagged: None, ..usual(&passed) },
        exit::REFUSED,
        &expect!["refused: the registry has no image of aaaaaaaaaaaa"],
    );
    refused(
        Production,
        &usual(&[]),
        exit::REFUSED,
        &expect![
            "refused: staging has not verified aaaaaaaaaaaa (sha256:e33cdf9c7f71): run deploy-staging for this commit first"
        ],
    );
    refused(
        Production,
        &usual(&[(Staging, Passed), (Production, Failed)]),
        exit::REFUSED,
        &expect![
            "refused: aaaaaaaaaaaa (sha256:e33cdf9c7f71) failed in production after staging had verified it at 1970-01-01T00:02:00Z; run deploy-staging for aaaaaaaaaaaa again, and look at what it says"
        ],
    );
    refused(
        Production,
        &usual(&[(Staging, Errored)]),
        exit::COULD_NOT_TELL,
        &expect![
            "could not tell: staging could not judge aaaaaaaaaaaa (sha256:e33cdf9c7f71) (errored) at 1970-01-01T00:01:00Z; run deploy-staging for aaaaaaaaaaaa again, and look at what it says"
        ],
    );
    let there = Observed { serving: serving('a'), ..usual(&[(Staging, Passed), (Production, Passed)]) };
    refused(
        Production,
        &there,
        exit::REFUSED,
        &expect!["refused: aaaaaaaaaaaa (sha256:e33cdf9c7f71) is in production already, and verified there"],
    );
}

#[test]
fn nothing_is_begun_while_something_else_is_in_flight_or_while_there_is_nothing_to_judge_by() {
    for (letter, status) in [('b', "IN_PROGRESS"), ('a', "ROLLBACK_IN_PROGRESS"), ('a', "STOP_REQUESTED")] {
        let observed = Observed { in_flight: Some(in_flight(letter, status)), ..usual(&[]) };
        let ending = Plan::decide(&asked(Staging), &observed).expect_err("it is refused");
        assert!(ending.to_string().contains(status), "{ending}");
    }
    let observed = Observed { in_flight: Some(in_flight('b', "IN_PROGRESS")), ..usual(&[]) };
    refused(
        Staging,
        &observed,
        exit::REFUSED,
        &expect![
            "refused: a deployment of sha256:e26d2da3ab58 is in flight in staging (IN_PROGRESS): wait for its end (--wait), or abort it (rollback --environment staging)"
        ],
    );
    refused(
        Staging,
        &Observed { desired: 0, ..usual(&[]) },
        exit::REFUSED,
        &expect![
            "refused: the service of staging is to have no task at all, so a release in it could not be judged: set its desired count"
        ],
    );
}

#[test]
fn a_commit_that_gave_another_image_before_is_refused() {
    refused(
        Staging,
        &Observed { tagged: Some(Digest::of(b"other")), ..usual(&[]) },
        exit::REFUSED,
        &expect![
            "refused: the registry has sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa for aaaaaaaaaaaa, and this is sha256:e33cdf9c7f7120b98e8c78408953e07f2ecd183006b5606df349b4c212acf43e: the same commit must give the same image, and a tag of a commit never moves"
        ],
    );
}

#[test]
fn what_serves_is_named_as_far_as_it_is_known() {
    let known = serving('a');
    for (serving, expected) in [
        (Serving { commit: None, ..known.clone() }, "an image of no known commit (sha256:e33cdf9c7f71)"),
        (Serving { digest: None, ..known.clone() }, "what myapp:7 names"),
    ] {
        assert_eq!(serving.words(), expected);
        assert_eq!(serving.release(), None);
    }
    assert_eq!(known.release(), Some(release('a')));
    assert_eq!((few(None), few(known.digest.as_ref())), ("-".to_owned(), "sha256:e33cdf9c7f71".to_owned()));
}
