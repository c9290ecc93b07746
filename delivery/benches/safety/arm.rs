//! Who deploys: the engine, or ECS alone.

use std::time::Duration;

use rehearsal::faults::TaskRule;
use rehearsal::snapshot::ServiceDeploymentView;
use serde_json::{Value, json};

use crate::alarms::{self, Setup};
use crate::bad::Bad;
use crate::outcome::Outcome;
use crate::scene::{Scene, Verdicts};
use crate::stage::{HOST, PRODUCTION, REPOSITORY, SERVICE};
use crate::users::RATE;

const ECS: &str = "AmazonEC2ContainerServiceV20141113";
/// What is not over by then is called unending: ECS itself gives a stage 24 hours.
const PATIENCE: Duration = Duration::from_mins(20);
/// How long after the first user somebody's alarm rings.
const RINGS: Duration = Duration::from_mins(1);
const TEST_URL: &str = "test_url = \"https://test.www.example\"";

/// Who deploys.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arm {
    Engine,
    /// ECS with its circuit breaker and alarms.
    Ecs(Setup),
}

/// How it is brought in, with a bake of a quarter of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    Rolling,
    BlueGreen,
    /// 5 % for a quarter of an hour, then all.
    Canary,
}

impl Strategy {
    pub(crate) const ALL: [Self; 3] = [Self::Rolling, Self::BlueGreen, Self::Canary];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Rolling => "rolling",
            Self::BlueGreen => "blue-green",
            Self::Canary => "canary",
        }
    }

    /// The share of users that a target group gets first, in percent.
    fn share(self) -> u32 {
        if self == Self::Canary { 5 } else { 100 }
    }

    /// What the engine is told.
    pub(crate) fn settings(self) -> String {
        match self {
            Self::Rolling => "bake = \"15m\"".to_owned(),
            Self::BlueGreen => format!("strategy = \"blue-green\"\nbake = \"15m\"\n{TEST_URL}"),
            Self::Canary => {
                let steps = "steps = [{ percent = 5, watch = \"15m\" }]";
                format!("strategy = \"canary\"\nbake = \"15m\"\n{steps}\n{TEST_URL}")
            }
        }
    }

    /// What ECS is told.
    fn configuration(self, alarms: &[String]) -> Value {
        let mut configuration = json!({
            "deploymentCircuitBreaker": { "enable": true, "rollback": true },
            "alarms": { "alarmNames": alarms, "enable": true, "rollback": true },
        });
        match self {
            // For a rolling update ECS works the bake out from the alarms.
            Self::Rolling => configuration["strategy"] = json!("ROLLING"),
            Self::BlueGreen => {
                configuration["strategy"] = json!("BLUE_GREEN");
                configuration["bakeTimeInMinutes"] = json!(15);
            }
            Self::Canary => {
                configuration["strategy"] = json!("CANARY");
                configuration["bakeTimeInMinutes"] = json!(15);
                configuration["canaryConfiguration"] = json!({ "canaryPercent": 5.0, "canaryBakeTimeInMinutes": 15 });
            }
        }
        configuration
    }
}

/// Has a bad release come in, and sees what becomes of it.
pub(crate) async fn play(strategy: Strategy, bad: &Bad, arm: Arm) -> Outcome {
    let scene = Scene::new(&strategy.settings()).await;
    let alarms = match arm {
        Arm::Engine => Vec::new(),
        Arm::Ecs(setup) => {
            let mut alarms = alarms::put(&scene.stage, setup, strategy.share() * RATE * 60 / 100).await;
            alarms.push("errors".to_owned());
            tokio::time::sleep(Duration::from_mins(5)).await;
            alarms
        }
    };
    if let Some(fault) = &bad.fault {
        let rule = TaskRule::NextDeployment(SERVICE.to_owned());
        scene.stage.cloud.faults(|faults| faults.add_task(rule, fault.clone(), None));
    }
    let rings = async {
        if bad.fault.is_some() {
            return std::future::pending().await;
        }
        while scene.exposure.share() == 0.0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(RINGS).await;
        scene.stage.ring("ALARM").await;
        Some(scene.stage.cloud.now())
    };
    let deploys = async {
        match arm {
            Arm::Engine => {
                let ended = scene.promote(&Verdicts::default()).await;
                format!("{} {}", ended.code, ended.lines.join(" / "))
            }
            Arm::Ecs(_) => by_ecs(&scene, strategy, &alarms).await,
        }
    };
    let given_up = async {
        while scene.deployment().is_none_or(|deployment| goes_on(&deployment)) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        scene.stage.cloud.now()
    };
    let (mut rang, mut gave_up) = (None, None);
    let how = {
        let (mut rings, mut given_up) = (Box::pin(rings), Box::pin(given_up));
        let mut deploys = Box::pin(deploys);
        loop {
            tokio::select! {
                biased;
                at = &mut rings, if rang.is_none() => rang = at,
                at = &mut given_up, if gave_up.is_none() => gave_up = Some(at),
                how = &mut deploys => break how,
            }
        }
    };
    Outcome::of(&scene, rang, gave_up, how)
}

impl Scene {
    /// The deployment of the release in question, once there is one.
    pub(crate) fn deployment(&self) -> Option<ServiceDeploymentView> {
        let mut all = self.stage.service(PRODUCTION).service_deployments.into_iter();
        all.find(|deployment| deployment.digest.as_deref() == Some(&self.next.digest))
    }
}

fn goes_on(deployment: &ServiceDeploymentView) -> bool {
    matches!(deployment.status.as_str(), "PENDING" | "IN_PROGRESS")
}

/// Tells ECS to bring it in, and leaves it at that.
async fn by_ecs(scene: &Scene, strategy: Strategy, alarms: &[String]) -> String {
    let stage = &scene.stage;
    let now = stage.clients.task_definition(&stage.service(PRODUCTION).task_definition).await.expect("a definition");
    let next = now.with_image("app", &format!("{HOST}/{REPOSITORY}@{}", scene.next.digest)).expect("the container");
    let next = stage.clients.register(&next).await.expect("a revision");
    let configuration = strategy.configuration(alarms);
    let update = json!({
        "cluster": PRODUCTION, "service": SERVICE, "taskDefinition": next.arn(),
        "deploymentConfiguration": configuration,
    });
    stage.ask(&format!("{ECS}.UpdateService"), &update).await;
    let began = tokio::time::Instant::now();
    loop {
        let deployment = scene.deployment().expect("it was asked for");
        let status = deployment.status.as_str();
        if matches!(status, "SUCCESSFUL" | "STOPPED") || status.ends_with("_SUCCESSFUL") || status.ends_with("_FAILED")
        {
            return format!("{status} {}", deployment.status_reason.unwrap_or_default());
        }
        if began.elapsed() > PATIENCE {
            return format!("{status} after {} min", PATIENCE.as_secs() / 60);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
