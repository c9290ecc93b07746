//! Asking ECS for another revision, and following what it makes of it.

use super::session::Session;
use crate::aws::ecs::{Configured, Service};
use crate::edge::{Edge, Stop};
use crate::environment::Environment;
use crate::exit::Ending;
use crate::follow::{End, Followed, Following, Judging};
use crate::plan::short;
use crate::progress::{Outcome, Step};

impl Session {
    /// Asks for a revision, to be brought in as it is configured. An error says whether the service may have been changed.
    ///
    /// Not ended by a stop: what was asked for has to be followed.
    pub(crate) async fn update(
        &self,
        environment: Environment,
        task_definition: &str,
        configured: Option<Configured>,
    ) -> Result<Service, Ending> {
        let settings = self.of(environment);
        let (cluster, name) = (settings.cluster.as_str(), settings.service.as_str());
        let begun = self.progress.begin(Step::Update, format!("{name} to {}", short(task_definition)), None);
        self.phase.depart();
        let error = match self.clients.update_service(cluster, name, task_definition, configured).await {
            Ok(service) => {
                begun.done("ECS has taken it");
                return Ok(service);
            }
            Err(error) => error,
        };
        // Whatever was answered, or was not: what was the service asked for last?
        let ending = match self.clients.service(cluster, name).await {
            Ok(Some(service)) if service.task_definition == task_definition => {
                begun.done(format!("ECS has taken it, though it said: {error:#}"));
                return Ok(service);
            }
            Ok(_) => {
                self.phase.arrive();
                Ending::Failed(format!("{error:#}"))
            }
            Err(blind) => Ending::RollbackFailed(format!(
                "it is not known whether ECS has taken {} ({error:#}), nor what serves ({blind:#}); run status",
                short(task_definition)
            )),
        };
        begun.end(Outcome::Failed, ending.to_string());
        Err(ending)
    }

    /// Follows the service deployment of a service's primary deployment to its end, judged on the way.
    pub(crate) async fn follow(
        &self,
        environment: Environment,
        service: &Service,
        planned_from: Option<&str>,
        judging: Option<&mut Judging<'_>>,
        edge: &Edge,
        lost: impl Future<Output = String>,
    ) -> Followed {
        let primary = service.primary().filter(|primary| primary.task_definition == service.task_definition);
        let Some(primary) = primary else {
            let reason = "ECS does not name the deployment that it was asked for".to_owned();
            return Followed::somebodys(reason);
        };
        let limit = self.settings.limits.rollout;
        let begun = self.progress.begin(Step::Follow, primary.id.clone(), Some(limit));
        let following = self.following(environment, edge);
        let followed = Box::pin(following.follow_judged(&primary.id, planned_from, judging, lost)).await;
        let outcome = if matches!(followed.end, End::In | End::Left) { Outcome::Done } else { Outcome::Failed };
        begun.end(outcome, followed.reason.clone());
        followed
    }

    pub(crate) fn following<'a>(&'a self, environment: Environment, edge: &'a Edge) -> Following<'a> {
        Following {
            clients: &self.clients,
            environment: self.of(environment),
            container: self.container(),
            edge,
            progress: &self.progress,
            redactor: &self.redactor,
            limit: self.settings.limits.rollout,
            rollback_limit: self.settings.limits.rollback,
        }
    }

    /// The same edge for a way back, which no signal stops: it would leave the service where nobody wants it.
    pub(crate) fn unstoppable(&self) -> Edge {
        let (_, stop) = Stop::pair();
        Edge { stop, ..self.edge.clone() }
    }
}
