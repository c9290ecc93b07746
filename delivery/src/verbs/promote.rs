//! `promote`: the digest that staging verified goes to production.

use super::{Answer, Session};
use crate::arguments::Promote;
use crate::environment::Environment;
use crate::execute::{Came, Kind};
use crate::exit::Ending;
use crate::progress::Step;
use crate::release::Release;
use crate::verbs::release::{self, Source};

const PRODUCTION: Environment = Environment::Production;

pub(super) async fn run(session: &Session, arguments: &Promote) -> anyhow::Result<Answer> {
    let began = session.edge.clock.now();
    let until = arguments.leaving.until(session.of(PRODUCTION))?;
    let commit = arguments.commit(&session.edge.variables)?;
    let caller = session.caller(PRODUCTION).await?;
    // Once: from here on the digest travels, and no tag.
    let limit = Some(session.settings.limits.preflight);
    let release = session
        .step(Step::Preflight, format!("the image of {}", commit.short()), limit, Kind::Gate, async {
            let repository = session.repository();
            let digest = session.clients.digest_of_tag(repository, commit.as_str()).await?.ok_or_else(|| {
                Ending::refused(format!(
                    "{repository} has no image of {}: run deploy-staging for it first",
                    commit.short()
                ))
            })?;
            let words = digest.short().to_owned();
            Ok(Came::done(Release { commit: commit.clone(), digest }, words))
        })
        .await?;
    session.has_token(PRODUCTION)?;
    let source = Source { environment: PRODUCTION, release, layout: None, began, until };
    if arguments.manner.dry_run {
        return release::planned(session, &source).await;
    }
    session
        .locked(PRODUCTION, &caller.owner, Some(&source.release.commit), arguments.manner, async |guard| {
            Box::pin(release::deploy(session, &source, &caller, guard, arguments.manner)).await
        })
        .await
}
