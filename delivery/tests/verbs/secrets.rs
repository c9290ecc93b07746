//! Secrets in every place where one can be, looked for in all that comes out of whole runs.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use rehearsal::scenery::Scenery;
use rehearsal::simulation::OneOff;
use rehearsal::world::TaskFault;

use crate::stage::{Migration, REPOSITORY, STAGING, Stage, TOKEN};

/// In the task definition itself, where none should be; in what it names; in the runner's environment.
const SECRETS: [&str; 5] = ["definition-secret-1", "pg-pass-2", "stored-secret-3", "aws-secret-4444", TOKEN];

#[tokio::test(start_paused = true)]
async fn no_secret_is_in_any_output_summary_or_verdict_whatever_happens() {
    let mut scenery = Scenery::default();
    let url = format!("postgres://app:{}@db/app", SECRETS[1]);
    for service in &mut scenery.services {
        service.environment.insert("SIGNING_SECRET".to_owned(), SECRETS[0].to_owned());
        service.environment.insert("OLD_DATABASE_URL".to_owned(), url.clone());
    }
    for (name, value) in &mut scenery.secrets {
        let is_url = name.ends_with("database-url");
        *value = if is_url { format!("postgres://app:{}@db/app", SECRETS[2]) } else { SECRETS[2].to_owned() };
    }
    let leaks: Migration = Arc::new(|launch| {
        let all: Vec<_> = launch.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let lines = all.into_iter().chain([format!("password={}", SECRETS[2]), format!("token is {TOKEN}")]);
        OneOff { lines: lines.collect(), runs: Duration::from_secs(2), code: i32::from(launch.digest.is_empty()) }
    });
    let mut stage = Stage::with(1, &scenery, leaks).await;
    stage.variables = vec![("AWS_SECRET_ACCESS_KEY".to_owned(), SECRETS[3].to_owned())];
    let mut told = String::new();
    let mut tell = |ran: &crate::stage::Ran| told.extend([&ran.out, "\n", &ran.err, "\n"]);

    let one = stage.build("one");
    tell(stage.run("plan deploy-staging").await.ended(0));
    tell(stage.run("deploy-staging --json").await.ended(0));
    tell(stage.run(&format!("promote --image-tag {}", one.commit)).await.ended(0));
    let two = stage.build("two");
    stage
        .app
        .break_commit(&two.commit, &format!("cannot reach {url} with Bearer {TOKEN}, {} {}", SECRETS[0], SECRETS[3]));
    tell(stage.run("deploy-staging --json").await.ended(21));
    stage.build("three");
    stage.next_tasks(TaskFault::CannotStart { reason: format!("ResourceInitializationError: {url} {}", SECRETS[0]) });
    tell(stage.run("deploy-staging").await.ended(21));
    for line in ["status", "history --environment staging --json", "rollback --environment staging --dry-run"] {
        tell(&stage.run(line).await);
    }
    told.push_str(&fs::read_to_string(stage.summary()).expect("a summary"));
    let repository = stage.cloud.registry().repository(REPOSITORY).expect("a repository");
    for stored in repository.manifests.values() {
        told.push_str(&String::from_utf8_lossy(&stored.bytes));
    }
    for blob in repository.blobs.values() {
        told.push_str(&String::from_utf8_lossy(&blob.bytes().expect("bytes")));
    }
    assert!(told.contains("SIGNING_SECRET=***"), "the migration's log is shown: {told}");
    assert!(!stage.migrations(STAGING).is_empty());
    for secret in SECRETS {
        let line = told.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}
