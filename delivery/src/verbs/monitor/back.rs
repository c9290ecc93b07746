//! The end of a watch that found something bad: by the way back that ECS takes already, or by ours.

use std::time::Duration;

use tokio::time::sleep;

use super::super::rollback;
use super::look;
use super::watched::Watched;
use crate::arguments::Manner;
use crate::aws::ecs::DeploymentStatus;
use crate::environment::Environment;
use crate::execute::session::{Caller, Session};
use crate::exit::Ending;
use crate::progress::{Outcome, Step};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(5);

/// Follows what ECS takes back to its end.
pub(super) async fn by_ecs(session: &Session, deployment: &str, why: &str) -> Ending {
    let limit = session.settings.limits.rollback;
    let begun = session.progress.begin(Step::RollBack, "by ECS", Some(limit));
    let ended = async {
        loop {
            if let Ok(deployment) = session.clients.service_deployment(deployment).await
                && deployment.status.is_over()
            {
                return deployment.status;
            }
            sleep(PAUSE).await;
        }
    };
    let ended = tokio::time::timeout(limit, ended).await;
    match ended {
        Ok(DeploymentStatus::RollbackSuccessful) => {
            begun.done("what served before serves again");
            Ending::RolledBack(why.to_owned())
        }
        Ok(status) => {
            begun.end(Outcome::Failed, status.to_string());
            Ending::RollbackFailed(format!("{why}; and it ended as {status}"))
        }
        Err(_) => {
            let words = format!("not over within {} s", limit.as_secs());
            begun.end(Outcome::Failed, words.clone());
            Ending::RollbackFailed(format!("{why}; {words}"))
        }
    }
}

/// Takes back what was watched, with the lock.
pub(super) async fn by_us(
    session: &Session,
    environment: Environment,
    watched: &Watched,
    caller: &Caller,
    why: &str,
) -> Ending {
    let back = session
        .locked(environment, &caller.owner, None, Manner::default(), async |guard| {
            let world = look(session, environment).await?;
            if !watched.is_there(&world) {
                let now = world.serving.words();
                return Err(Ending::CouldNotTell(format!("{environment} has {now} now, which was not watched")).into());
            }
            rollback::roll_back(session, environment, None, guard).await
        })
        .await;
    match back {
        Ok(answer) => Ending::RolledBack(format!("{why}; {}", answer.lines.join("; "))),
        Err(error) => match error.downcast_ref::<Ending>() {
            Some(Ending::RollbackFailed(how)) => Ending::RollbackFailed(format!("{why}; {how}")),
            Some(Ending::CouldNotTell(how)) => Ending::CouldNotTell(format!("{why}; it was not taken back: {how}")),
            _ => Ending::RollbackFailed(format!("{why}; and the way back: {error:#}")),
        },
    }
}
