//! Task definitions: families with their revisions, kept as they were registered.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Refusal, name};
use crate::account::LogTarget;
use crate::model::Identity;

/// From SIGTERM to SIGKILL when a container says nothing, in seconds.
const STOP_TIMEOUT: u64 = 30;

/// All task definitions.
#[derive(Debug, Default)]
pub(crate) struct Definitions(BTreeMap<String, Vec<Definition>>);

/// A revision of a task definition.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) arn: String,
    pub(crate) family: String,
    pub(crate) revision: u32,
    /// What was registered.
    pub(crate) document: Map<String, Value>,
    pub(crate) tags: Vec<Value>,
    pub(crate) registered_at: Timestamp,
    pub(crate) deregistered_at: Option<Timestamp>,
}

impl Definitions {
    pub(super) fn register(
        &mut self,
        mut document: Map<String, Value>,
        identity: &Identity,
        now: Timestamp,
    ) -> Result<&Definition, Refusal> {
        check(&document)?;
        let tags = match document.remove("tags") {
            Some(Value::Array(tags)) => tags,
            _ => Vec::new(),
        };
        let family = document.get("family").and_then(Value::as_str).unwrap_or_default().to_owned();
        complete(&mut document);
        let revisions = self.0.entry(family.clone()).or_default();
        let revision = u32::try_from(revisions.len()).unwrap_or(u32::MAX).saturating_add(1);
        let arn = name::arn(identity, &format!("task-definition/{family}:{revision}"));
        let registered_at = now;
        revisions.push(Definition { arn, family, revision, document, tags, registered_at, deregistered_at: None });
        revisions.last().ok_or_else(|| Refusal::client("the definition was not kept"))
    }

    /// The revision of an ARN, of `family:revision`, or the newest ACTIVE one of a family.
    pub(crate) fn find(&self, named: &str) -> Option<&Definition> {
        let short = name::last_part(named);
        match short.split_once(':') {
            Some((family, revision)) => {
                let revision: u32 = revision.parse().ok()?;
                self.0.get(family)?.iter().find(|definition| definition.revision == revision)
            }
            None => self.0.get(short)?.iter().rev().find(|definition| definition.is_active()),
        }
    }

    /// The revision of an ARN, to change its tags.
    pub(crate) fn find_mut(&mut self, arn: &str) -> Option<&mut Definition> {
        self.0.values_mut().flatten().find(|definition| definition.arn == arn)
    }

    /// The revision that something may be started from: it has to be ACTIVE.
    pub(crate) fn usable(&self, named: &str) -> Result<&Definition, Refusal> {
        let found = self.find(named).ok_or_else(|| Refusal::client("Unable to find task definition."))?;
        if found.is_active() { Ok(found) } else { Err(Refusal::client("TaskDefinition is inactive")) }
    }

    /// Marks a revision INACTIVE.
    pub(crate) fn deregister(&mut self, named: &str, now: Timestamp) -> Result<&Definition, Refusal> {
        let short = name::last_part(named);
        let missing = || Refusal::client("The specified task definition does not exist.");
        let (family, revision) = short
            .split_once(':')
            .and_then(|(family, revision)| Some((family, revision.parse::<u32>().ok()?)))
            .ok_or_else(|| Refusal::invalid("Invalid revision number. Number: (?)"))?;
        let revisions = self.0.get_mut(family).ok_or_else(missing)?;
        let found = revisions.iter_mut().find(|definition| definition.revision == revision).ok_or_else(missing)?;
        found.deregistered_at.get_or_insert(now);
        Ok(found)
    }

    /// All revisions of all families, in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Definition> {
        self.0.values().flatten()
    }
}

impl Definition {
    pub(crate) fn is_active(&self) -> bool {
        self.deregistered_at.is_none()
    }

    /// A member of the document that is a text.
    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        self.document.get(member).and_then(Value::as_str)
    }

    /// The one container of the task.
    pub(crate) fn container(&self) -> Container<'_> {
        Container(&self.document["containerDefinitions"][0])
    }

    /// Whether tasks of it can be run here, in this network.
    pub(super) fn check_runs(&self, network: &Value) -> Result<(), Refusal> {
        let containers = self.document["containerDefinitions"].as_array().map_or(0, Vec::len);
        if containers > 1 {
            let message = format!("the rehearsal cloud does not run tasks of {containers} containers");
            return Err(Refusal::new("NotImplementedException", message));
        }
        if self.text("networkMode") == Some("awsvpc") && network["awsvpcConfiguration"].is_null() {
            let message = "Network Configuration must be provided when networkMode 'awsvpc' is specified.";
            return Err(Refusal::invalid(message));
        }
        Ok(())
    }
}

/// A container of a task definition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Container<'a>(&'a Value);

impl<'a> Container<'a> {
    pub(crate) fn name(self) -> &'a str {
        self.0["name"].as_str().unwrap_or_default()
    }

    pub(crate) fn image(self) -> &'a str {
        self.0["image"].as_str().unwrap_or_default()
    }

    /// From SIGTERM to SIGKILL, in seconds of AWS's.
    pub(crate) fn stop_timeout(self) -> u64 {
        self.0["stopTimeout"].as_u64().unwrap_or(STOP_TIMEOUT)
    }

    /// A list of texts, where there is one that is not empty.
    pub(crate) fn words(self, member: &str) -> Option<Vec<String>> {
        words(&self.0[member])
    }

    /// Name and value of each variable.
    pub(crate) fn environment(self) -> impl Iterator<Item = (String, String)> + 'a {
        pairs(&self.0["environment"], "value")
    }

    /// Name and source of each variable that is a secret.
    pub(crate) fn secrets(self) -> impl Iterator<Item = (String, String)> + 'a {
        pairs(&self.0["secrets"], "valueFrom")
    }

    /// The ports that it listens on.
    pub(crate) fn ports(self) -> impl Iterator<Item = u16> + 'a {
        let ports = self.0["portMappings"].as_array().into_iter().flatten();
        ports.filter_map(|port| u16::try_from(port["containerPort"].as_u64()?).ok())
    }

    /// Where the output of a task goes, if anywhere.
    pub(crate) fn log_target(self, task: &str) -> Option<LogTarget> {
        let configuration = &self.0["logConfiguration"];
        if configuration["logDriver"] != "awslogs" {
            return None;
        }
        let option = |name: &str| configuration["options"][name].as_str();
        let prefix = option("awslogs-stream-prefix").unwrap_or_default();
        Some(LogTarget {
            group: option("awslogs-group")?.to_owned(),
            stream: format!("{prefix}/{}/{task}", self.name()),
        })
    }
}

/// A list of texts, where there is one that is not empty.
pub(super) fn words(list: &Value) -> Option<Vec<String>> {
    let list = list.as_array().filter(|list| !list.is_empty())?;
    Some(list.iter().map(|word| word.as_str().unwrap_or_default().to_owned()).collect())
}

/// Name and value of each entry of a list.
pub(super) fn pairs<'a>(list: &'a Value, value: &'static str) -> impl Iterator<Item = (String, String)> + 'a {
    list.as_array().into_iter().flatten().map(move |entry| {
        let text = |member: &str| entry[member].as_str().unwrap_or_default().to_owned();
        (text("name"), text(value))
    })
}

fn check(document: &Map<String, Value>) -> Result<(), Refusal> {
    let text = |member: &str| document.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
    let family = text("family").ok_or_else(|| Refusal::client("Family cannot be null or empty."))?;
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if family.len() > 255 || !family.chars().all(allowed) {
        return Err(Refusal::client(
            "Family contains invalid characters. It should only contain letters, numbers, hyphens and underscores.",
        ));
    }
    let containers = document.get("containerDefinitions").and_then(Value::as_array);
    let containers = containers.filter(|list| !list.is_empty());
    let containers = containers.ok_or_else(|| Refusal::client("TaskDefinition must have at least one container."))?;
    let mut needs_role = None;
    for container in containers {
        let member = |name: &str| container[name].as_str().filter(|text| !text.is_empty());
        if member("name").is_none() {
            return Err(Refusal::client("Container.name should not be null or empty."));
        }
        if member("image").is_none() {
            return Err(Refusal::client("Container.image should not be null or empty."));
        }
        if container["secrets"].as_array().is_some_and(|secrets| !secrets.is_empty()) {
            needs_role = Some("container secrets");
        } else if container["logConfiguration"]["logDriver"] == "awslogs" {
            needs_role = needs_role.or(Some("log driver awslogs"));
        }
    }
    if containers.iter().all(|container| container["essential"] == false) {
        return Err(Refusal::client("Invalid setting for container. At least one container must be essential."));
    }
    let fargate = document.get("requiresCompatibilities").and_then(Value::as_array);
    if fargate.is_some_and(|kinds| kinds.iter().any(|kind| kind == "FARGATE")) {
        if text("networkMode") != Some("awsvpc") {
            return Err(Refusal::client("Fargate only supports network mode 'awsvpc'."));
        }
        if text("cpu").is_none() || text("memory").is_none() {
            return Err(Refusal::client("Fargate requires that 'cpu' and 'memory' be defined at the task level."));
        }
        if let Some(needed_for) = needs_role.filter(|_| text("executionRoleArn").is_none()) {
            return Err(Refusal::client(format!(
                "Fargate requires task definition to have execution role ARN to support {needed_for}."
            )));
        }
    }
    Ok(())
}

/// Adds what ECS gives back though nobody sent it.
fn complete(document: &mut Map<String, Value>) {
    for list in ["volumes", "placementConstraints"] {
        document.entry(list).or_insert_with(|| json!([]));
    }
    let Some(containers) = document.get_mut("containerDefinitions").and_then(Value::as_array_mut) else { return };
    for container in containers.iter_mut().filter_map(Value::as_object_mut) {
        for list in ["environment", "mountPoints", "volumesFrom", "portMappings", "systemControls"] {
            container.entry(list).or_insert_with(|| json!([]));
        }
        container.entry("cpu").or_insert_with(|| json!(0));
        container.entry("essential").or_insert_with(|| json!(true));
        let ports = container.get_mut("portMappings").and_then(Value::as_array_mut).into_iter().flatten();
        for port in ports.filter_map(Value::as_object_mut) {
            // With awsvpc both are the same.
            let number = port.get("containerPort").cloned().unwrap_or_default();
            port.entry("hostPort").or_insert(number);
            port.entry("protocol").or_insert_with(|| json!("tcp"));
        }
    }
}
