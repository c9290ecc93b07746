//! One-off tasks: started once for a client token, and stopped on request.

use jiff::Timestamp;
use serde_json::Value;

use super::Refusal;
use super::launch::{Wish, no_overrides};
use super::task::{Stop, StopCode};
use crate::model::State;

/// A one-off task that somebody wants.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunWish {
    pub(crate) cluster: Option<String>,
    pub(crate) definition: String,
    pub(crate) count: usize,
    pub(crate) overrides: Value,
    pub(crate) network: Value,
    pub(crate) launch_type: String,
    pub(crate) group: Option<String>,
    pub(crate) started_by: Option<String>,
    pub(crate) tags: Vec<Value>,
}

/// What a client token was used for.
#[derive(Debug)]
pub(crate) struct Token {
    text: String,
    wish: RunWish,
    tasks: Vec<String>,
}

impl State {
    /// Runs tasks, or finds those that the token has run already; their ARNs.
    pub(crate) fn run_task(
        &mut self,
        wish: RunWish,
        token: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<String>, Refusal> {
        let cluster = self.ecs.cluster(wish.cluster.as_deref())?.name.clone();
        let known = |used: &&Token| token == Some(used.text.as_str());
        if let Some(used) = self.ecs.tokens.iter().find(known) {
            if used.wish == wish {
                return Ok(used.tasks.clone());
            }
            let message = format!("The client token was used for another request, which started {:?}.", used.tasks);
            return Err(Refusal::new("ConflictException", message));
        }
        let definition = self.ecs.definitions.usable(&wish.definition)?.clone();
        definition.check_runs(&wish.network)?;
        let container = definition.container().name();
        let overrides = wish.overrides["containerOverrides"].as_array();
        if let Some(stranger) =
            overrides.into_iter().flatten().map(|entry| &entry["name"]).find(|name| *name != container)
        {
            let name = stranger.as_str().unwrap_or_default();
            let message = format!("Override for container named {name} is not a container in the TaskDefinition.");
            return Err(Refusal::invalid(message));
        }
        let has_any = overrides.is_some_and(|list| !list.is_empty());
        let overrides = if has_any { wish.overrides.clone() } else { no_overrides(container) };
        let group = wish.group.clone().unwrap_or_else(|| format!("family:{}", definition.family));
        let mut tasks = Vec::new();
        for _ in 0..wish.count {
            let one = Wish {
                cluster: &cluster,
                service: None,
                group: group.clone(),
                started_by: wish.started_by.clone(),
                definition: &definition,
                digest: None,
                overrides: overrides.clone(),
                launch_type: wish.launch_type.clone(),
                tags: wish.tags.clone(),
            };
            let place = self.create_task(one, now);
            tasks.push(self.ecs.tasks[place].arn.clone());
        }
        if let Some(text) = token.map(str::to_owned) {
            self.ecs.tokens.push(Token { text, wish, tasks: tasks.clone() });
        }
        Ok(tasks)
    }

    /// Stops a task because somebody said so.
    pub(crate) fn stop_by_user(&mut self, place: usize, reason: Option<&str>, now: Timestamp) {
        let reason = reason.filter(|reason| !reason.is_empty()).unwrap_or("Task stopped by user").to_owned();
        self.stop_task(place, Stop { code: StopCode::User, reason }, now);
    }
}
