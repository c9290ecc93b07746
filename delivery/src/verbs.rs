//! The verbs: each a runbook of its own, read from top to bottom.
//!
//! What they share is the [`Session`]; what changes an environment is in [`crate::execute`].

mod deploy_staging;
mod history;
mod migrate_status;
mod monitor;
mod promote;
mod release;
mod rollback;
mod serving;
mod status;

use serde_json::Value;

use crate::arguments::Verb;
use crate::environment::Environment;
use crate::execute::{Came, Kind, World};
use crate::progress::Step;
use crate::report::Ended;

pub use crate::execute::session::{Phase, Session};

/// What a verb came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// For people.
    pub lines: Vec<String>,
    /// For programs.
    pub result: Value,
}

/// Does what was asked for. How it ended says everything.
pub async fn perform(session: &Session, verb: Verb) -> Ended {
    let name = verb.name();
    let done = match verb.resolved() {
        Verb::DeployStaging(arguments) => Box::pin(deploy_staging::run(session, &arguments)).await,
        Verb::Promote(arguments) => Box::pin(promote::run(session, &arguments)).await,
        Verb::Rollback(arguments) => Box::pin(rollback::run(session, &arguments)).await,
        Verb::Monitor(arguments) => Box::pin(monitor::run(session, &arguments)).await,
        Verb::Status(_) => status::run(session).await,
        Verb::History(arguments) => history::run(session, &arguments).await,
        Verb::MigrateStatus(arguments) => Box::pin(migrate_status::run(session, &arguments)).await,
        Verb::Serving(arguments) => serving::run(session, &arguments).await,
        Verb::Plan(_) => Err(anyhow::anyhow!("a plan was not resolved")),
    };
    match done {
        Ok(Answer { lines, result }) => Ended::well(name, lines, result),
        Err(error) => Ended::badly(name, &error),
    }
}

/// Looks at an environment, as a step of its own.
async fn what_serves(session: &Session, step: Step, environment: Environment) -> anyhow::Result<World> {
    let limit = Some(session.settings.limits.preflight);
    session
        .step(step, format!("what serves in {environment}"), limit, Kind::Gate, async {
            let world = session.world(environment).await?;
            let words = world.serving.words();
            Ok(Came::done(world, words))
        })
        .await
}
