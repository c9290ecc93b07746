//! A task that only tells which migrations there are.

use tokio::time::Instant;

use super::Migration;
use super::log::Log;
use crate::aws::ecs::{Service, TaskDefinition};
use crate::environment::Environment;
use crate::verbs::Session;

/// Runs a command that tells of migrations by the release that serves, and returns what it said.
///
/// It is started by a name of its own, so that no deployment takes it for a migration, and with a token of
/// its own, so that it is always a new one.
pub(crate) async fn status(
    session: &Session,
    environment: Environment,
    definition: &TaskDefinition,
    service: &Service,
    command: &[String],
) -> Result<Vec<String>, String> {
    let Session { clients, settings, edge, progress, redactor, .. } = session;
    let limit = settings.limits.migration;
    let task = Migration {
        clients,
        settings,
        definition,
        service,
        digest: None,
        command,
        edge,
        progress,
        redactor,
        started_by: format!("migrate-status-{environment}"),
        shown: false,
        limit,
        deadline: Instant::now() + limit,
    };
    let token = task.token(&[], Some(&edge.random.nonce()));
    let started = task.run_with(&token).await.map_err(|error| format!("{error:#}"))?;
    let mut log = Log::default();
    let ended = task.ended(&started, Some(&mut log)).await?;
    task.judge(&ended, &log)?;
    if log.lines().is_empty() {
        return Err(format!("the task {} ended well, and its log cannot be read", started.id()));
    }
    Ok(log.lines().to_vec())
}
