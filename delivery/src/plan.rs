//! What is to be done, decided purely: what is asked for and what is observed make a plan or a refusal.
//!
//! **Invariant**: a plan leaves no choice for later. What it says is what `--dry-run` prints, and
//! execution only does it.

mod change;
mod words;

use jiff::Timestamp;
use serde::Serialize;

use crate::environment::Environment;
use crate::evidence::{Evidence, Judgement};
use crate::exit::Ending;
use crate::migrations::Known;
use crate::release::{Commit, Digest, Release};

pub use change::{Change, Pending};
pub use words::{few, short};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Where.
    pub environment: Environment,
    /// What.
    pub release: Release,
    /// The image as a task definition names it, by its digest.
    pub image: String,
    /// The command that migrates, when there is anything to migrate.
    pub migration: Option<Vec<String>>,
    /// What is known of its migrations.
    pub migrations: Known,
}

/// What there is.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// How many tasks there should be.
    pub desired: i32,
    /// How many run of what the service was told last.
    pub running: i32,
    /// When the deployment began by which it came in: what was said before says nothing of it.
    pub since: Option<Timestamp>,
    /// What the service was told last, in flight or not.
    pub serving: Serving,
    /// The deployment that is not over yet.
    pub in_flight: Option<InFlight>,
    /// The digest that the registry has under the commit's tag.
    pub tagged: Option<Digest>,
    /// What was said about the digest.
    pub evidence: Evidence,
    /// The task definition that the release needs.
    pub definition: Definition,
    /// What is known of the migrations of what the service was told last.
    pub migrations: Known,
}

/// What a service runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Serving {
    /// The digest, when ECS knows it.
    pub digest: Option<Digest>,
    /// The commit, when the registry knows it.
    pub commit: Option<Commit>,
    /// The ARN of the task definition.
    pub task_definition: String,
    /// The ARN of the service revision.
    pub revision: Option<String>,
}

/// A deployment that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFlight {
    /// ECS's ARN of it.
    pub arn: String,
    /// ECS's word for how it stands.
    pub status: String,
    /// What it brings in.
    pub digest: Option<Digest>,
    /// Whether it still goes forward.
    pub forward: bool,
}

/// The task definition that a release needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Definition {
    /// One is registered that is the same in everything: its ARN.
    Registered(String),
    /// None is; how it differs from the one that serves.
    New(Vec<String>),
}

impl Default for Definition {
    fn default() -> Self {
        Self::New(Vec::new())
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Where.
    pub environment: Environment,
    /// What.
    pub release: Release,
    /// What serves now.
    pub from: Serving,
    /// What is done about it.
    pub course: Course,
    /// What it does to the schema.
    pub schema: Change,
}

/// What is done about a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// It serves and is verified.
    Nothing,
    /// It serves, and nobody has said that it is well: it is proven, asked, and judged.
    Verify,
    /// Somebody's deployment of it is under way: it is followed to its end.
    Adopt {
        /// ECS's ARN of it.
        deployment: String,
    },
    /// All of it.
    RollOut {
        /// Whether the image is brought into the registry.
        push: bool,
        /// The tag that is moved to it.
        tag: Option<String>,
        /// The task definition.
        definition: Definition,
        /// The command that migrates.
        migration: Option<Vec<String>>,
    },
}

impl Serving {
    /// The release, when both halves of it are known.
    #[must_use]
    pub fn release(&self) -> Option<Release> {
        Some(Release { commit: self.commit.clone()?, digest: self.digest.clone()? })
    }
}

impl Plan {
    /// Decides what is done, or why nothing may be.
    pub fn decide(asked: &Asked, observed: &Observed) -> Result<Self, Ending> {
        let Asked { environment, release, .. } = asked;
        let course = course(asked, observed)?;
        let command = asked.migration.as_deref().unwrap_or_default();
        let schema = Change::between(&asked.migrations, &observed.migrations, command);
        let from = observed.serving.clone();
        if let Course::RollOut { migration: Some(_), .. } = &course
            && let Some(refusal) = schema.refusal(&from, release)
        {
            return Err(refusal);
        }
        Ok(Self { environment: *environment, release: release.clone(), from, course, schema })
    }
}

fn course(asked: &Asked, observed: &Observed) -> Result<Course, Ending> {
    let Asked { environment, release, .. } = asked;
    match (&observed.tagged, environment) {
        (Some(tagged), _) if *tagged != release.digest => {
            return Err(Ending::refused(format!(
                "the registry has {tagged} for {}, and this is {}: the same commit must give the same image, and a \
                 tag of a commit never moves",
                release.commit.short(),
                release.digest
            )));
        }
        (None, Environment::Production) => {
            return Err(Ending::refused(format!("the registry has no image of {}", release.commit.short())));
        }
        _ => {}
    }
    let serves = observed.serving.digest.as_ref() == Some(&release.digest);
    if *environment == Environment::Production {
        if serves && observed.in_flight.is_none() && verified(observed, *environment) {
            return Err(Ending::refused(format!("{release} is in production already, and verified there")));
        }
        observed.evidence.admits(release)?;
    }
    if let Some(in_flight) = &observed.in_flight {
        if in_flight.forward && in_flight.digest.as_ref() == Some(&release.digest) {
            return Ok(Course::Adopt { deployment: in_flight.arn.clone() });
        }
        let what = in_flight.digest.as_ref().map_or("another release", Digest::short);
        return Err(Ending::refused(format!(
            "a deployment of {what} is in flight in {environment} ({}): wait for its end (--wait), or abort it \
             (rollback --environment {environment})",
            in_flight.status
        )));
    }
    if observed.desired < 1 {
        return Err(Ending::refused(format!(
            "the service of {environment} is to have no task at all, so a release in it could not be judged: set its \
             desired count"
        )));
    }
    if serves {
        let done = verified(observed, *environment)
            && observed.running >= observed.desired
            && (*environment == Environment::Production || observed.evidence.admits(release).is_ok());
        return Ok(if done { Course::Nothing } else { Course::Verify });
    }
    Ok(Course::RollOut {
        push: observed.tagged.is_none(),
        tag: tag_of(*environment),
        definition: observed.definition.clone(),
        migration: asked.migration.clone(),
    })
}

/// The tag of an environment, for people: it says which image was let into it last.
pub(crate) fn tag_of(environment: Environment) -> Option<String> {
    (environment == Environment::Production).then(|| format!("{environment}-latest"))
}

/// Whether the newest verdict of an environment is a pass of what serves there now, and all of them can
/// be read.
fn verified(observed: &Observed, environment: Environment) -> bool {
    let Evidence { verdicts, unreadable } = &observed.evidence;
    let since = observed.since.unwrap_or(Timestamp::MIN);
    let newest = verdicts.iter().rev().find(|verdict| verdict.environment == environment && verdict.ended >= since);
    unreadable.is_empty() && newest.is_some_and(|verdict| verdict.judgement == Judgement::Passed)
}

#[cfg(test)]
mod tests;
