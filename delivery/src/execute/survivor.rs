//! Whether what serves survives the migration: it is asked before it, so that what was ill already is not
//! held against it, and again after it, before the new release starts.

use super::session::Session;
use super::step::{Came, Kind};
use crate::environment::Environment;
use crate::exit::Ending;
use crate::plan::Plan;
use crate::progress::Step;
use crate::release::Release;
use crate::smoke::{Smoke, Smoked};

/// What serves while the schema changes.
pub(super) enum Serving {
    /// It was well before.
    Well(Release),
    /// There is nobody whose answer would tell anything.
    Unasked,
}

impl Serving {
    /// Asks what serves before the schema changes.
    pub(super) async fn before(session: &Session, plan: &Plan, running: i32) -> anyhow::Result<Self> {
        let unasked = |why: &str| {
            session
                .progress
                .warn(Step::Migrate, format!("whether what serves survives the migration is not asked: {why}"));
            Ok(Self::Unasked)
        };
        if running < 1 {
            return unasked("no task serves yet");
        }
        let Some(release) = plan.from.release() else {
            return unasked("nobody knows the commit of what serves, so nobody could tell whether it answers");
        };
        let what = format!("what serves, {release}, before it");
        match ask(session, plan.environment, &release, what).await?.failure() {
            None => Ok(Self::Well(release)),
            Some(failure) => {
                unasked(&format!("it is not well before it ({failure}), and the new release may mend that"))
            }
        }
    }

    /// Asks it again. The release that survived, if anybody was asked; an error ends the deployment.
    pub(super) async fn after(
        self,
        session: &Session,
        plan: &Plan,
        said: Option<&str>,
    ) -> anyhow::Result<Option<Release>> {
        let Self::Well(release) = self else { return Ok(None) };
        let schema = match (plan.schema.reaches(), said) {
            (Some(version), _) => format!("the schema is at {version:04}"),
            (None, Some(said)) => format!("the migration said last: {said}"),
            (None, None) => "where the schema is, the migration did not tell".to_owned(),
        };
        let what = format!("what serves, {release}, after it ({schema})");
        match ask(session, plan.environment, &release, what).await?.failure() {
            None => Ok(Some(release)),
            Some(failure) => Err(Ending::Failed(format!(
                "{release}, which serves, was well before the migration and is not after it: {failure}. The new release \
                 was not started. {schema}, and stays there: no down migration is run. Give {} back what it lost in a \
                 migration that comes after (`cargo xtask migrate new`), and deploy that; or, when the new release is \
                 what mends it, have staging verify it again and run the same: what is ill before is not held \
                 against it",
                release.commit.short()
            ))
            .into()),
        }
    }
}

/// The questions of the smoke test, of what serves.
async fn ask(session: &Session, environment: Environment, release: &Release, what: String) -> anyhow::Result<Smoked> {
    let limit = session.settings.limits.smoke;
    let smoke = Smoke {
        settings: session.of(environment),
        limit,
        commit: &release.commit,
        token: session.token(environment),
        transport: &session.clients.transport,
        redactor: &session.redactor,
    };
    let work = async {
        let smoked = smoke.run(&session.progress).await;
        let words = match smoked.failure() {
            None => format!("{} questions were answered well", smoked.questions.len()),
            Some(failure) => format!("NOT well: {failure}"),
        };
        Ok(Came::done(smoked, words))
    };
    // The last attempt may outlast the limit of the questions by what its own limits allow.
    session.step(Step::Migrate, what, Some(limit * 2), Kind::Act, work).await
}
