//! What a container runs, in which environment: the image's word, the task definition's, and ours.

use std::collections::BTreeMap;

use crate::registry::Configuration;
use crate::world::Launch;

/// The variable in an image's environment that makes it a placeholder: what a service runs before
/// its first deployment. The program in its place is this one, `rehearsal placeholder`.
pub const PLACEHOLDER: &str = "REHEARSAL_PLACEHOLDER";

/// What is run: the program and its arguments.
pub(super) fn arguments(launch: &Launch, image: &Configuration) -> Vec<String> {
    let entry_point = launch.entry_point.as_ref().unwrap_or(&image.entrypoint);
    // As engines have it: whoever replaces the entrypoint does not mean the image's command.
    let command = match (&launch.command, &launch.entry_point) {
        (Some(command), _) => command.as_slice(),
        (None, Some(_)) => &[],
        (None, None) => &image.cmd,
    };
    entry_point.iter().chain(command).cloned().collect()
}

/// The environment: the image's, then the task definition's, then what only the runtime can know.
pub(super) fn environment(
    launch: &Launch,
    image: &Configuration,
    ours: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut environment: BTreeMap<String, String> = image
        .env
        .iter()
        .map(|entry| entry.split_once('=').unwrap_or((entry, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    environment.extend(launch.environment.clone());
    environment.extend(ours);
    environment
}

pub(super) fn is_placeholder(image: &Configuration) -> bool {
    image.env.iter().any(|entry| entry.split('=').next() == Some(PLACEHOLDER))
}

/// The user and the group of an image's `User`, when they are numbers and not root's.
pub(super) fn account(user: &str) -> Option<(u32, u32)> {
    let (user, group) = user.split_once(':').unwrap_or((user, ""));
    let user: u32 = user.parse().ok().filter(|user| *user != 0)?;
    Some((user, group.parse().ok().filter(|group| *group != 0).unwrap_or(user)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::process::tests::launch;

    fn image() -> Configuration {
        Configuration {
            env: vec!["PATH=/bin".to_owned(), "A=image".to_owned(), "B=image=too".to_owned()],
            entrypoint: vec!["/app".to_owned()],
            cmd: vec!["serve".to_owned()],
            ..Configuration::default()
        }
    }

    #[test]
    fn the_program_is_decided_as_engines_do() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let cases = [
            (None, None, "/app serve"),
            (None, Some("migrate up"), "/app migrate up"),
            (Some("/bin/sh -c"), None, "/bin/sh -c"),
            (Some("/bin/sh -c"), Some("true"), "/bin/sh -c true"),
            (None, Some(""), "/app"),
        ];
        for (entry_point, command, expected) in cases {
            let mut launch = launch("task");
            launch.entry_point = entry_point.map(words);
            launch.command = command.map(words);
            assert_eq!(arguments(&launch, &image()), words(expected));
        }
    }

    #[test]
    fn the_task_definition_overrides_the_image_and_the_runtime_both() {
        let mut launch = launch("task");
        launch.environment = [("A", "task"), ("C", "task")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let ours = [("C".to_owned(), "ours".to_owned())].into();
        let seen = environment(&launch, &image(), ours);
        let expected = [("A", "task"), ("B", "image=too"), ("C", "ours"), ("PATH", "/bin")];
        assert_eq!(seen, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    }

    #[test]
    fn only_numbers_of_others_than_root_are_an_account() {
        let cases = [
            ("65532:65532", Some((65532, 65532))),
            ("1000", Some((1000, 1000))),
            ("1000:0", Some((1000, 1000))),
            ("0:0", None),
            ("root", None),
            ("app", None),
            ("", None),
        ];
        for (user, expected) in cases {
            assert_eq!(account(user), expected, "{user}");
        }
    }
}
