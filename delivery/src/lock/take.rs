//! Taking the lock.

use anyhow::{Context as _, anyhow};
use thiserror::Error;

use super::{Guard, Holder, Wish, tag};
use crate::aws::ecr::{NotPut, Reference, StoredManifest};
use crate::edge::Edge;
use crate::exit::Ending;
use crate::progress::{Progress, Step};
use crate::registry::Registry;
use crate::release::Digest;

/// How often a lock that is given back or taken over meanwhile is tried for again.
const ROUNDS: usize = 5;

/// Why the lock was not taken.
#[derive(Debug, Error)]
pub enum Held {
    /// Somebody has it.
    #[error("{0}; wait, or take it over with --break-lock when you know that nobody is at work")]
    By(Holder),
    /// Under the lock's tag lies something that is no lock.
    #[error("the tag {tag} is on something that is no lock ({why}); delete it, or use --break-lock")]
    ByNobody {
        /// The tag.
        tag: String,
        /// Why it is none.
        why: String,
    },
    /// It is not known whether anybody has it, this caller included.
    #[error("{0:#}")]
    Unknown(#[from] anyhow::Error),
}

impl From<Held> for Ending {
    fn from(held: Held) -> Self {
        match held {
            Held::By(_) | Held::ByNobody { .. } => Self::refused(held.to_string()),
            Held::Unknown(error) => {
                error.downcast_ref::<Self>().cloned().unwrap_or_else(|| Self::CouldNotTell(format!("{error:#}")))
            }
        }
    }
}

/// Takes the lock of an environment, and keeps it until the guard is released.
///
/// A lock whose end has passed is taken over, and said to be.
pub async fn take(registry: &Registry, wish: &Wish, edge: &Edge, progress: &Progress) -> Result<Guard, Held> {
    let (clients, repository, tag) = (registry.clients(), registry.repository(), tag(wish.environment));
    if !clients.is_immutable(repository, &tag).await? {
        return Err(Held::Unknown(
            Ending::refused(format!(
                "the repository {repository} lets the tag {tag} be moved, so it cannot serve as a lock: make its tags \
                 immutable (IMMUTABLE_WITH_EXCLUSION with the filter `*-latest`)"
            ))
            .into(),
        ));
    }
    registry.ensure_empty_blob().await.context("failed to prepare the lock")?;
    let holder = Holder::new(wish, edge.clock.now(), edge.random.nonce());
    let text = holder.manifest()?;
    let manifest = StoredManifest {
        digest: Digest::of(text.as_bytes()),
        media_type: Some("application/vnd.oci.image.manifest.v1+json".to_owned()),
        text,
    };
    for _ in 0..ROUNDS {
        let refused = match clients.put_manifest(repository, &manifest, &tag).await {
            Ok(()) => return Ok(Guard::new(registry, holder, manifest, edge, progress, wish.expiry)),
            Err(refused) => refused,
        };
        // Whatever was answered, or was not: who has it?
        let there = match clients.manifest(repository, Reference::Tag(&tag)).await {
            Ok(there) => there,
            Err(error) => {
                give_up(registry, &manifest).await;
                return Err(Held::Unknown(error.context(format!("it is not known who has the lock ({refused})"))));
            }
        };
        match there {
            Some(there) if there.digest == manifest.digest => {
                return Ok(Guard::new(registry, holder, manifest, edge, progress, wish.expiry));
            }
            Some(there) => displace(registry, wish, &there, edge, progress).await?,
            None if matches!(refused, NotPut::TagTaken(_)) => {}
            None => {
                give_up(registry, &manifest).await;
                return Err(Held::Unknown(anyhow!(refused).context("failed to take the lock")));
            }
        }
    }
    Err(Held::Unknown(anyhow!("the lock of {} changed hands {ROUNDS} times meanwhile", wish.environment)))
}

/// Deletes a lock that is dead or is to be broken; refuses otherwise.
async fn displace(
    registry: &Registry,
    wish: &Wish,
    there: &StoredManifest,
    edge: &Edge,
    progress: &Progress,
) -> Result<(), Held> {
    let (clients, repository) = (registry.clients(), registry.repository());
    let tags = clients.image(repository, Reference::Digest(&there.digest)).await?.map(|image| image.tags);
    let Some(tags) = tags else {
        return Ok(());
    };
    match Holder::read(&there.text, &tags) {
        Ok(holder) if holder.is_dead(edge.clock.now()) => {
            progress.warn(Step::Lock, format!("taking over a lock that has ended: {holder}"));
        }
        Ok(holder) if wish.break_it => progress.warn(Step::Lock, format!("breaking a lock: {holder}")),
        Ok(holder) => return Err(Held::By(holder)),
        Err(why) if wish.break_it => {
            progress.warn(Step::Lock, format!("deleting what is no lock ({why:#}): {}", there.digest));
        }
        Err(why) => return Err(Held::ByNobody { tag: tag(wish.environment), why: format!("{why:#}") }),
    }
    clients.delete_manifest(repository, &there.digest).await?;
    Ok(())
}

/// Makes sure that an attempt which nobody answered leaves no lock behind, as far as that can be done.
async fn give_up(registry: &Registry, manifest: &StoredManifest) {
    // What fails here has failed before, and was reported then; the lock ends by itself.
    let _ = registry.clients().delete_manifest(registry.repository(), &manifest.digest).await;
}

/// Who holds the lock of an environment, if anybody does.
pub async fn holder_of(
    registry: &Registry,
    environment: crate::environment::Environment,
) -> anyhow::Result<Option<Holder>> {
    let (clients, repository, tag) = (registry.clients(), registry.repository(), tag(environment));
    let Some(there) = clients.manifest(repository, Reference::Tag(&tag)).await? else {
        return Ok(None);
    };
    let image = clients.image(repository, Reference::Digest(&there.digest)).await?;
    let Some(image) = image else {
        return Ok(None);
    };
    Holder::read(&there.text, &image.tags).map(Some).with_context(|| format!("the tag {tag} is on something else"))
}
