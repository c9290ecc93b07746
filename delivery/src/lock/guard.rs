//! A lock that is held: renewed in the background, given back at the end.

use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Holder, renewal, tag};
use crate::aws::ecr::StoredManifest;
use crate::edge::{Clock, Edge};
use crate::progress::{Progress, Step};
use crate::registry::Registry;

/// A lock is renewed when this part of its time has passed, so that two renewals may fail.
const RENEWALS: u32 = 3;
/// The pause before a renewal that failed is tried again.
const RETRY: Duration = Duration::from_secs(30);

/// The lock of an environment, held.
///
/// Dropped without [`Guard::release`], it is no longer renewed and ends by itself.
#[derive(Debug)]
#[must_use = "the lock is held until it is released"]
pub struct Guard {
    own: Own,
    lost: watch::Receiver<Option<String>>,
    renewing: JoinHandle<()>,
}

/// What is needed to keep it.
#[derive(Clone, Debug)]
struct Own {
    registry: Registry,
    holder: Holder,
    manifest: StoredManifest,
}

impl Guard {
    pub(super) fn new(
        registry: &Registry,
        holder: Holder,
        manifest: StoredManifest,
        edge: &Edge,
        progress: &Progress,
        expiry: Duration,
    ) -> Self {
        let own = Own { registry: registry.clone(), holder, manifest };
        let (lose, lost) = watch::channel(None);
        let renewing = tokio::spawn(keep(own.clone(), edge.clock, progress.clone(), expiry, lose));
        Self { own, lost, renewing }
    }

    /// Who holds it: us.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        &self.own.holder
    }

    /// Waits until it is lost, for ever when it never is, and says how that came.
    pub async fn lost(&self) -> String {
        let mut lost = self.lost.clone();
        match lost.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            Err(_) => std::future::pending().await,
        }
    }

    /// Asks the registry whether it is still ours: before a step that cannot be taken back.
    pub async fn check(&self) -> anyhow::Result<()> {
        if let Some(why) = self.lost.borrow().as_ref() {
            bail!("{why}");
        }
        self.own.check().await
    }

    /// Gives it back. When that fails it ends by itself; the error says when.
    pub async fn release(self) -> anyhow::Result<()> {
        self.renewing.abort();
        let Own { registry, holder, manifest } = &self.own;
        registry.clients().delete_manifest(registry.repository(), &manifest.digest).await.with_context(|| {
            format!("the lock of {} was not given back; it ends by itself: {holder}", holder.environment)
        })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

impl Own {
    async fn check(&self) -> anyhow::Result<()> {
        let environment = self.holder.environment;
        let (clients, repository) = (self.registry.clients(), self.registry.repository());
        let there = clients.digest_of_tag(repository, &tag(environment)).await.context("failed to look at the lock")?;
        if there.as_ref() != Some(&self.manifest.digest) {
            return Err(Lost(format!("somebody broke our lock of {environment}, and may be deploying there")).into());
        }
        Ok(())
    }

    async fn renew(&self, until: Timestamp) -> anyhow::Result<()> {
        self.check().await?;
        let (clients, repository) = (self.registry.clients(), self.registry.repository());
        clients.put_manifest(repository, &self.manifest, &renewal(self.holder.environment, until)).await?;
        // A lock that was broken in between has come back by the other tag: it must not stay.
        if let Err(error) = self.check().await {
            if error.is::<Lost>() {
                clients.delete_manifest(repository, &self.manifest.digest).await?;
            }
            return Err(error);
        }
        Ok(())
    }
}

/// It is certain that the lock is gone.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Lost(String);

async fn keep(own: Own, clock: Clock, progress: Progress, expiry: Duration, lose: watch::Sender<Option<String>>) {
    let mut expires = own.holder.expires;
    let mut pause = expiry / RENEWALS;
    loop {
        tokio::time::sleep(pause).await;
        let until = clock.now() + expiry;
        let why = match own.renew(until).await {
            Ok(()) => {
                (expires, pause) = (until, expiry / RENEWALS);
                continue;
            }
            Err(error) if error.is::<Lost>() => error.to_string(),
            Err(error) if clock.now() > expires => {
                format!("our lock of {} has ended and could not be renewed: {error:#}", own.holder.environment)
            }
            Err(error) => {
                progress.warn(Step::Lock, format!("failed to renew the lock, which ends at {expires:.0}: {error:#}"));
                pause = RETRY;
                continue;
            }
        };
        progress.warn(Step::Lock, why.clone());
        lose.send_replace(Some(why));
        return;
    }
}
