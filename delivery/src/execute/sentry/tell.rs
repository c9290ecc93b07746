//! What is told to people meanwhile.

use std::time::Duration;

use tokio::time::Instant;

use super::Sentry;
use crate::aws::ecs::Service;
use crate::progress::{Event, Step, Tasks};

/// Figures that do not change are told again after so long.
const TELL_AGAIN: Duration = Duration::from_secs(30);

impl Sentry<'_> {
    /// Events of the service that are new since the first look, for people.
    pub(super) fn hear(&mut self, service: &Service) {
        for event in service.events.iter().rev() {
            if self.known.insert(event.id.clone()) && self.begun {
                self.say(format!("ECS: {}", self.session.redactor.redact(&event.message)));
            }
        }
    }

    pub(super) fn tell(&mut self, service: &Service) {
        let Some(ours) = service.deployments.iter().find(|entry| entry.id == self.id) else { return };
        let others = service.deployments.iter().filter(|entry| entry.id != self.id);
        let tasks = Tasks {
            status: ours.rollout_state.clone(),
            desired: ours.desired,
            running: ours.running,
            pending: ours.pending,
            failed: ours.failed,
            old: others.map(|entry| entry.running).sum(),
        };
        if self.told.as_ref().is_some_and(|(told, at)| *told == tasks && at.elapsed() < TELL_AGAIN) {
            return;
        }
        self.told = Some((tasks.clone(), Instant::now()));
        let (step, spent, limit) = (Step::Watch, self.since.elapsed(), self.lasts);
        self.session.progress.tell(Event::Tasks { step, tasks, spent, limit });
    }

    pub(super) fn say(&self, what: String) {
        self.session.progress.say(Step::Watch, what);
    }
}
