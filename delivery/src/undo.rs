//! Where a rollback goes: the last release that came in well, by ECS's own history.
//!
//! Never "the number before": that may be the last bad one. What was taken back before is not gone to
//! again either, so that a second rollback goes further back and not to and fro.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::aws::ecs::{DeploymentStatus, ServiceDeployment, ServiceRevision};
use crate::release::Digest;

/// What is known about a service's past.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// Its service deployments, the newest first.
    pub deployments: &'a [ServiceDeployment],
    /// Their revisions, as many as ECS still knows.
    pub revisions: &'a [ServiceRevision],
    /// The ARN of the task definition that serves now.
    pub serves: &'a str,
    /// The container whose digest is the release.
    pub container: &'a str,
}

/// Where to go.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The service deployment by which it came in.
    pub deployment: ServiceDeployment,
    /// What came in: its task definition is the one to ask for.
    pub revision: ServiceRevision,
    /// The digest of the release, when ECS knows it.
    pub digest: Option<Digest>,
    /// What was passed by on the way there, and why, for people.
    pub passed_by: Vec<String>,
    /// Every release that ECS was ever asked for, as far as it remembers, the newest first.
    pub history: Vec<Earlier>,
}

/// A release that ECS was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// The digest of its image.
    pub digest: Digest,
    /// Whether it came in well at least once.
    pub well: bool,
    /// Whether it serves now.
    pub serves: bool,
}

/// Why there is nowhere to go.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Nowhere {
    /// The first release of all.
    #[error("there is nothing to go back to: ECS knows of no other deployment that came in (it forgets after 90 days)")]
    First,
    /// Everything else was taken back.
    #[error(
        "there is nothing to go back to that was not taken back itself ({}); name the commit of one with --to",
        .0.join("; ")
    )]
    TakenBack(Vec<String>),
    /// It serves already.
    #[error("{} serves already", .0.short())]
    Serves(Digest),
    /// It never came in there.
    #[error("{} never came in there, as far as ECS remembers (90 days): deploy or promote it instead", .0.short())]
    Unknown(Digest),
}

/// Where a rollback goes: to the digest that is wished for, or else to the last that came in, serves no
/// longer and was not taken back.
pub fn target(past: &Past<'_>, wish: Option<&Digest>) -> Result<Target, Nowhere> {
    let revisions: BTreeMap<&str, &ServiceRevision> =
        past.revisions.iter().map(|revision| (revision.arn.as_str(), revision)).collect();
    let came_in: Vec<(&ServiceDeployment, &ServiceRevision)> = past
        .deployments
        .iter()
        .filter(|deployment| deployment.status == DeploymentStatus::Successful)
        .filter_map(|deployment| Some((deployment, *revisions.get(deployment.target_revision.as_str())?)))
        .collect();
    let found = |(deployment, revision): (&ServiceDeployment, &ServiceRevision), passed_by| Target {
        deployment: deployment.clone(),
        revision: revision.clone(),
        digest: revision.digest_of(past.container).cloned(),
        passed_by,
        history: history(past, &revisions),
    };
    if let Some(wish) = wish {
        let mut of_it = came_in.iter().filter(|(_, revision)| revision.digest_of(past.container) == Some(wish));
        let there = of_it.clone().any(|(_, revision)| revision.task_definition == past.serves);
        return match of_it.find(|(_, revision)| revision.task_definition != past.serves) {
            _ if there => Err(Nowhere::Serves(wish.clone())),
            Some(&at) => Ok(found(at, Vec::new())),
            None => Err(Nowhere::Unknown(wish.clone())),
        };
    }
    // What serves may have come in several times: then its last coming was a return, and all that came
    // in since its first was taken back by one.
    let serves = |(_, revision): &(&ServiceDeployment, &ServiceRevision)| revision.task_definition == past.serves;
    let older = came_in.iter().rposition(serves).map_or(0, |first| first + 1);
    let mut passed_by: Vec<String> = came_in[..older]
        .iter()
        .filter(|at| !serves(at))
        .map(|(deployment, revision)| format!("{} was taken back", name(deployment, revision, past.container)))
        .collect();
    passed_by.dedup();
    match came_in.get(older) {
        Some(&at) => Ok(found(at, passed_by)),
        None if passed_by.is_empty() => Err(Nowhere::First),
        None => Err(Nowhere::TakenBack(passed_by)),
    }
}

fn history(past: &Past<'_>, revisions: &BTreeMap<&str, &ServiceRevision>) -> Vec<Earlier> {
    let mut history: Vec<Earlier> = Vec::new();
    for deployment in past.deployments {
        let Some(revision) = revisions.get(deployment.target_revision.as_str()) else { continue };
        let Some(digest) = revision.digest_of(past.container) else { continue };
        let well = deployment.status == DeploymentStatus::Successful;
        let serves = revision.task_definition == past.serves;
        match history.iter_mut().find(|came| came.digest == *digest) {
            Some(came) => {
                came.well |= well;
                came.serves |= serves;
            }
            None => history.push(Earlier { digest: digest.clone(), well, serves }),
        }
    }
    history
}

fn name(deployment: &ServiceDeployment, revision: &ServiceRevision, container: &str) -> String {
    let what = revision.digest_of(container).map_or(revision.task_definition.as_str(), Digest::short);
    format!("{what}, in since {:.0},", deployment.created_at)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::aws::ecs::RevisionImage;

    /// A history, the newest first: each word is a release and how its deployment ended.
    fn history(words: &str) -> (Vec<ServiceDeployment>, Vec<ServiceRevision>) {
        let count = words.split(' ').count();
        let one = |(index, word): (usize, &str)| {
            let (release, status) = word.split_once(':').unwrap_or((word, "SUCCESSFUL"));
            let number = count - index;
            let arn = format!("revision/{number}");
            let deployment = ServiceDeployment {
                arn: format!("deployment/{number}"),
                status: DeploymentStatus::of(status),
                reason: None,
                target_revision: arn.clone(),
                source_revisions: Vec::new(),
                created_at: Timestamp::from_second(i64::try_from(number).expect("small")).expect("a time"),
                started_at: None,
                finished_at: None,
                back_to: None,
                failures: None,
                triggered_alarms: Vec::new(),
                stage: None,
                pause: None,
                weights: crate::aws::ecs::Weights::default(),
            };
            let image = RevisionImage {
                container: "app".to_owned(),
                image: "myapp".to_owned(),
                digest: Some(Digest::of(release.as_bytes())),
            };
            let created_at = deployment.created_at;
            let revision = ServiceRevision {
                arn,
                task_definition: release.to_owned(),
                images: vec![image],
                target_groups: Vec::new(),
                created_at,
            };
            (deployment, revision)
        };
        words.split(' ').enumerate().map(one).unzip()
    }

    fn go(words: &str, serves: &str, wish: Option<&str>) -> Result<String, Nowhere> {
        let (deployments, revisions) = history(words);
        let past = Past { deployments: &deployments, revisions: &revisions, serves, container: "app" };
        let wish = wish.map(|wish| Digest::of(wish.as_bytes()));
        target(&past, wish.as_ref()).map(|target| target.revision.task_definition)
    }

    #[test]
    fn it_goes_to_the_last_release_that_came_in_and_was_not_taken_back() {
        for (words, serves, expected) in [
            ("b a", "b", "a"),
            ("c b:ROLLBACK_SUCCESSFUL a", "c", "a"),
            ("c:ROLLBACK_SUCCESSFUL b a", "b", "a"),
            ("c:IN_PROGRESS b a", "b", "a"),
            ("c:STOPPED c:ROLLBACK_FAILED b b a", "b", "a"),
            // Further back each time, and not to and fro.
            ("c d c b a", "c", "b"),
            ("b c d c b a", "b", "a"),
            // After a return, forwards again.
            ("e c d c b", "e", "c"),
            // What serves was put there by something that ECS does not list.
            ("b a", "elsewhere", "b"),
        ] {
            assert_eq!(go(words, serves, None).as_deref(), Ok(expected), "{words}");
        }
    }

    #[test]
    fn it_says_why_there_is_nowhere_to_go() {
        assert_eq!(go("a", "a", None), Err(Nowhere::First));
        assert_eq!(go("b:ROLLBACK_SUCCESSFUL a", "a", None), Err(Nowhere::First));
        let text = go("a b a", "a", None).expect_err("b was taken back").to_string();
        assert!(
            text.contains("of one with --to") && text.contains("in since 1970-01-01T00:00:02Z, was taken back"),
            "{text}"
        );
    }

    #[test]
    fn it_goes_where_it_is_told_when_that_came_in_once() {
        assert_eq!(go("c b a", "c", Some("a")).as_deref(), Ok("a"));
        assert_eq!(go("a b a", "a", Some("b")).as_deref(), Ok("b"));
        let digest = |name: &str| Digest::of(name.as_bytes());
        assert_eq!(go("c b a", "c", Some("c")), Err(Nowhere::Serves(digest("c"))));
        assert_eq!(go("c b:ROLLBACK_SUCCESSFUL a", "c", Some("b")), Err(Nowhere::Unknown(digest("b"))));
        for nowhere in [Nowhere::Serves(digest("c")), Nowhere::Unknown(digest("c")), Nowhere::First] {
            assert!(!nowhere.to_string().is_empty());
        }
    }

    #[test]
    fn a_target_has_its_digest_and_what_was_passed_by() {
        let (deployments, revisions) = history("b c b a");
        let past = Past { deployments: &deployments, revisions: &revisions, serves: "b", container: "app" };
        let target = target(&past, None).expect("there is one");
        assert_eq!(target.digest, Some(Digest::of(b"a")));
        assert_eq!(target.deployment.arn, "deployment/1");
        assert_eq!(target.passed_by.len(), 1, "{:?}", target.passed_by);
    }

    #[test]
    fn every_release_is_remembered_once_and_how_it_did() {
        let (deployments, revisions) = history("b d:ROLLBACK_SUCCESSFUL b c c:STOPPED a");
        let past = Past { deployments: &deployments, revisions: &revisions, serves: "b", container: "app" };
        let history = target(&past, None).expect("there is one").history;
        let earlier = |name: &str, well, serves| Earlier { digest: Digest::of(name.as_bytes()), well, serves };
        let expected = [
            earlier("b", true, true),
            earlier("d", false, false),
            earlier("c", true, false),
            earlier("a", true, false),
        ];
        assert_eq!(history, expected);
    }
}
