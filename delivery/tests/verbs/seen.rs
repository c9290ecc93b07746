//! What can be seen of the cloud from outside.

use rehearsal::snapshot::{ServiceView, TaskView};
use serde_json::Value;

use crate::stage::{Built, REPOSITORY, Stage};

impl Stage {
    /// The service of a cluster.
    pub(crate) fn service(&self, cluster: &str) -> ServiceView {
        let services = self.cloud.snapshot().services;
        services.into_iter().find(|service| service.cluster == cluster).expect("a service")
    }

    /// Whether ECS, every task and the users have this release, and nothing else.
    #[track_caller]
    pub(crate) fn serves(&self, cluster: &str, built: &Built) {
        let service = self.service(cluster);
        let [only] = service.deployments.as_slice() else { panic!("{:?}", service.deployments) };
        assert_eq!((only.digest.as_deref(), only.rollout_state.as_str()), (Some(built.digest.as_str()), "COMPLETED"));
        assert_eq!(service.healthy, service.desired);
        assert_eq!(self.app.commit(cluster).as_deref(), Some(built.commit.as_str()));
    }

    /// The migrations of a cluster.
    pub(crate) fn migrations(&self, cluster: &str) -> Vec<TaskView> {
        let tasks = self.cloud.snapshot().tasks;
        tasks.into_iter().filter(|task| task.cluster == cluster && task.service.is_none()).collect()
    }

    /// How often an operation was called.
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.cloud.snapshot().calls.iter().filter(|call| call.operation == operation).count()
    }

    /// Whether somebody holds the lock of an environment.
    pub(crate) fn is_locked(&self, environment: &str) -> bool {
        let repository = self.cloud.registry().repository(REPOSITORY).expect("a repository");
        repository.tags.contains_key(&format!("lock-{environment}"))
    }

    /// The digest that a tag leads to.
    pub(crate) fn tag(&self, tag: &str) -> Option<String> {
        let repository = self.cloud.registry().repository(REPOSITORY).expect("a repository");
        repository.tags.get(tag).map(ToString::to_string)
    }

    /// What was said about a release: `environment verdict`, the oldest first.
    pub(crate) fn verdicts(&self, built: &Built) -> Vec<String> {
        let repository = self.cloud.registry().repository(REPOSITORY).expect("a repository");
        let about = repository.manifests.values().filter(|stored| {
            stored.manifest.subject.as_ref().is_some_and(|subject| subject.digest.to_string() == built.digest)
        });
        let mut verdicts: Vec<_> = about
            .map(|stored| {
                let manifest: Value = serde_json::from_slice(&stored.bytes).expect("JSON");
                let said = |key: &str| manifest["annotations"][key].as_str().expect("text").to_owned();
                let at = said("org.opencontainers.image.created");
                (at, format!("{} {}", said("slipway.environment"), said("slipway.verdict")))
            })
            .collect();
        verdicts.sort();
        verdicts.into_iter().map(|(_, verdict)| verdict).collect()
    }
}
