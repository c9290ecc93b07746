//! Which schema a release meets that comes back, whether it can live on it, and who has seen it do so.
//!
//! A schema only grows: it is at the newest version of all that ever came in. What cannot be known is said
//! and stands in nobody's way; what is known to fail is refused.

use std::time::Duration;

use jiff::Timestamp;
use schema::{Contract, Versions};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::environment::Environment;
use crate::evidence::Evidence;
use crate::execute::session::Session;
use crate::exit::Ending;
use crate::release::{Commit, Digest};
use crate::undo::Earlier;

/// How many releases of before are looked at.
const MOST: usize = 12;
/// How long that may take in all: on the way back nobody waits for what is good to know.
const LIMIT: Duration = Duration::from_secs(20);

/// The schema that a release meets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ground {
    /// Where it is at least.
    at: Option<u32>,
    /// What the release itself brought and needs; or why nobody knows.
    target: Option<Result<Versions, String>>,
    /// The contract steps that it may not live with.
    bars: Vec<Contract>,
    /// When it was seen to be well on that schema, and as what.
    proof: Option<Proof>,
    /// A release to which nothing bars the way, as far as is known.
    instead: Option<Commit>,
}

/// Who saw a release be well on a schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Proof {
    /// It brought the schema.
    Own,
    /// It was asked after the migration of a release that came after it.
    Asked { by: Commit, at: Timestamp },
}

impl Ground {
    /// What is known of it: of the release that comes back, and of all that came in.
    pub(super) async fn look(
        session: &Session,
        environment: Environment,
        target: (Option<&Commit>, Option<&Digest>),
        history: &[Earlier],
    ) -> Self {
        let mut ground = Self::default();
        if timeout(LIMIT, ground.learn(session, environment, target, history)).await.is_err() && ground.target.is_none()
        {
            ground.target = Some(Err(format!("nobody told within {} s", LIMIT.as_secs())));
        }
        ground
    }

    async fn learn(
        &mut self,
        session: &Session,
        environment: Environment,
        (commit, digest): (Option<&Commit>, Option<&Digest>),
        history: &[Earlier],
    ) {
        let known = session.migrations_of(commit, digest).await.versions;
        self.at = known.as_ref().ok().map(|versions| versions.newest);
        self.target = Some(known.clone());
        let mut others = Vec::new();
        for came in history.iter().filter(|came| Some(&came.digest) != digest).take(MOST) {
            let commit = session.commit_of(&came.digest).await.ok().flatten();
            if let Ok(versions) = session.migrations_of(commit.as_ref(), Some(&came.digest)).await.versions {
                self.at = self.at.max(Some(versions.newest));
                others.push((came, commit, versions));
            }
        }
        let Ok(target) = known else { return };
        let steps = |others: &[(&Earlier, Option<Commit>, Versions)]| {
            let mut steps: Vec<_> = others.iter().flat_map(|(.., versions)| versions.contracts.clone()).collect();
            steps.extend(&target.contracts);
            steps.sort_unstable();
            steps.dedup();
            steps
        };
        let steps = steps(&others);
        self.bars = steps.iter().copied().filter(|step| step.bars(target.needed)).collect();
        let is_free = |versions: &Versions| !steps.iter().any(|step| step.bars(versions.needed));
        let free = others.iter().find(|(came, _, versions)| came.well && !came.serves && is_free(versions));
        self.instead = free.and_then(|(_, commit, _)| commit.clone());
        if Some(target.newest) == self.at {
            self.proof = Some(Proof::Own);
            return;
        }
        for (came, ..) in others.iter().filter(|(.., versions)| Some(versions.newest) == self.at) {
            let Ok(evidence) = Evidence::about(&session.registry, &came.digest).await else { continue };
            let asked = evidence.verdicts.iter().rev().find(|verdict| {
                verdict.environment == environment && verdict.survivor.is_some() && verdict.survivor.as_ref() == commit
            });
            if let Some(verdict) = asked {
                self.proof = Some(Proof::Asked { by: verdict.release.commit.clone(), at: verdict.ended });
                return;
            }
        }
    }

    /// Refuses what is known to fail.
    pub(super) fn judge(&self, name: &str) -> Result<(), Ending> {
        let (Some(Ok(target)), Some(step)) = (&self.target, self.bars.last()) else { return Ok(()) };
        let instead = match &self.instead {
            Some(commit) => format!(", as {} does (--to {commit})", commit.short()),
            None => String::new(),
        };
        Err(Ending::refused(format!(
            "{name} needs schema {:04}, and migration {:04}, which is applied, took away what releases use that need \
             less than {:04}: there is no way back past a contract step. Mend it in a new release, or go back to one \
             that needs {:04} or later{instead}",
            target.needed, step.version, step.since, step.since
        )))
    }

    /// The same for people.
    pub(super) fn lines(&self, name: &str) -> Vec<String> {
        let stays = match self.at {
            Some(at) => {
                format!("no migration is run, neither up nor down: the schema stays where it is, at {at:04} at least")
            }
            None => "no migration is run, neither up nor down: the schema stays where it is".to_owned(),
        };
        let meets = match (&self.target, self.at, &self.proof) {
            (Some(Ok(_)), Some(at), Some(Proof::Own)) => format!("{name} brought {at:04} itself"),
            (Some(Ok(its)), Some(at), Some(Proof::Asked { by, at: time })) => format!(
                "{name} brought {:04} and needs {:04}; it was asked on {at:04} when {} came ({time:.0}), and was well",
                its.newest,
                its.needed,
                by.short()
            ),
            (Some(Ok(its)), Some(at), None) => format!(
                "{name} brought {:04} and needs {:04}; nobody has recorded that it was well on {at:04}",
                its.newest, its.needed
            ),
            (Some(Err(why)), ..) => format!("which schema {name} needs is not known: {why}"),
            _ => format!("which schema {name} needs is not known"),
        };
        vec![stays, meets]
    }

    /// The same for programs.
    pub(super) fn value(&self) -> Value {
        let versions = self.target.as_ref().and_then(|known| known.as_ref().ok());
        json!({ "at_least": self.at, "target": versions, "proof": self.proof })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(letter: char) -> Commit {
        letter.to_string().repeat(40).parse().expect("a commit")
    }

    fn of(needed: u32) -> Ground {
        let versions = Versions { newest: needed, needed, contracts: Vec::new() };
        Ground { at: Some(9), target: Some(Ok(versions)), ..Ground::default() }
    }

    #[test]
    fn what_is_not_known_refuses_nothing_and_is_said() {
        let not = Ground { target: Some(Err("nobody knows its commit".to_owned())), ..Ground::default() };
        for ground in [Ground::default(), not.clone(), Ground { at: Some(9), bars: steps(), ..not.clone() }] {
            assert_eq!(ground.judge("it"), Ok(()));
        }
        assert_eq!(
            not.lines("it"),
            [
                "no migration is run, neither up nor down: the schema stays where it is",
                "which schema it needs is not known: nobody knows its commit",
            ]
        );
    }

    fn steps() -> Vec<Contract> {
        vec![Contract { version: 9, since: 8 }]
    }

    #[test]
    fn who_saw_it_be_well_there_is_said() {
        let at = Timestamp::UNIX_EPOCH;
        for (proof, says) in [
            (Some(Proof::Own), "it brought 0009 itself"),
            (
                Some(Proof::Asked { by: commit('b'), at }),
                "it brought 0008 and needs 0008; it was asked on 0009 when bbbbbbbbbbbb came (1970-01-01T00:00:00Z), and was well",
            ),
            (None, "it brought 0008 and needs 0008; nobody has recorded that it was well on 0009"),
        ] {
            assert_eq!(Ground { proof, ..of(8) }.lines("it")[1], says);
        }
    }

    #[test]
    fn what_is_known_to_fail_is_refused_with_what_works() {
        let barred = Ground { bars: steps(), instead: Some(commit('c')), ..of(3) };
        let text = barred.judge("it").expect_err("it is barred").to_string();
        assert!(text.contains("it needs schema 0003, and migration 0009"), "{text}");
        assert!(text.ends_with(&format!("as cccccccccccc does (--to {})", commit('c'))), "{text}");
        let text = Ground { instead: None, ..barred }.judge("it").expect_err("it is barred").to_string();
        assert!(text.ends_with("Mend it in a new release, or go back to one that needs 0008 or later"), "{text}");
    }
}
