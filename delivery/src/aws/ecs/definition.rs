//! Task definitions: copied whole, with another image, and never taken apart.

use anyhow::{Context as _, bail};
use aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionInput;
use aws_sdk_ecs::operation::register_task_definition::builders::RegisterTaskDefinitionInputBuilder;
use aws_sdk_ecs::types as sdk;

use super::{difference, failed};
use crate::aws::Clients;
use crate::preflight::Needs;

/// A task definition. What it holds for environments may be secret: only [`TaskDefinition::differences`]
/// says anything of it, and no values.
#[derive(Clone)]
pub struct TaskDefinition {
    pub(super) sdk: sdk::TaskDefinition,
    pub(super) tags: Vec<sdk::Tag>,
}

/// Where a container of a task writes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPlace {
    /// The log group in CloudWatch.
    pub group: String,
    /// The stream in it.
    pub stream: String,
    /// The region, when the definition names one.
    pub region: Option<String>,
}

// Its environment may hold what nobody may see.
impl std::fmt::Debug for TaskDefinition {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "TaskDefinition({})", self.arn())
    }
}

impl TaskDefinition {
    /// Its ARN, that of the original for a copy which is not registered yet.
    #[must_use]
    pub fn arn(&self) -> &str {
        self.sdk.task_definition_arn().unwrap_or_default()
    }

    /// Its family.
    #[must_use]
    pub fn family(&self) -> &str {
        self.sdk.family().unwrap_or_default()
    }

    /// Its number within the family.
    #[must_use]
    pub fn revision(&self) -> i32 {
        self.sdk.revision()
    }

    /// Whether it was not deregistered: ECS takes no other.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.sdk.status() == Some(&sdk::TaskDefinitionStatus::Active)
    }

    /// The image of a container.
    #[must_use]
    pub fn image(&self, container: &str) -> Option<&str> {
        self.container(container)?.image()
    }

    /// A copy with another image in a container.
    pub fn with_image(&self, container: &str, image: &str) -> anyhow::Result<Self> {
        let mut copy = self.clone();
        let containers = copy.sdk.container_definitions.iter_mut().flatten();
        let found = containers.into_iter().find(|definition| definition.name() == Some(container));
        let Some(found) = found else {
            let names: Vec<_> = self.sdk.container_definitions().iter().filter_map(|c| c.name()).collect();
            bail!(
                "the task definition {} has no container {container}, only {}: set service.container in delivery.toml",
                self.arn(),
                names.join(" and "),
            );
        };
        found.image = Some(image.to_owned());
        Ok(copy)
    }

    /// Whether the other one would run the same tasks: everything that is registered is the same.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        difference::registered(&self.sdk) == difference::registered(&other.sdk)
    }

    /// In what the other one differs, for people: names, and images, but never a value.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        difference::between(&self.sdk, &other.sdk)
    }

    /// What has to be there for its tasks to start.
    #[must_use]
    pub fn needs(&self) -> Needs {
        let mut roles: Vec<String> = [self.sdk.task_role_arn(), self.sdk.execution_role_arn()]
            .into_iter()
            .flatten()
            .filter(|role| !role.is_empty())
            .map(str::to_owned)
            .collect();
        roles.sort();
        roles.dedup();
        let containers = self.sdk.container_definitions().iter();
        let secrets = containers.flat_map(|container| {
            let logs = container.log_configuration().map(sdk::LogConfiguration::secret_options).unwrap_or_default();
            container.secrets().iter().chain(logs)
        });
        let secrets = secrets.map(|secret| (secret.name().to_owned(), secret.value_from().to_owned()));
        Needs { roles, secrets: secrets.collect(), alarms: Vec::new() }
    }

    /// The variables of all containers, with values that nobody may see.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        let variables = self.sdk.container_definitions().iter().flat_map(sdk::ContainerDefinition::environment);
        variables.filter_map(|pair| Some((pair.name()?, pair.value()?)))
    }

    /// Where a container of a task writes to, when that is CloudWatch.
    #[must_use]
    pub fn log_of(&self, container: &str, task_id: &str) -> Option<LogPlace> {
        let logs = self.container(container)?.log_configuration()?;
        if logs.log_driver() != &sdk::LogDriver::Awslogs {
            return None;
        }
        let options = logs.options()?;
        let prefix = options.get("awslogs-stream-prefix")?;
        Some(LogPlace {
            group: options.get("awslogs-group")?.clone(),
            stream: format!("{prefix}/{container}/{task_id}"),
            region: options.get("awslogs-region").cloned(),
        })
    }

    fn container(&self, name: &str) -> Option<&sdk::ContainerDefinition> {
        self.sdk.container_definitions().iter().find(|container| container.name() == Some(name))
    }

    /// Everything that is registered, as the call takes it.
    fn registration(&self) -> RegisterTaskDefinitionInputBuilder {
        let sdk = self.sdk.clone();
        RegisterTaskDefinitionInput::builder()
            .set_family(sdk.family)
            .set_task_role_arn(sdk.task_role_arn)
            .set_execution_role_arn(sdk.execution_role_arn)
            .set_network_mode(sdk.network_mode)
            .set_container_definitions(sdk.container_definitions)
            .set_volumes(sdk.volumes)
            .set_placement_constraints(sdk.placement_constraints)
            .set_requires_compatibilities(sdk.requires_compatibilities)
            .set_cpu(sdk.cpu)
            .set_memory(sdk.memory)
            // ECS refuses an empty list.
            .set_tags(Some(self.tags.clone()).filter(|tags| !tags.is_empty()))
            .set_pid_mode(sdk.pid_mode)
            .set_ipc_mode(sdk.ipc_mode)
            .set_proxy_configuration(sdk.proxy_configuration)
            .set_ephemeral_storage(sdk.ephemeral_storage)
            .set_runtime_platform(sdk.runtime_platform)
            .set_enable_fault_injection(sdk.enable_fault_injection)
    }
}

impl Clients {
    /// A task definition, active or not.
    pub async fn task_definition(&self, arn: &str) -> anyhow::Result<TaskDefinition> {
        let what = || format!("failed to describe the task definition {arn}");
        let call = self.ecs.describe_task_definition().task_definition(arn).include(sdk::TaskDefinitionField::Tags);
        let answer = call.send().await.map_err(failed).with_context(what)?;
        let found = answer.task_definition.with_context(|| format!("{}: none was in the answer", what()))?;
        Ok(TaskDefinition { sdk: found, tags: answer.tags.unwrap_or_default() })
    }

    /// The ARNs of the active revisions of a family, the newest first, so many at the most.
    pub async fn definitions_of(&self, family: &str, most: usize) -> anyhow::Result<Vec<String>> {
        let what = || format!("failed to list the task definitions of {family}");
        let mut arns = Vec::new();
        let mut page = None;
        while arns.len() < most {
            let call = self
                .ecs
                .list_task_definitions()
                .family_prefix(family)
                .status(sdk::TaskDefinitionStatus::Active)
                .sort(sdk::SortOrder::Desc)
                .max_results(i32::try_from(most.clamp(1, 100)).unwrap_or(100))
                .set_next_token(page);
            let answer = call.send().await.map_err(failed).with_context(what)?;
            // ECS takes the family for a prefix in some places: another family may begin like this one.
            let of_it = |arn: &&String| family_of(arn) == family;
            arns.extend(answer.task_definition_arns().iter().filter(of_it).cloned());
            page = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if page.is_none() {
                break;
            }
        }
        arns.truncate(most);
        Ok(arns)
    }

    /// Registers a copy as the next revision of its family.
    pub async fn register(&self, definition: &TaskDefinition) -> anyhow::Result<TaskDefinition> {
        let what = || format!("failed to register a task definition of {}", definition.family());
        let answer = definition.registration().send_with(&self.ecs).await.map_err(failed).with_context(what)?;
        let found = answer.task_definition.with_context(|| format!("{}: none was in the answer", what()))?;
        Ok(TaskDefinition { sdk: found, tags: answer.tags.unwrap_or_default() })
    }
}

/// The family in an ARN of a task definition.
fn family_of(arn: &str) -> &str {
    let name = super::last_part(arn);
    name.rsplit_once(':').map_or(name, |(family, _)| family)
}
