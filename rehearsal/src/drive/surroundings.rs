//! What a command of a rehearsal gets in its environment: the cloud here, and nothing that leads to
//! another one.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::command::Surroundings;
use super::place::Place;

/// Variables that may not come through, by how their names begin: credentials and profiles of a real
/// cloud, settings of a real deployment, what tells of a run of Actions, and the user's own git.
const WITHOUT: [&str; 12] = [
    "AWS_",
    "SLIPWAY_",
    "GITHUB_",
    "RUNNER_",
    "GIT_",
    "IMAGE_TAG",
    "DEPLOY_ENVIRONMENT",
    "ROLLBACK_TO",
    "DATABASE_URL",
    "REHEARSAL_",
    "API_TOKEN",
    "CARGO_TERM_",
];

/// The surroundings of commands that are pointed at this cloud.
pub(crate) fn surroundings(
    cloud: &BTreeMap<String, String>,
    urls: &BTreeMap<Place, String>,
    test_urls: &BTreeMap<Place, String>,
    tokens: &BTreeMap<Place, String>,
    git: Vec<(&'static str, OsString)>,
    summary: &Path,
) -> Surroundings {
    let mut with: Vec<(OsString, OsString)> =
        cloud.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
    for (kind, values) in [("BASE_URL", urls), ("TEST_URL", test_urls), ("API_TOKEN", tokens)] {
        for (place, value) in values {
            let name = format!("SLIPWAY_{}_{kind}", place.name().to_uppercase());
            with.push((name.into(), value.into()));
        }
    }
    with.extend(git.into_iter().map(|(name, value)| (name.into(), value)));
    with.push(("GITHUB_STEP_SUMMARY".into(), summary.into()));
    for (name, value) in [
        ("NO_COLOR", "1"),
        ("CARGO_TERM_COLOR", "never"),
        // All that is asked for is on this machine, whatever stands between it and the rest.
        ("NO_PROXY", "127.0.0.1,localhost"),
        ("no_proxy", "127.0.0.1,localhost"),
    ] {
        with.push((name.into(), value.into()));
    }
    Surroundings { without: &WITHOUT, with }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_pointed_at_the_cloud_here_and_at_no_other() {
        let cloud = BTreeMap::from([("AWS_ENDPOINT_URL".to_owned(), "http://127.0.0.1:1".to_owned())]);
        let urls = BTreeMap::from([(Place::Staging, "http://127.0.0.1:2".to_owned())]);
        let test_urls = BTreeMap::from([(Place::Staging, "http://127.0.0.1:3".to_owned())]);
        let tokens = BTreeMap::from([(Place::Production, "a token".to_owned())]);
        let git = vec![("GIT_DIR", "/git".into())];
        let surroundings = surroundings(&cloud, &urls, &test_urls, &tokens, git, Path::new("/s.md"));
        let get = |name: &str| {
            let found = surroundings.with.iter().find(|(its, _)| its == name);
            found.map(|(_, value)| value.to_string_lossy().into_owned())
        };
        for (name, value) in [
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("SLIPWAY_STAGING_BASE_URL", "http://127.0.0.1:2"),
            ("SLIPWAY_STAGING_TEST_URL", "http://127.0.0.1:3"),
            ("SLIPWAY_PRODUCTION_API_TOKEN", "a token"),
            ("GIT_DIR", "/git"),
            ("GITHUB_STEP_SUMMARY", "/s.md"),
        ] {
            assert_eq!(get(name).as_deref(), Some(value), "{name}");
        }
        for name in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_ECS", "GITHUB_ACTIONS", "DATABASE_URL"] {
            assert!(surroundings.without.iter().any(|start| name.starts_with(start)), "{name} comes through");
        }
    }
}
