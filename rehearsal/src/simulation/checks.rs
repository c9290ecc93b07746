//! The load balancer's health checks, as they would come out.

use std::time::Duration;

use super::{Inner, route};
use crate::TargetGroup;
use crate::world::{Launch, Report, TaskArn, TaskFault};

/// How often a target that is expected is looked for.
const GLANCE: Duration = Duration::from_secs(1);

impl Inner {
    /// What the load balancer finds; ends never.
    pub(super) async fn checks(&self, launch: &Launch) {
        if launch.port.is_none() {
            return std::future::pending().await;
        }
        let group = loop {
            tokio::time::sleep(self.scale.of(GLANCE)).await;
            let Some(cloud) = self.cloud.upgrade() else { return };
            if let Some(group) = cloud.group_of(&launch.task) {
                break group;
            }
        };
        let check = &group.health_check;
        let mut healthy = self.passes(&launch.task, &group);
        let checks = if healthy { 1 } else { check.unhealthy_threshold };
        tokio::time::sleep(check.interval * checks).await;
        self.report(&launch.task, Report::TargetHealth { healthy });
        // Nothing else that the simulation plays changes the checks of a task.
        while launch.fault.as_ref().is_some_and(TaskFault::is_composed) {
            tokio::time::sleep(check.interval).await;
            if self.passes(&launch.task, &group) != healthy {
                healthy = !healthy;
                let checks = if healthy { check.healthy_threshold } else { check.unhealthy_threshold };
                tokio::time::sleep(check.interval * checks.saturating_sub(1)).await;
                self.report(&launch.task, Report::TargetHealth { healthy });
            }
        }
        std::future::pending::<()>().await;
    }

    /// Whether the fault of a task lets its health checks pass at this moment.
    fn passes(&self, task: &TaskArn, group: &TargetGroup) -> bool {
        let share = self.cloud.upgrade().map_or(1.0, |cloud| route::share(&cloud, &group.name));
        self.lock().tasks.get(task).is_none_or(|task| task.play.is_ready(&group.health_check.path, share))
    }
}
