//! `status`: what runs where.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::{Answer, Session};
use crate::environment::Environment;
use crate::evidence::Evidence;
use crate::execute::{Came, Kind};
use crate::lock::{Holder, holder_of};
use crate::plan::{Serving, few};
use crate::progress::Step;
use crate::release::Digest;
use crate::report::Table;

/// How an environment stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Standing {
    environment: Environment,
    serving: Serving,
    since: Option<Timestamp>,
    running: i32,
    desired: i32,
    /// What the newest verdict of this environment about it says, and who said it.
    verdict: Option<String>,
    by: Option<String>,
    in_flight: Option<Flight>,
    lock: Option<Holder>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Flight {
    service_deployment: String,
    status: String,
    digest: Option<Digest>,
}

pub(super) async fn run(session: &Session) -> anyhow::Result<Answer> {
    let mut standings = Vec::new();
    for environment in Environment::ALL {
        let limit = Some(session.settings.limits.preflight);
        let standing = session
            .step(Step::Preflight, format!("what serves in {environment}"), limit, Kind::Gate, async {
                let standing = look(session, environment).await?;
                let words = standing.serving.words();
                Ok(Came::done(standing, words))
            })
            .await?;
        standings.push(standing);
    }
    Ok(Answer { lines: lines(&standings), result: json!({ "environments": standings }) })
}

async fn look(session: &Session, environment: Environment) -> anyhow::Result<Standing> {
    let world = session.world(environment).await?;
    let newest = match &world.serving.digest {
        None => None,
        Some(digest) => {
            let verdicts = Evidence::about(&session.registry, digest).await?.verdicts;
            verdicts.into_iter().rev().find(|verdict| verdict.environment == environment)
        }
    };
    Ok(Standing {
        environment,
        since: world.came_in().and_then(|deployment| deployment.finished_at).or_else(|| world.since()),
        running: world.service.running,
        desired: world.service.desired,
        verdict: newest.as_ref().map(|verdict| verdict.judgement.to_string()),
        by: newest.map(|verdict| verdict.by),
        in_flight: world.in_flight.map(|(in_flight, _)| Flight {
            service_deployment: in_flight.arn,
            status: in_flight.status,
            digest: in_flight.digest,
        }),
        lock: holder_of(&session.registry, environment).await?,
        serving: world.serving,
    })
}

fn lines(standings: &[Standing]) -> Vec<String> {
    let mut table = Table::new(["environment", "commit", "digest", "tasks", "since", "verdict", "by"]);
    let dash = || "-".to_owned();
    for standing in standings {
        let Standing { environment, serving, since, running, desired, verdict, by, .. } = standing;
        table.row([
            environment.to_string(),
            serving.commit.as_ref().map_or_else(dash, |commit| commit.short().to_owned()),
            few(serving.digest.as_ref()),
            format!("{running} of {desired}"),
            since.map_or_else(dash, |since| format!("{since:.0}")),
            verdict.clone().unwrap_or_else(dash),
            by.clone().unwrap_or_else(dash),
        ]);
    }
    let mut lines = table.lines(usize::MAX);
    for Standing { environment, in_flight, lock, .. } in standings {
        if let Some(Flight { service_deployment, status, digest }) = in_flight {
            let name = crate::plan::short(service_deployment);
            lines.push(format!("{environment}: {} is in flight ({status}, {name})", few(digest.as_ref())));
        }
        if let Some(holder) = lock {
            lines.push(format!("{environment}: {holder}"));
        }
    }
    lines
}
