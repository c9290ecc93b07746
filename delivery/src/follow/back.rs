//! The way back: asking ECS for it, following it to its end, and looking who serves.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::look::Lookout;
use super::{End, Followed, PAUSE};
use crate::aws::ecs::{Answer, DeploymentStatus, DesiredStatus, Service};
use crate::aws::signed::Refusal;
use crate::plan::short;
use crate::progress::{Outcome, Step};

/// After so long without any effect ECS is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// How the asking went.
#[derive(Default)]
struct Asking {
    /// When ECS took it.
    taken: Option<Instant>,
    /// What it said when it refused; it is said once.
    refused: Option<String>,
}

impl Lookout<'_> {
    /// Asks for the way back and follows it to its end.
    pub(super) async fn back(mut self, failure: &str) -> Followed {
        self.warn(self.step, &format!("it failed: {failure}"));
        let progress = self.by.progress;
        let begun = progress.begin(Step::RollBack, "back to what served before", Some(self.by.rollback_limit));
        self.turn();
        let (end, way) = self.way_back().await;
        // What the tasks wrote may be all that there is to learn from it.
        let stop = &self.by.edge.stop;
        tokio::select! {
            biased;
            () = stop.wait_again() => {}
            () = self.logs() => {}
        }
        let way = self.by.redactor.redact(&way);
        let outcome = if end == End::NotBack { Outcome::Failed } else { Outcome::Done };
        begun.end(outcome, way.as_str());
        // Back at what somebody brought in between: theirs serves, as if ours had never come.
        let end = if end == End::BackAgain && self.replaced().is_some() { End::Somebody } else { end };
        let reason = if end == End::BackAgain { failure.to_owned() } else { format!("{failure}; {way}") };
        self.end(end, &reason)
    }

    async fn way_back(&mut self) -> (End, String) {
        let stop = &self.by.edge.stop;
        let deadline = Instant::now() + self.limit;
        let mut asking = Asking::default();
        loop {
            let ended = tokio::select! {
                biased;
                () = stop.wait_again() => return (End::NotBack, self.left("a second signal ended the watch")),
                () = sleep_until(deadline) => return (End::NotBack, self.left("the limit of the way back passed")),
                ended = self.one_step_back(&mut asking) => ended,
            };
            if let Some(end) = ended {
                return end;
            }
            tokio::select! {
                biased;
                () = stop.wait_again() => {}
                () = sleep_until(deadline) => {}
                () = async { self.logs().await; sleep(PAUSE).await } => {}
            }
        }
    }

    async fn one_step_back(&mut self, asking: &mut Asking) -> Option<(End, String)> {
        Box::pin(self.ask(asking)).await;
        self.look().await;
        let deployment = self.deployment.clone()?;
        let because = deployment.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        let is_first = deployment.source_revisions.is_empty();
        let over = match &deployment.status {
            DeploymentStatus::Successful => {
                return Some((End::In, "it came in before it could be taken back".to_owned()));
            }
            DeploymentStatus::RollbackSuccessful if !is_first => return Box::pin(self.who_serves()).await,
            status if status.is_over() => true,
            _ => false,
        };
        if over || deployment.status == DeploymentStatus::StopRequested {
            Box::pin(self.ask_for_newer()).await;
        }
        if let Some(who) = &self.superseded {
            return Some((End::Somebody, format!("somebody else deployed over it: {who}")));
        }
        if is_first && (over || asking.refused.is_some()) {
            let why =
                format!("it is the first release, there is nothing to go back to ({}{because})", deployment.status);
            return Some((End::NotBack, self.left(&why)));
        }
        over.then(|| (End::NotBack, self.left(&format!("the way back ended as {}{because}", deployment.status))))
    }

    /// Asks ECS, unless it is on the way or it is over.
    async fn ask(&mut self, asking: &mut Asking) {
        let Some(deployment) = &self.deployment else {
            return;
        };
        let pointless = deployment.status.is_over() || deployment.status.is_rollback();
        if pointless || asking.taken.is_some_and(|at| at.elapsed() < ASK_AGAIN) {
            return;
        }
        let clients = self.by.clients;
        let asked = match &deployment.pause {
            // A pause that ECS refuses to end like this may be over: then it is stopped like any other.
            Some(pause) if asking.refused.is_none() => {
                clients.continue_service_deployment(&deployment.arn, &pause.id, Answer::RollBack).await
            }
            _ => clients.stop_service_deployment(&deployment.arn).await,
        };
        match asked {
            Ok(()) => {
                asking.taken = Some(Instant::now());
                self.by.progress.say(Step::RollBack, "asked ECS to take it back");
            }
            Err(error) => {
                let text = format!("{error:#}");
                if asking.refused.as_ref() != Some(&text) {
                    self.warn(Step::RollBack, &text);
                }
                // What did not reach ECS is no refusal.
                asking.refused = error.is::<Refusal>().then_some(text);
            }
        }
    }

    /// Whether what served before serves again, when ECS says that it does.
    async fn who_serves(&mut self) -> Option<(End, String)> {
        let clients = self.by.clients;
        if self.former.is_none() {
            let sources = self.deployment.as_ref()?.source_revisions.clone();
            let revisions = clients.service_revisions(&sources).await.ok()?;
            self.former = Some(revisions.into_iter().map(|revision| revision.task_definition).collect());
        }
        let former = self.former.clone()?;
        let primary = self.service.as_ref().and_then(Service::primary)?.clone();
        if !former.contains(&primary.task_definition) {
            self.ask_for_newer().await;
            let who = self.superseded.as_ref()?;
            return Some((End::Somebody, format!("somebody else deployed over it: {who}")));
        }
        let (cluster, service) = (&self.by.environment.cluster, &self.by.environment.service);
        let tasks = clients.tasks(cluster, service, DesiredStatus::Running).await.ok()?;
        let run = tasks.iter().filter(|task| task.last_status == "RUNNING");
        let back = run.filter(|task| former.contains(&task.task_definition)).count();
        let enough = back >= usize::try_from(self.service.as_ref()?.desired).unwrap_or_default();
        enough.then(|| (End::BackAgain, format!("{back} tasks of {} serve again", short(&primary.task_definition))))
    }

    /// Why it ends here, and what is left.
    fn left(&self, why: &str) -> String {
        let tasks = self.tasks();
        let what = self.deployment.as_ref().map_or("no service deployment was found", |found| found.arn.as_str());
        let primary = self.service.as_ref().and_then(Service::primary);
        let wanted = primary.map_or("an unknown task definition", |primary| short(&primary.task_definition));
        format!(
            "{why}; left: {what}, {}; {wanted} has {} of {} tasks running, and {} others run",
            tasks.status, tasks.running, tasks.desired, tasks.old,
        )
    }
}
