//! `deploy-staging`: the commit that is checked out goes to staging, and gets its verdict there.

use super::{Answer, Session};
use crate::arguments::DeployStaging;
use crate::environment::Environment;
use crate::execute::{Came, Kind};
use crate::exit::Ending;
use crate::progress::Step;
use crate::registry::Layout;
use crate::release::Release;
use crate::verbs::release::{self, Source};

const STAGING: Environment = Environment::Staging;

pub(super) async fn run(session: &Session, arguments: &DeployStaging) -> anyhow::Result<Answer> {
    let began = session.edge.clock.now();
    let until = arguments.leaving.until(session.of(STAGING))?;
    let folder = &arguments.image_layout(&session.edge.variables).unwrap_or_else(|| session.layout.clone());
    let limit = Some(session.settings.limits.preflight);
    let commit = session
        .step(Step::Preflight, "the work tree", limit, Kind::Gate, async {
            let state = session.tree.look().await?;
            let commit = state.judge()?.clone();
            Ok(Came::done(commit.clone(), format!("{}, clean and pushed", commit.short())))
        })
        .await?;
    let layout = session
        .step(Step::Preflight, "the image", limit, Kind::Gate, async {
            let layout = Layout::read(folder).map_err(|error| Ending::refused(format!("{error:#}")))?;
            match layout.commit() {
                Some(its) if *its == commit => {}
                its => {
                    return Err(Ending::refused(format!(
                        "the image in {} is of {}, and {} is checked out: run `cargo xtask build`",
                        folder.display(),
                        its.map_or("no known commit", |commit| commit.short()),
                        commit.short()
                    ))
                    .into());
                }
            }
            let words = format!("{}, {} kB", layout.digest().short(), layout.bytes().div_ceil(1000));
            Ok(Came::done(layout, words))
        })
        .await?;
    let release = Release { commit, digest: layout.digest().clone() };
    let caller = session.caller(STAGING).await?;
    session.has_token(STAGING)?;
    let source = Source { environment: STAGING, release, layout: Some(&layout), began, until };
    if arguments.manner.dry_run {
        return release::planned(session, &source).await;
    }
    session
        .locked(STAGING, &caller.owner, Some(&source.release.commit), arguments.manner, async |guard| {
            Box::pin(release::deploy(session, &source, &caller, guard, arguments.manner)).await
        })
        .await
}
