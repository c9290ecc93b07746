//! A plan in words.

use std::fmt::Write as _;
use std::time::Duration;

use super::{Course, Definition, Plan};
use crate::release::Digest;
use crate::settings::{EnvironmentSettings, Limits, Rollout};
use crate::strategy::{Shift, time};

impl super::Serving {
    /// What it is, for people.
    #[must_use]
    pub fn words(&self) -> String {
        match (&self.commit, &self.digest) {
            (Some(commit), Some(digest)) => format!("{} ({})", commit.short(), digest.short()),
            (None, Some(digest)) => format!("an image of no known commit ({})", digest.short()),
            _ => format!("what {} names", short(&self.task_definition)),
        }
    }
}

impl Plan {
    /// The plan, a line a step, with how long each may last.
    #[must_use]
    pub fn lines(&self, settings: &EnvironmentSettings, limits: &Limits) -> Vec<String> {
        let Self { environment, release, from, course, schema } = self;
        let mut lines = Vec::new();
        let mut step = |name: &str, what: String| lines.push(format!("  {name:<9} {what}"));
        let head = match course {
            Course::Nothing => {
                return vec![format!("{environment} serves {release}, verified: there is nothing to do")];
            }
            Course::Verify => format!("{environment} serves {release}, which nobody has verified"),
            Course::Adopt { .. } => format!("{environment} is getting {release} already"),
            Course::RollOut { .. } => format!("{environment} gets {release}, and serves {} now", from.words()),
        };
        match course {
            Course::Nothing | Course::Verify => {}
            Course::Adopt { deployment } => step("follow", format!("{deployment}, at most {}", time(limits.rollout))),
            Course::RollOut { push, tag, definition, migration } => {
                if *push {
                    step("push", format!("the image, at most {}", time(limits.push)));
                } else {
                    step("push", "nothing: the registry has the image".to_owned());
                }
                if let Some(tag) = tag {
                    step("tag", format!("{tag} on its manifest"));
                }
                match definition {
                    Definition::Registered(arn) => step("register", format!("nothing: {} is the same", short(arn))),
                    Definition::New(differences) => {
                        step("register", format!("a revision like {}, but for", short(&from.task_definition)));
                        for difference in differences {
                            step("", difference.clone());
                        }
                    }
                }
                match migration {
                    Some(command) => {
                        step("migrate", format!("`{}`, at most {}", command.join(" "), time(limits.migration)));
                        for line in schema.lines() {
                            step("", line);
                        }
                        step(
                            "",
                            "then what serves is asked again, and when it is not well any more this ends there".into(),
                        );
                    }
                    None => step("migrate", "nothing".to_owned()),
                }
                step("update", format!("{} in {}", settings.service, settings.cluster));
                for line in strategy(settings) {
                    step("shift", line);
                }
                let rollback = time(limits.rollback);
                step("follow", format!("at most {}, and back within {rollback} if it fails", time(limits.rollout)));
            }
        }
        step("prove", format!("that {} serves, at most {}", release.digest.short(), time(limits.proof)));
        let flows = if settings.smoke.flows { " and the flows" } else { "" };
        step("smoke", format!("/health, /ready{flows} at {}, at most {}", settings.base_url, time(limits.smoke)));
        step("evidence", format!("the verdict, beside {}", release.digest.short()));
        lines.insert(0, head);
        lines
    }
}

/// How a release comes in by steps, and how long it is watched at least; nothing where tasks are replaced.
fn strategy(settings: &EnvironmentSettings) -> Vec<String> {
    let watched = settings.watched();
    let on_ecs = match settings.strategy.shift() {
        None if watched.is_zero() => return Vec::new(),
        None => return vec![format!("rolling, then watched for {}", time(settings.rollout.bake))],
        Some(Shift::AllAtOnce) => "BLUE_GREEN".to_owned(),
        Some(Shift::Canary(share)) => format!("CANARY of {share}"),
        Some(Shift::Linear(step)) => format!("LINEAR in steps of {step}"),
    };
    let bake = match settings.rollout.bake {
        Duration::ZERO => "and the old release is stopped then".to_owned(),
        bake => format!("and the old release is kept for {} more", time(bake)),
    };
    let Rollout { pause_timeout, bake_timeout, .. } = &settings.rollout;
    let mut unanswered = format!("without an answer ECS takes it back after {}", time(*pause_timeout));
    if !settings.rollout.bake.is_zero() {
        let _ = write!(unanswered, ", in the bake after {}", time(*bake_timeout));
    }
    vec![
        format!("{}: {}, {bake}; on ECS {on_ecs}", settings.strategy.name(), settings.strategy.ladder()),
        format!("watched for at least {} in all; {unanswered}", time(watched)),
    ]
}

/// What people call the thing of an ARN: all behind the first slash.
#[must_use]
pub fn short(arn: &str) -> &str {
    arn.split_once('/').map_or(arn, |(_, name)| name)
}

/// A digest, if there is one, in few letters.
#[must_use]
pub fn few(digest: Option<&Digest>) -> String {
    digest.map_or_else(|| "-".to_owned(), |digest| digest.short().to_owned())
}
