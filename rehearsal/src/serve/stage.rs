//! Sets the scene by the calls that somebody's infrastructure code would make.

mod caller;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use self::caller::Caller;
use crate::runtime::PLACEHOLDER;
use crate::scenery::{Repository, Scenery, Stage};
use crate::{Cloud, ListenerRuleOptions, RuleKind, Scale, TargetGroupOptions};

pub(crate) const ECS: &str = "AmazonEC2ContainerServiceV20141113";
const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";
const SECRETS: &str = "secretsmanager";
const PARAMETERS: &str = "AmazonSSM";

/// The tag of the image that a service runs before its first deployment.
const FIRST_TAG: &str = "placeholder";

/// How long the service keeps serving after SIGTERM, and how long it then takes at most: what
/// `DEPLOYMENT.md` sets, in seconds of AWS's.
const TIMES: [(&str, u64); 2] = [("DRAIN_DELAY", 20), ("SHUTDOWN_LIMIT", 30)];

/// The load balancer of a service: ARNs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoadBalancer {
    pub(crate) target_group: String,
    pub(crate) shifting: Option<Shifting>,
    /// The rule that users come by.
    pub(crate) production_rule: String,
    /// The rule for tests, when it has one.
    pub(crate) test_rule: Option<String>,
}

/// What ECS needs to shift its traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shifting {
    alternate: String,
    role: String,
}

/// Makes everything; the load balancer of each service, in their order.
pub(crate) async fn set(cloud: &Cloud, scenery: &Scenery, scale: Scale) -> anyhow::Result<Vec<LoadBalancer>> {
    let caller = Caller { cloud, region: &scenery.region };
    for repository in &scenery.repositories {
        caller.call(ECR, "CreateRepository", &create_repository(repository)).await?;
    }
    for (name, value) in &scenery.secrets {
        caller.call(SECRETS, "CreateSecret", &json!({ "Name": name, "SecretString": value })).await?;
    }
    for (name, value) in &scenery.parameters {
        let input = json!({ "Name": name, "Value": value, "Type": "SecureString" });
        caller.call(PARAMETERS, "PutParameter", &input).await?;
    }
    for role in &scenery.roles {
        caller.create_role(role, "ecs-tasks.amazonaws.com").await?;
    }
    if let Some(role) = &scenery.infrastructure_role {
        caller.create_role(role, "ecs.amazonaws.com").await?;
    }
    let mut balancers = Vec::new();
    let mut clusters = std::collections::BTreeSet::new();
    for stage in &scenery.services {
        if clusters.insert(&stage.cluster) {
            caller.call(ECS, "CreateCluster", &json!({ "clusterName": stage.cluster })).await?;
        }
        let balancer = load_balancer(cloud, scenery, stage)?;
        let definition = task_definition(cloud, scenery, stage, scale)?;
        let registered = caller.call(ECS, "RegisterTaskDefinition", &definition).await?;
        let revision = registered["taskDefinition"]["taskDefinitionArn"].as_str().unwrap_or_default().to_owned();
        caller.call(ECS, "CreateService", &create_service(stage, &revision, &balancer)).await?;
        balancers.push(balancer);
    }
    Ok(balancers)
}

/// The authorization token of the registry.
pub(crate) async fn login(cloud: &Cloud) -> anyhow::Result<String> {
    let answer = call(cloud, ECR, "GetAuthorizationToken", &json!({})).await?;
    let token = answer["authorizationData"][0]["authorizationToken"].as_str();
    token.map(str::to_owned).with_context(|| format!("there is no token in {answer}"))
}

/// Calls an operation of a service of the JSON protocol.
pub(crate) async fn call(cloud: &Cloud, service: &str, operation: &str, input: &Value) -> anyhow::Result<Value> {
    Caller { cloud, region: "us-east-1" }.call(service, operation, input).await
}

fn create_repository(repository: &Repository) -> Value {
    let Repository { name, immutable, mutable_tags } = repository;
    let filters: Vec<_> = mutable_tags.iter().map(|tag| json!({ "filterType": "WILDCARD", "filter": tag })).collect();
    match (immutable, filters.is_empty()) {
        (false, _) => json!({ "repositoryName": name, "imageTagMutability": "MUTABLE" }),
        (true, true) => json!({ "repositoryName": name, "imageTagMutability": "IMMUTABLE" }),
        (true, false) => json!({
            "repositoryName": name,
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": filters,
        }),
    }
}

fn load_balancer(cloud: &Cloud, scenery: &Scenery, stage: &Stage) -> anyhow::Result<LoadBalancer> {
    let name = format!("{}-{}", stage.cluster, stage.service);
    let main = cloud.put_target_group(&target_group(&name, stage));
    let mut target_groups = vec![main.clone()];
    let mut shifting = None;
    if stage.blue_green {
        let role = scenery.infrastructure_role.as_ref();
        let role =
            role.with_context(|| format!("{} is blue_green, which needs an infrastructure_role", stage.service))?;
        let alternate = cloud.put_target_group(&target_group(&format!("{name}-alternate"), stage));
        target_groups.push(alternate.clone());
        shifting = Some(Shifting { alternate, role: role_arn(scenery, role) });
    }
    let rule = |kind| {
        let options = ListenerRuleOptions { balancer: name.clone(), kind, target_groups: target_groups.clone() };
        cloud.put_listener_rule(&options)
    };
    let production_rule = rule(RuleKind::Production);
    let test_rule = stage.blue_green.then(|| rule(RuleKind::Test));
    Ok(LoadBalancer { target_group: main, shifting, production_rule, test_rule })
}

fn target_group(name: &str, stage: &Stage) -> TargetGroupOptions {
    let check = &stage.health_check;
    TargetGroupOptions {
        name: name.to_owned(),
        path: check.path.clone(),
        interval: check.interval.into(),
        timeout: check.timeout.into(),
        healthy_threshold: check.healthy_threshold,
        unhealthy_threshold: check.unhealthy_threshold,
        deregistration_delay: check.deregistration_delay.into(),
    }
}

fn task_definition(cloud: &Cloud, scenery: &Scenery, stage: &Stage, scale: Scale) -> anyhow::Result<Value> {
    let registry = cloud.registry();
    let image = match registry.seed(&stage.repository, Some(FIRST_TAG), &[(PLACEHOLDER, "1")], cloud.now()) {
        Ok(digest) | Err(crate::registry::Refused::Unchanged(digest)) => digest,
        Err(refused) => bail!("the placeholder of {} is refused: {refused:?}", stage.repository),
    };
    let mut environment: BTreeMap<String, String> = TIMES
        .iter()
        .map(|(name, seconds)| ((*name).to_owned(), milliseconds(scale.of(Duration::from_secs(*seconds)))))
        .collect();
    environment.extend(stage.environment.clone());
    let environment: Vec<_> =
        environment.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    let secrets: Vec<_> =
        stage.secrets.iter().map(|(name, from)| json!({ "name": name, "valueFrom": arn_of(scenery, from) })).collect();
    let role = |name: &String| role_arn(scenery, name);
    let family = format!("{}-{}", stage.cluster.trim_end_matches("-cluster"), stage.service);
    Ok(json!({
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": scenery.roles.first().map(role),
        "taskRoleArn": scenery.roles.last().map(role),
        "containerDefinitions": [{
            "name": stage.container,
            "image": format!("{}@{image}", registry.repository_uri(&stage.repository)),
            "essential": true,
            "portMappings": [{ "containerPort": stage.port, "protocol": "tcp" }],
            "environment": environment,
            "secrets": secrets,
            "stopTimeout": stage.stop_timeout,
            "readonlyRootFilesystem": true,
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": format!("/ecs/{family}"),
                    "awslogs-region": scenery.region,
                    "awslogs-stream-prefix": "ecs",
                    "awslogs-create-group": "true",
                },
            },
        }],
    }))
}

fn create_service(stage: &Stage, revision: &str, balancer: &LoadBalancer) -> Value {
    let mut load_balancer = json!({
        "targetGroupArn": balancer.target_group,
        "containerName": stage.container,
        "containerPort": stage.port,
    });
    if let Some(Shifting { alternate, role }) = &balancer.shifting {
        load_balancer["advancedConfiguration"] = json!({
            "alternateTargetGroupArn": alternate,
            "productionListenerRule": balancer.production_rule,
            "testListenerRule": balancer.test_rule,
            "roleArn": role,
        });
    }
    json!({
        "cluster": stage.cluster,
        "serviceName": stage.service,
        "taskDefinition": revision,
        "desiredCount": stage.desired_count,
        "launchType": "FARGATE",
        "healthCheckGracePeriodSeconds": stage.health_check_grace_period,
        "loadBalancers": [load_balancer],
        "deploymentConfiguration": {
            "minimumHealthyPercent": stage.minimum_healthy_percent,
            "maximumPercent": stage.maximum_percent,
            "deploymentCircuitBreaker": { "enable": true, "rollback": true },
        },
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": ["subnet-0rehearsal0000001", "subnet-0rehearsal0000002"],
                "securityGroups": ["sg-0rehearsal00000001"],
                "assignPublicIp": "DISABLED",
            },
        },
    })
}

fn role_arn(scenery: &Scenery, name: &str) -> String {
    format!("arn:aws:iam::{}:role/{name}", scenery.account)
}

/// What a secret's variable names: the ARN of the secret or of the parameter.
fn arn_of(scenery: &Scenery, name: &str) -> String {
    let Scenery { region, account, .. } = scenery;
    if scenery.parameters.contains_key(name) {
        return format!("arn:aws:ssm:{region}:{account}:parameter/{}", name.trim_start_matches('/'));
    }
    format!("arn:aws:secretsmanager:{region}:{account}:secret:{name}")
}

fn milliseconds(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

#[cfg(test)]
mod tests;
