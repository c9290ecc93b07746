//! What a task definition and a service lean on.

use std::collections::BTreeMap;

/// What has to be there, and what has to be quiet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The ARNs of the roles.
    pub roles: Vec<String>,
    /// The variables that get secrets, and where from: an ARN of Secrets Manager or of Parameter
    /// Store, or a parameter's name.
    pub secrets: Vec<(String, String)>,
    /// The names of the alarms.
    pub alarms: Vec<String>,
}

/// Where a variable's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Secret { id: String },
    Parameter { name: String },
}

impl Source {
    /// Reads `valueFrom` of a task definition.
    fn of(value_from: &str) -> Self {
        let parts: Vec<&str> = value_from.split(':').collect();
        match parts.as_slice() {
            // ARN:JSON-KEY:VERSION-STAGE:VERSION-ID has more parts than the ARN.
            ["arn", _, "secretsmanager", _, _, "secret", _, ..] => Self::Secret { id: parts[..7].join(":") },
            ["arn", _, "ssm", _, _, resource, ..] => {
                Self::Parameter { name: resource.strip_prefix("parameter").unwrap_or(resource).to_owned() }
            }
            _ => Self::Parameter { name: value_from.to_owned() },
        }
    }
}

/// The names that a parameter may have: in an ARN `/name` may be `name` or `/name`.
pub(super) fn spellings(name: &str) -> Vec<String> {
    match name.strip_prefix('/') {
        Some(plain) if !plain.contains('/') => vec![name.to_owned(), plain.to_owned()],
        _ => vec![name.to_owned()],
    }
}

impl Needs {
    /// The sources of a kind, each with the variables that it is for.
    pub(super) fn by_source(&self, of_kind: impl Fn(Source) -> Option<String>) -> Vec<(String, String)> {
        let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (variable, value_from) in &self.secrets {
            if let Some(id) = of_kind(Source::of(value_from)) {
                found.entry(id).or_default().push(variable);
            }
        }
        found.into_iter().map(|(id, variables)| (variables.join(" and "), id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_from_every_way_to_write_it() {
        let arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:myapp/url-AbCdEf";
        let secret = Source::Secret { id: arn.to_owned() };
        let parameter = |name: &str| Source::Parameter { name: name.to_owned() };
        for (value_from, expected) in [
            (arn, secret.clone()),
            (&format!("{arn}:password::"), secret.clone()),
            (&format!("{arn}:::some-id"), secret.clone()),
            ("arn:aws-cn:ssm:cn-north-1:123456789012:parameter/myapp/url", parameter("/myapp/url")),
            ("/myapp/url", parameter("/myapp/url")),
            ("url", parameter("url")),
        ] {
            assert_eq!(Source::of(value_from), expected, "{value_from}");
        }
    }

    #[test]
    fn a_parameter_of_one_word_may_have_a_slash_or_none() {
        assert_eq!(spellings("/url"), ["/url", "url"]);
        assert_eq!(spellings("/myapp/url"), ["/myapp/url"]);
        assert_eq!(spellings("url"), ["url"]);
    }

    #[test]
    fn a_secret_for_two_variables_is_looked_at_once() {
        let secrets = [("A", "x"), ("B", "y"), ("C", "x")].map(|(one, two)| (one.to_owned(), two.to_owned()));
        let needs = Needs { secrets: secrets.into(), ..Needs::default() };
        let found = needs.by_source(|source| match source {
            Source::Parameter { name } => Some(name),
            Source::Secret { .. } => None,
        });
        let expected = [("A and C", "x"), ("B", "y")].map(|(one, two)| (one.to_owned(), two.to_owned()));
        assert_eq!(found, expected);
    }
}
