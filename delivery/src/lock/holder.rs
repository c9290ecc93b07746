//! Who holds a lock, as its manifest says it.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context as _, ensure};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{SKEW, Wish, renewal};
use crate::environment::Environment;
use crate::registry::{Descriptor, Manifest};

const KIND: &str = "application/vnd.slipway.lock.v1+json";
const ENVIRONMENT: &str = "slipway.lock.environment";
const OWNER: &str = "slipway.lock.owner";
const COMMIT: &str = "slipway.lock.commit";
const SINCE: &str = "slipway.lock.since";
const EXPIRES: &str = "slipway.lock.expires";
const NONCE: &str = "slipway.lock.nonce";

/// Who holds the lock of an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// Of which environment.
    pub environment: Environment,
    /// Who.
    pub owner: String,
    /// What is deployed; none when that is not known yet.
    pub commit: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// Until when, unless it is renewed.
    pub expires: Timestamp,
    /// What nobody else drew.
    pub(super) nonce: String,
}

impl Holder {
    pub(super) fn new(wish: &Wish, now: Timestamp, nonce: String) -> Self {
        Self {
            environment: wish.environment,
            owner: wish.owner.clone(),
            commit: wish.commit.as_ref().map(|commit| commit.as_str().to_owned()),
            since: now,
            expires: now + wish.expiry,
            nonce,
        }
    }

    pub(super) fn manifest(&self) -> anyhow::Result<String> {
        let mut manifest = Manifest::artifact(KIND, vec![Descriptor::empty()]);
        manifest.annotations = BTreeMap::from([
            (ENVIRONMENT.to_owned(), self.environment.to_string()),
            (OWNER.to_owned(), self.owner.clone()),
            (SINCE.to_owned(), self.since.to_string()),
            (EXPIRES.to_owned(), self.expires.to_string()),
            (NONCE.to_owned(), self.nonce.clone()),
        ]);
        if let Some(commit) = &self.commit {
            manifest.annotations.insert(COMMIT.to_owned(), commit.clone());
        }
        Ok(serde_json::to_string(&manifest)?)
    }

    /// Reads a lock's manifest and its tags, of which the latest renewal counts.
    pub(super) fn read(manifest: &str, tags: &[String]) -> anyhow::Result<Self> {
        let manifest: Manifest = serde_json::from_str(manifest).context("its manifest cannot be read")?;
        ensure!(manifest.artifact_type.as_deref() == Some(KIND), "it is no lock");
        let said = |key: &str| manifest.annotations.get(key).cloned().with_context(|| format!("it has no {key}"));
        let time = |key: &str| said(key)?.parse::<Timestamp>().with_context(|| format!("in {key}"));
        let environment = said(ENVIRONMENT)?.parse().map_err(anyhow::Error::msg)?;
        let prefix = renewal(environment, Timestamp::UNIX_EPOCH);
        let prefix = prefix.trim_end_matches('0');
        let renewed = tags.iter().filter_map(|tag| {
            let seconds = tag.strip_prefix(prefix)?.parse().ok()?;
            Timestamp::from_second(seconds).ok()
        });
        let expires = renewed.chain([time(EXPIRES)?]).max().unwrap_or(Timestamp::MIN);
        Ok(Self {
            environment,
            owner: said(OWNER)?,
            commit: said(COMMIT).ok(),
            since: time(SINCE)?,
            expires,
            nonce: said(NONCE)?,
        })
    }

    /// Whether nobody can still believe to hold it.
    pub(super) fn is_dead(&self, now: Timestamp) -> bool {
        now > self.expires + SKEW
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { environment, owner, commit, since, expires, .. } = self;
        let held = expires.duration_since(*since);
        write!(formatter, "{owner} holds the lock of {environment}")?;
        if let Some(commit) = commit {
            write!(formatter, " for {}", commit.get(..12).unwrap_or(commit))?;
        }
        let minutes = held.max(SignedDuration::ZERO).as_mins();
        write!(formatter, ", since {since:.0} until {expires:.0} ({minutes} min)")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn holder() -> Holder {
        let wish = Wish {
            environment: Environment::Staging,
            owner: "arn:aws:iam::123456789012:user/ann".to_owned(),
            commit: Some("a".repeat(40).parse().expect("a commit")),
            expiry: Duration::from_mins(90),
            break_it: false,
        };
        Holder::new(&wish, Timestamp::from_second(1_000_000).expect("a time"), "nonce".to_owned())
    }

    #[test]
    fn a_holder_is_read_back_as_it_was_written() {
        let holder = holder();
        assert_eq!(Holder::read(&holder.manifest().expect("JSON"), &[]).expect("a holder"), holder);
    }

    #[test]
    fn the_latest_renewal_counts() {
        let manifest = holder().manifest().expect("JSON");
        let expires = |tags: &[&str]| {
            let tags: Vec<_> = tags.iter().map(|&tag| tag.to_owned()).collect();
            Holder::read(&manifest, &tags).expect("a holder").expires.as_second()
        };
        assert_eq!(expires(&["lock-staging"]), 1_005_400);
        assert_eq!(expires(&["lock-staging", "lock-staging-until-1006000", "lock-staging-until-1005900"]), 1_006_000);
        assert_eq!(expires(&["lock-staging-until-1"]), 1_005_400);
        assert_eq!(expires(&["lock-production-until-2000000", "lock-staging-until-x"]), 1_005_400);
    }

    #[test]
    fn it_is_dead_when_no_clock_still_sees_it_alive() {
        let holder = holder();
        assert!(!holder.is_dead(holder.expires));
        assert!(!holder.is_dead(holder.expires + SKEW));
        assert!(holder.is_dead(holder.expires + SKEW * 2));
    }

    #[test]
    fn people_read_who_holds_it_for_what_since_and_until_when() {
        assert_eq!(
            holder().to_string(),
            "arn:aws:iam::123456789012:user/ann holds the lock of staging for aaaaaaaaaaaa, \
             since 1970-01-12T13:46:40Z until 1970-01-12T15:16:40Z (90 min)"
        );
    }
}
