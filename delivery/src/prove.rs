//! Holding what serves against what was asked for, in ECS's own records: the service deployment came in,
//! its revision has our digest, and so have the tasks that run. The public address is the smoke test's.

use std::fmt;
use std::time::Duration;

use anyhow::anyhow;
use tokio::time::Instant;

use crate::aws::Clients;
use crate::aws::ecs::{DesiredStatus, Service, ServiceDeployment, ServiceRevision, Task};
use crate::edge::Edge;
use crate::evidence::{Check, Judgement};
use crate::release::Digest;
use crate::settings::EnvironmentSettings;

/// The pause between looks.
const PAUSE: Duration = Duration::from_secs(2);

/// It was not proven within the limit: the checks of the last look.
#[derive(Clone, Debug, PartialEq)]
pub struct NotProven {
    /// Each, with what was seen.
    pub checks: Vec<Check>,
    /// How long was looked.
    pub limit: Duration,
}

impl fmt::Display for NotProven {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wrong = self.checks.iter().filter(|check| check.judgement != Judgement::Passed);
        let wrong: Vec<_> = wrong.map(|check| format!("{}: {}", check.name, check.detail)).collect();
        write!(formatter, "not proven within {} s: {}", self.limit.as_secs(), wrong.join("; "))
    }
}

impl std::error::Error for NotProven {}

/// What is to be proven.
struct Claim<'a> {
    clients: &'a Clients,
    environment: &'a EnvironmentSettings,
    container: &'a str,
    deployment: &'a str,
    digest: &'a Digest,
}

/// Looks until everything agrees that this digest serves, and gives the checks, all of them passed. What
/// is not proven within the limit, or when a stop is asked for, is a [`NotProven`].
pub async fn prove(
    clients: &Clients,
    environment: &EnvironmentSettings,
    container: &str,
    deployment: &str,
    digest: &Digest,
    limit: Duration,
    edge: &Edge,
) -> anyhow::Result<Vec<Check>> {
    let claim = Claim { clients, environment, container, deployment, digest };
    let deadline = Instant::now() + limit;
    let mut checks = vec![Check::new("ECS", Judgement::Errored, "it did not answer")];
    loop {
        // A call that hangs does not outlast the limit.
        match tokio::time::timeout_at(deadline, Box::pin(claim.look())).await {
            Ok(found) => checks = found,
            Err(_) => break,
        }
        if checks.iter().all(|check| check.judgement == Judgement::Passed) {
            return Ok(checks);
        }
        if Instant::now() + PAUSE >= deadline || edge.stop.sleep(PAUSE).await {
            break;
        }
    }
    Err(NotProven { checks, limit }.into())
}

impl Claim<'_> {
    async fn look(&self) -> Vec<Check> {
        let EnvironmentSettings { cluster, service, .. } = self.environment;
        let (deployment, service, tasks) = tokio::join!(
            self.clients.service_deployment(self.deployment),
            self.clients.service(cluster, service),
            self.clients.tasks(cluster, service, DesiredStatus::Running),
        );
        let revisions = match &deployment {
            Ok(deployment) => {
                let revision = deployment.brought_in().unwrap_or(&deployment.target_revision).to_owned();
                self.clients.service_revisions(&[revision]).await
            }
            Err(_) => Err(anyhow!("its service deployment could not be looked at")),
        };
        let seen = |name: &str, checked: anyhow::Result<Check>| {
            checked.unwrap_or_else(|error| Check::new(name, Judgement::Errored, format!("{error:#}")))
        };
        vec![
            seen(DEPLOYMENT, deployment.map(|deployment| deployment_is_in(&deployment))),
            seen(REVISION, revisions.map(|revisions| revision_has(&revisions, self.container, self.digest))),
            seen(
                TASKS,
                service.and_then(|service| Ok(tasks_have(service.as_ref(), &tasks?, self.container, self.digest))),
            ),
        ]
    }
}

const DEPLOYMENT: &str = "service deployment";
const REVISION: &str = "digest of the service revision";
const TASKS: &str = "digest of the running tasks";

fn judge(passed: bool) -> Judgement {
    if passed { Judgement::Passed } else { Judgement::Failed }
}

fn deployment_is_in(deployment: &ServiceDeployment) -> Check {
    // One that went back proves what it went back to, which is told by its digest from what it was for.
    Check::new(DEPLOYMENT, judge(deployment.brought_in().is_some()), deployment.status.to_string())
}

fn revision_has(revisions: &[ServiceRevision], container: &str, digest: &Digest) -> Check {
    let found = revisions.first().and_then(|revision| revision.digest_of(container));
    let detail = found.map_or_else(|| "ECS knows none".to_owned(), ToString::to_string);
    Check::new(REVISION, judge(found == Some(digest)), detail)
}

/// Every task that is to run has the digest, and as many run as there should be, which is some.
fn tasks_have(service: Option<&Service>, tasks: &[Task], container: &str, digest: &Digest) -> Check {
    let Some(service) = service else {
        return Check::new(TASKS, Judgement::Failed, "there is no such service");
    };
    let has = |task: &&Task| task.container(container).and_then(|found| found.digest.as_ref()) == Some(digest);
    let ours = tasks.iter().filter(has).filter(|task| task.last_status == "RUNNING").count();
    let others = tasks.iter().filter(|task| !has(task)).count();
    let desired = usize::try_from(service.desired).unwrap_or_default();
    let detail = format!("{ours} of {desired} tasks run with it, {others} without");
    let passed = desired > 0 && ours >= desired && others == 0;
    Check::new(TASKS, judge(passed), detail).with_numbers(ours as f64, desired as f64, "tasks")
}
