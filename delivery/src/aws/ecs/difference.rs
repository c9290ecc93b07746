//! What two task definitions differ in, without a value that could be secret.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types as sdk;

/// A definition without what registering it adds, and with what has no order in order.
pub(super) fn registered(definition: &sdk::TaskDefinition) -> sdk::TaskDefinition {
    let mut definition = definition.clone();
    definition.task_definition_arn = None;
    definition.revision = 0;
    definition.status = None;
    definition.requires_attributes = None;
    definition.compatibilities = None;
    definition.registered_at = None;
    definition.deregistered_at = None;
    definition.delete_requested_at = None;
    definition.registered_by = None;
    definition.volumes = definition.volumes.filter(|volumes| !volumes.is_empty());
    definition.placement_constraints = definition.placement_constraints.filter(|constraints| !constraints.is_empty());
    definition.container_definitions = Some(definition.container_definitions().iter().map(in_order).collect());
    definition
}

fn in_order(container: &sdk::ContainerDefinition) -> sdk::ContainerDefinition {
    let mut container = container.clone();
    if let Some(environment) = &mut container.environment {
        environment.sort_by(|one, other| one.name().cmp(&other.name()));
    }
    if let Some(secrets) = &mut container.secrets {
        secrets.sort_by(|one, other| one.name().cmp(other.name()));
    }
    container.environment = container.environment.filter(|environment| !environment.is_empty());
    container.secrets = container.secrets.filter(|secrets| !secrets.is_empty());
    container.mount_points = container.mount_points.filter(|mounts| !mounts.is_empty());
    container.volumes_from = container.volumes_from.filter(|volumes| !volumes.is_empty());
    container.system_controls = container.system_controls.filter(|controls| !controls.is_empty());
    container
}

/// The names of the fields in which two values differ.
macro_rules! unlike {
    ($one:ident, $other:ident: $($field:ident)*) => {
        [$((stringify!($field), $one.$field != $other.$field)),*]
            .into_iter()
            .filter_map(|(name, differs)| differs.then(|| name.replace('_', " ")))
    };
}

/// The differences, a line each.
pub(super) fn between(one: &sdk::TaskDefinition, other: &sdk::TaskDefinition) -> Vec<String> {
    let (one, other) = (registered(one), registered(other));
    let mut lines = Vec::new();
    for (what, from, to) in [
        ("cpu", one.cpu(), other.cpu()),
        ("memory", one.memory(), other.memory()),
        ("family", one.family(), other.family()),
        ("task role", one.task_role_arn(), other.task_role_arn()),
        ("execution role", one.execution_role_arn(), other.execution_role_arn()),
    ] {
        if from != to {
            lines.push(format!("{what}: {} -> {}", from.unwrap_or("none"), to.unwrap_or("none")));
        }
    }
    let rest = unlike!(one, other: network_mode volumes placement_constraints runtime_platform
        requires_compatibilities pid_mode ipc_mode proxy_configuration
        ephemeral_storage enable_fault_injection);
    lines.extend(rest.map(|field| format!("{field} changes")));
    let by_name = |definition: &sdk::TaskDefinition| -> BTreeMap<String, sdk::ContainerDefinition> {
        let containers = definition.container_definitions().iter();
        containers.map(|container| (container.name().unwrap_or_default().to_owned(), container.clone())).collect()
    };
    let (old, new) = (by_name(&one), by_name(&other));
    for name in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => containers(name, old, new, &mut lines),
            (None, _) => lines.push(format!("container {name} is new")),
            (_, None) => lines.push(format!("container {name} is gone")),
        }
    }
    lines
}

fn containers(name: &str, one: &sdk::ContainerDefinition, other: &sdk::ContainerDefinition, lines: &mut Vec<String>) {
    if one.image() != other.image() {
        let (from, to) = (one.image().unwrap_or("none"), other.image().unwrap_or("none"));
        lines.push(format!("container {name}: image: {from} -> {to}"));
    }
    let variables = |container: &sdk::ContainerDefinition| -> BTreeMap<String, Option<String>> {
        let variables = container.environment().iter();
        variables.map(|pair| (pair.name().unwrap_or_default().to_owned(), pair.value().map(str::to_owned))).collect()
    };
    names(name, "variable", &variables(one), &variables(other), lines);
    let secrets = |container: &sdk::ContainerDefinition| -> BTreeMap<String, Option<String>> {
        let secrets = container.secrets().iter();
        secrets.map(|secret| (secret.name().to_owned(), Some(secret.value_from().to_owned()))).collect()
    };
    names(name, "secret", &secrets(one), &secrets(other), lines);
    let rest = unlike!(one, other: repository_credentials cpu memory memory_reservation links port_mappings
        essential restart_policy entry_point command environment_files mount_points volumes_from
        linux_parameters depends_on start_timeout stop_timeout version_consistency hostname user
        working_directory disable_networking privileged readonly_root_filesystem dns_servers
        dns_search_domains extra_hosts docker_security_options interactive pseudo_terminal docker_labels
        ulimits log_configuration health_check system_controls resource_requirements
        firelens_configuration credential_specs);
    lines.extend(rest.map(|field| format!("container {name}: {field} changes")));
}

/// What became of names, never of their values.
fn names(
    container: &str,
    kind: &str,
    old: &BTreeMap<String, Option<String>>,
    new: &BTreeMap<String, Option<String>>,
    lines: &mut Vec<String>,
) {
    for name in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let what = match (old.get(name), new.get(name)) {
            (None, _) => "is new",
            (_, None) => "is gone",
            (one, other) if one != other => "changes",
            _ => continue,
        };
        lines.push(format!("container {container}: {kind} {name} {what}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(revision: i32, container: sdk::ContainerDefinition) -> sdk::TaskDefinition {
        sdk::TaskDefinition::builder()
            .task_definition_arn(format!("arn:aws:ecs:r:a:task-definition/myapp:{revision}"))
            .revision(revision)
            .family("myapp")
            .cpu("256")
            .container_definitions(container)
            .build()
    }

    fn container(image: &str, variables: &[(&str, &str)]) -> sdk::ContainerDefinition {
        let pair = |(name, value): &(&str, &str)| sdk::KeyValuePair::builder().name(*name).value(*value).build();
        let builder = sdk::ContainerDefinition::builder().name("app").image(image);
        builder.set_environment(Some(variables.iter().map(pair).collect())).build()
    }

    #[test]
    fn what_registering_adds_and_the_order_of_variables_are_no_difference() {
        let one = definition(1, container("a", &[("A", "1"), ("B", "2")]));
        let other = definition(2, container("a", &[("B", "2"), ("A", "1")]));
        assert_eq!(registered(&one), registered(&other));
        assert_eq!(between(&one, &other), Vec::<String>::new());
    }

    #[test]
    fn differences_name_variables_and_secrets_and_never_say_what_is_in_them() {
        let secret =
            |name: &str, from: &str| sdk::Secret::builder().name(name).value_from(from).build().expect("whole");
        let mut old = container("myapp@sha256:old", &[("GONE", "hunter2"), ("SAME", "1"), ("CHANGED", "hunter3")]);
        old.secrets = Some(vec![secret("DATABASE_URL", "arn:old")]);
        let mut new = container("myapp@sha256:new", &[("NEW", "hunter4"), ("SAME", "1"), ("CHANGED", "hunter5")]);
        new.secrets = Some(vec![secret("DATABASE_URL", "arn:new")]);
        new.stop_timeout = Some(75);
        let (old, mut new) = (definition(1, old), definition(2, new));
        new.cpu = Some("512".to_owned());
        new.network_mode = Some(sdk::NetworkMode::Awsvpc);
        let sidecar = sdk::ContainerDefinition::builder().name("sidecar").build();
        new.container_definitions.as_mut().expect("containers").push(sidecar);
        assert_eq!(
            between(&old, &new),
            [
                "cpu: 256 -> 512",
                "network mode changes",
                "container app: image: myapp@sha256:old -> myapp@sha256:new",
                "container app: variable CHANGED changes",
                "container app: variable GONE is gone",
                "container app: variable NEW is new",
                "container app: secret DATABASE_URL changes",
                "container app: stop timeout changes",
                "container sidecar is new",
            ]
        );
        assert!(between(&new, &old).contains(&"container sidecar is gone".to_owned()));
        assert_ne!(registered(&old), registered(&new));
    }
}
