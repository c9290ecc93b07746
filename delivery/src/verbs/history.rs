//! `history`: what ran in an environment, and how it ended.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::{Answer, Session};
use crate::arguments::Looking;
use crate::environment::Environment;
use crate::execute::{Came, Kind};
use crate::plan::few;
use crate::progress::Step;
use crate::release::{Commit, Digest};
use crate::report::{Align, Table};

/// How many service deployments are told.
const MOST: usize = 30;

/// A service deployment of the past.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Past {
    at: Timestamp,
    status: String,
    commit: Option<Commit>,
    digest: Option<Digest>,
    took_seconds: Option<u64>,
    reason: Option<String>,
    service_deployment: String,
}

pub(super) async fn run(session: &Session, arguments: &Looking) -> anyhow::Result<Answer> {
    let environment = arguments.environment(&session.edge.variables)?;
    let limit = Some(session.settings.limits.preflight);
    let history = session
        .step(Step::Preflight, format!("what ran in {environment}"), limit, Kind::Gate, async {
            let history = look(session, environment).await?;
            let words = format!("{} service deployments", history.len());
            Ok(Came::done(history, words))
        })
        .await?;
    let lines = lines(&history);
    Ok(Answer { lines, result: json!({ "environment": environment, "deployments": history }) })
}

async fn look(session: &Session, environment: Environment) -> anyhow::Result<Vec<Past>> {
    let settings = session.of(environment);
    let mut deployments = session.clients.service_deployments(&settings.cluster, &settings.service, None).await?;
    deployments.truncate(MOST);
    let arns: Vec<_> = deployments.iter().map(|deployment| deployment.target_revision.clone()).collect();
    let revisions = session.clients.service_revisions(&arns).await?;
    let mut commits: BTreeMap<Digest, Option<Commit>> = BTreeMap::new();
    let mut history = Vec::new();
    for deployment in deployments {
        let revision = revisions.iter().find(|revision| revision.arn == deployment.target_revision);
        let digest = revision.and_then(|revision| revision.digest_of(session.container())).cloned();
        let commit = match &digest {
            None => None,
            Some(digest) => match commits.get(digest) {
                Some(commit) => commit.clone(),
                None => {
                    let commit = session.commit_of(digest).await?;
                    commits.insert(digest.clone(), commit.clone());
                    commit
                }
            },
        };
        let took = deployment.finished_at.map(|end| end.duration_since(deployment.created_at));
        history.push(Past {
            at: deployment.created_at,
            status: deployment.status.to_string(),
            commit,
            digest,
            took_seconds: took.and_then(|took| Duration::try_from(took).ok()).map(|took| took.as_secs()),
            reason: deployment.reason,
            service_deployment: deployment.arn,
        });
    }
    Ok(history)
}

fn lines(history: &[Past]) -> Vec<String> {
    if history.is_empty() {
        return vec!["nothing ran there in the last 90 days".to_owned()];
    }
    let mut table = Table::new(["when", "how it ended", "commit", "digest", "took", "why"]).align(4, Align::Right);
    let dash = || "-".to_owned();
    for past in history {
        table.row([
            format!("{:.0}", past.at),
            past.status.clone(),
            past.commit.as_ref().map_or_else(dash, |commit| commit.short().to_owned()),
            few(past.digest.as_ref()),
            past.took_seconds.map_or_else(dash, |seconds| format!("{seconds} s")),
            past.reason.clone().unwrap_or_default(),
        ]);
    }
    table.lines(usize::MAX)
}
