//! Sets the scene by the calls that somebody's infrastructure code would make.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{Request, header};
use serde_json::{Value, json};

use crate::runtime::PLACEHOLDER;
use crate::scenery::{Repository, Scenery, Stage};
use crate::{Cloud, Scale, TargetGroupOptions};

const ECS: &str = "AmazonEC2ContainerServiceV20141113";
const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";
const SECRETS: &str = "secretsmanager";
const PARAMETERS: &str = "AmazonSSM";

/// The tag of the image that a service runs before its first deployment.
const FIRST_TAG: &str = "placeholder";

/// How long the service keeps serving after SIGTERM, and how long it then takes at most: what
/// `DEPLOYMENT.md` sets, in seconds of AWS's.
const TIMES: [(&str, u64); 2] = [("DRAIN_DELAY", 20), ("SHUTDOWN_LIMIT", 30)];

/// Makes everything; the name of the target group of each service, in their order.
pub(crate) async fn set(cloud: &Cloud, scenery: &Scenery, scale: Scale) -> anyhow::Result<Vec<String>> {
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
        caller.create_role(role).await?;
    }
    let mut groups = Vec::new();
    let mut clusters = std::collections::BTreeSet::new();
    for stage in &scenery.services {
        if clusters.insert(&stage.cluster) {
            caller.call(ECS, "CreateCluster", &json!({ "clusterName": stage.cluster })).await?;
        }
        let group = format!("{}-{}", stage.cluster, stage.service);
        let arn = cloud.put_target_group(&target_group(&group, stage));
        groups.push(group);
        let definition = task_definition(cloud, scenery, stage, scale)?;
        let registered = caller.call(ECS, "RegisterTaskDefinition", &definition).await?;
        let revision = registered["taskDefinition"]["taskDefinitionArn"].as_str().unwrap_or_default().to_owned();
        caller.call(ECS, "CreateService", &create_service(stage, &revision, &arn)).await?;
    }
    Ok(groups)
}

/// The authorization token of the registry.
pub(crate) async fn login(cloud: &Cloud) -> anyhow::Result<String> {
    let answer = Caller { cloud, region: "us-east-1" }.call(ECR, "GetAuthorizationToken", &json!({})).await?;
    let token = answer["authorizationData"][0]["authorizationToken"].as_str();
    token.map(str::to_owned).with_context(|| format!("there is no token in {answer}"))
}

struct Caller<'a> {
    cloud: &'a Cloud,
    region: &'a str,
}

impl Caller<'_> {
    /// Calls an operation of a service of the JSON protocol.
    async fn call(&self, service: &str, operation: &str, input: &Value) -> anyhow::Result<Value> {
        let request = self
            .request()
            .header("x-amz-target", format!("{service}.{operation}"))
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
            .body(Bytes::from(input.to_string()))
            .context("failed to make a request")?;
        let response = self.cloud.handle(request).await;
        let body = String::from_utf8_lossy(response.body()).into_owned();
        if !response.status().is_success() {
            bail!("{operation} of {input}: {} {body}", response.status());
        }
        serde_json::from_str(&body).with_context(|| format!("{operation} was answered with {body:?}"))
    }

    async fn create_role(&self, name: &str) -> anyhow::Result<()> {
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "ecs-tasks.amazonaws.com" },
            }],
        });
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "CreateRole")
            .append_pair("Version", "2010-05-08")
            .append_pair("RoleName", name)
            .append_pair("AssumeRolePolicyDocument", &trust.to_string())
            .finish();
        let request = self
            .request()
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form))
            .context("failed to make a request")?;
        let response = self.cloud.handle(request).await;
        if !response.status().is_success() {
            let body = String::from_utf8_lossy(response.body()).into_owned();
            bail!("CreateRole of {name}: {} {body}", response.status());
        }
        Ok(())
    }

    fn request(&self) -> http::request::Builder {
        let credential = format!("rehearsal/20260101/{}/rehearsal/aws4_request", self.region);
        let signature = "0".repeat(64);
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature={signature}");
        Request::post("/").header(header::AUTHORIZATION, authorization)
    }
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
    let role = |name: &String| format!("arn:aws:iam::{}:role/{name}", scenery.account);
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

fn create_service(stage: &Stage, revision: &str, target_group: &str) -> Value {
    json!({
        "cluster": stage.cluster,
        "serviceName": stage.service,
        "taskDefinition": revision,
        "desiredCount": stage.desired_count,
        "launchType": "FARGATE",
        "healthCheckGracePeriodSeconds": stage.health_check_grace_period,
        "loadBalancers": [{
            "targetGroupArn": target_group,
            "containerName": stage.container,
            "containerPort": stage.port,
        }],
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
