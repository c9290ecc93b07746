//! Verbs that only look: status, history, plan and dry runs.

use std::fs;

use serde_json::Value;

use crate::deploy::{promoted, staged};
use crate::stage::{STAGING, Stage};

#[tokio::test(start_paused = true)]
async fn status_says_what_runs_where_since_when_and_by_whom() {
    let stage = Stage::new().await;
    let one = promoted(&stage, "one").await;
    let two = staged(&stage, "two").await;
    let ran = stage.run("status").await;
    ran.ended(0);
    let lines: Vec<_> = ran.out.lines().collect();
    assert!(lines[1].starts_with("staging") && lines[1].contains(&two.commit[..12]), "{}", ran.out);
    assert!(lines[1].contains("2 of 2") && lines[1].contains("passed   arn:aws:"), "{}", ran.out);
    assert!(lines[2].starts_with("production") && lines[2].contains(&one.commit[..12]), "{}", ran.out);
    let document: Value = serde_json::from_str(&stage.run("status --json").await.ended(0).out).expect("JSON");
    let standing = &document["result"]["environments"][0];
    assert_eq!(standing["serving"]["digest"], two.digest.as_str());
    assert_eq!((&standing["running"], &standing["lock"]), (&2.into(), &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn status_says_what_is_in_flight_and_who_holds_the_lock() {
    let stage = Stage::new().await;
    let built = stage.build("one");
    let looking = async {
        while stage.service(STAGING).deployments.len() < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        (stage.run("status").await, stage.run("serving --environment staging").await)
    };
    let (deployed, (status, serving)) = tokio::join!(stage.run("deploy-staging"), looking);
    deployed.ended(0);
    serving.ended(11).says("two releases serve in staging until");
    status.ended(0).says(&format!("staging: {} is in flight (", &built.digest[..19]));
    status.says("holds the lock of staging");
}

#[tokio::test(start_paused = true)]
async fn what_serves_is_one_commit_in_full_or_nothing_that_a_program_could_take_for_one() {
    let stage = Stage::new().await;
    let before = stage.run("serving --environment production").await;
    before.ended(11).says("which commit serves in production is not known");
    assert_eq!(before.out, "");
    let one = promoted(&stage, "one").await;
    staged(&stage, "two").await;
    let ran = stage.run("serving --environment production").await;
    assert_eq!(ran.ended(0).out, format!("{}\n", one.commit));
    let ran = stage.run("serving --environment production --json").await;
    let document: Value = serde_json::from_str(&ran.ended(0).out).expect("JSON");
    assert_eq!(document["result"]["serving"]["commit"], one.commit.as_str());
    stage.run("serving").await.ended(2).says("DEPLOY_ENVIRONMENT");
}

#[tokio::test(start_paused = true)]
async fn history_says_how_each_deployment_ended_the_newest_first() {
    let stage = Stage::new().await;
    let one = staged(&stage, "one").await;
    let two = stage.build("two");
    stage.next_tasks(rehearsal::world::TaskFault::Crash { after: std::time::Duration::from_secs(1), code: 3 });
    stage.run("deploy-staging").await.ended(21);
    let ran = stage.run("history --environment staging").await;
    ran.ended(0);
    let lines: Vec<_> = ran.out.lines().collect();
    assert!(lines[1].contains("ROLLBACK_SUCCESSFUL") && lines[1].contains(&two.commit[..12]), "{}", ran.out);
    assert!(lines[2].contains("SUCCESSFUL") && lines[2].contains(&one.commit[..12]), "{}", ran.out);
    assert!(lines[3].contains("SUCCESSFUL           -  "), "the placeholder has no commit: {}", ran.out);
    stage.run("history").await.ended(2).says("DEPLOY_ENVIRONMENT");
    let ran = stage.run("history --environment production --json").await;
    let document: Value = serde_json::from_str(&ran.ended(0).out).expect("JSON");
    assert_eq!(document["result"]["deployments"][0]["status"], "SUCCESSFUL");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_says_what_would_be_done_and_touches_nothing() {
    let stage = Stage::new().await;
    let built = stage.build("one");
    for line in ["deploy-staging --dry-run", "plan deploy-staging"] {
        let ran = stage.run(line).await;
        ran.ended(0).says("migrate   `migrate up`").says("container app: image: ").says(&built.commit[..12]);
        assert!(ran.out.starts_with("staging gets"), "{}", ran.out);
    }
    for operation in ["PUT", "POST", "PutImage", "UpdateService", "RunTask"] {
        let made = if operation == "PutImage" { 0 } else { stage.count(operation) };
        assert_eq!(made, 0, "{operation}");
    }
    stage.run("deploy-staging").await.ended(0);
    stage.run("plan deploy-staging").await.ended(0).says("there is nothing to do");
    let ran = stage.run(&format!("plan promote --image-tag {} --json", built.commit)).await;
    let document: Value = serde_json::from_str(&ran.ended(0).out).expect("JSON");
    assert_eq!(document["verb"], "plan promote");
    assert_eq!(document["result"]["plan"]["release"]["digest"], built.digest.as_str());
    assert_eq!(document["result"]["plan"]["course"]["roll_out"]["tag"], "production-latest");
}

#[tokio::test(start_paused = true)]
async fn a_run_is_told_to_programs_and_on_the_summary_page() {
    let stage = Stage::new().await;
    let built = stage.build("one");
    let ran = stage.run("deploy-staging --json").await;
    let document: Value = serde_json::from_str(&ran.ended(0).out).expect("JSON");
    assert_eq!((&document["exit_code"], &document["outcome"]), (&0.into(), &"done".into()));
    assert_eq!(document["result"]["release"]["digest"], built.digest.as_str());
    let steps: Vec<_> = document["events"]
        .as_array()
        .expect("events")
        .iter()
        .filter(|event| event["event"] == "ended")
        .map(|event| event["step"].as_str().expect("a step"))
        .collect();
    let expected = [
        "preflight",
        "preflight",
        "preflight",
        "lock",
        "plan",
        "push",
        "preflight",
        "register",
        "migrate",
        "update",
        "follow",
        "prove",
        "smoke",
        "evidence",
        "unlock",
    ];
    assert_eq!(steps, expected);
    stage.run(&format!("promote --image-tag {}", "c".repeat(40))).await.ended(10);
    let summary = fs::read_to_string(stage.summary()).expect("a summary");
    assert!(summary.contains("### deploy-staging: done") && summary.contains("### promote: refused"), "{summary}");
}
