//! What is there when the curtain rises: the clusters, repositories, secrets and services that a
//! cloud begins with, as somebody's infrastructure code would have made them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The resources of a new cloud. `Scenery::default()` has the names of this repository's documents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenery {
    /// The region that ARNs name.
    pub region: String,
    /// The account that ARNs name, twelve digits.
    pub account: String,
    /// The repositories of the registry.
    pub repositories: Vec<Repository>,
    /// Secrets of Secrets Manager, by name.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// Parameters of the Parameter Store, by name; all of them are secure strings.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// The names of IAM roles that tasks may be given.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The name of the IAM role by which ECS shifts the traffic of services that are `blue_green`.
    #[serde(default)]
    pub infrastructure_role: Option<String>,
    /// The services, each behind a load balancer of its own; their clusters are made with them.
    pub services: Vec<Stage>,
}

/// A repository of the registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// Its name.
    pub name: String,
    /// Whether a tag stays where it is put.
    #[serde(default)]
    pub immutable: bool,
    /// Tags that may move all the same, `*` standing for anything.
    #[serde(default)]
    pub mutable_tags: Vec<String>,
}

/// A service with its load balancer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The cluster that it runs in.
    pub cluster: String,
    /// Its name.
    pub service: String,
    /// The name of its container.
    pub container: String,
    /// The repository that its image comes from.
    pub repository: String,
    /// The container's port.
    pub port: u16,
    /// How many tasks there should be.
    pub desired_count: u32,
    /// The port of 127.0.0.1 that clients reach it at; 0 takes a free one.
    #[serde(default)]
    pub public_port: u16,
    /// Whether its load balancer is set up for blue/green, canary and linear deployments: with a second
    /// target group, and a listener for tests beside the one for users.
    #[serde(default)]
    pub blue_green: bool,
    /// The port of 127.0.0.1 that its test listener is reached at; 0 takes a free one.
    #[serde(default)]
    pub test_port: u16,
    /// Environment variables of the container.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Variables whose values come from a secret or a parameter: the name of either.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// Seconds from SIGTERM to SIGKILL.
    pub stop_timeout: u32,
    /// Seconds during which failing health checks of a new task are not held against it.
    pub health_check_grace_period: u32,
    /// The least share of tasks, in percent, that stays healthy during a deployment.
    pub minimum_healthy_percent: u32,
    /// The greatest share of tasks, in percent, that may run during a deployment.
    pub maximum_percent: u32,
    /// How the load balancer checks its tasks.
    pub health_check: HealthCheck,
}

/// How a load balancer checks its targets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// What it asks for.
    pub path: String,
    /// Seconds between two checks of one target.
    pub interval: u32,
    /// Seconds that an answer may take.
    pub timeout: u32,
    /// How many checks in a row make an unhealthy target healthy.
    pub healthy_threshold: u32,
    /// How many failures in a row make a healthy target unhealthy.
    pub unhealthy_threshold: u32,
    /// Seconds that a target which leaves may take for requests that are under way.
    pub deregistration_delay: u32,
}

impl Default for HealthCheck {
    /// What `DEPLOYMENT.md` asks the load balancer to be set to.
    fn default() -> Self {
        Self {
            path: "/ready".to_owned(),
            interval: 5,
            timeout: 3,
            healthy_threshold: 2,
            unhealthy_threshold: 2,
            deregistration_delay: 30,
        }
    }
}

impl Default for Scenery {
    fn default() -> Self {
        let names = |environment: &str| {
            BTreeMap::from(["DATABASE_URL", "API_TOKEN"].map(|variable| {
                let name = variable.to_lowercase().replace('_', "-");
                (variable.to_owned(), format!("myapp/{environment}/{name}"))
            }))
        };
        let stage = |environment: &str, cluster: &str, desired_count| Stage {
            cluster: cluster.to_owned(),
            service: "myapp-api".to_owned(),
            container: "app".to_owned(),
            repository: "myapp".to_owned(),
            port: 8080,
            desired_count,
            public_port: 0,
            blue_green: true,
            test_port: 0,
            environment: BTreeMap::new(),
            secrets: names(environment),
            stop_timeout: 75,
            health_check_grace_period: 60,
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            health_check: HealthCheck::default(),
        };
        let services = vec![stage("staging", "myapp-staging-cluster", 2), stage("production", "myapp-cluster", 4)];
        let secrets = services.iter().flat_map(|stage| stage.secrets.values().cloned());
        Self {
            region: "ap-northeast-1".to_owned(),
            account: "123456789012".to_owned(),
            repositories: vec![Repository {
                name: "myapp".to_owned(),
                immutable: true,
                mutable_tags: vec!["production-latest".to_owned(), "staging-latest".to_owned()],
            }],
            secrets: secrets.map(|name| (name, "rehearsal".to_owned())).collect(),
            parameters: BTreeMap::new(),
            roles: vec!["myapp-task-execution".to_owned(), "myapp-task".to_owned()],
            infrastructure_role: Some("myapp-ecs-infrastructure".to_owned()),
            services,
        }
    }
}

impl Scenery {
    /// Reads it from JSON; an unknown key is an error.
    pub fn parse(json: &str) -> anyhow::Result<Self> {
        Ok(serde_json::from_str(json)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_comes_back_from_its_own_json() {
        let json = serde_json::to_string(&Scenery::default()).expect("json");
        assert_eq!(Scenery::parse(&json).expect("scenery"), Scenery::default());
    }

    #[test]
    fn a_key_that_nobody_knows_is_refused_by_name() {
        let mut json = serde_json::to_value(Scenery::default()).expect("json");
        json["services"][0]["desired_cuont"] = 4.into();
        let error = Scenery::parse(&json.to_string()).expect_err("refusal").to_string();
        assert!(error.contains("desired_cuont"), "{error}");
    }
}
