//! Secrets Manager: secrets with their versions, and the stages that point at them.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The stage that a value is read from unless another is named.
pub(crate) const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

/// The secrets of an account.
#[derive(Debug, Default)]
pub(crate) struct Secrets(BTreeMap<String, Secret>);

/// A secret.
#[derive(Debug)]
pub(crate) struct Secret {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) description: Option<String>,
    pub(crate) created_at: Timestamp,
    /// When it will be gone, once somebody deleted it.
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) versions: Vec<Version>,
}

/// A version of a secret.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) id: String,
    pub(crate) value: Content,
    pub(crate) stages: Vec<String>,
    pub(crate) created_at: Timestamp,
}

/// What a version holds: text, or bytes as they are sent, in base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Text(String),
    Binary(String),
}

/// The token of a version was used for another value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TokenTaken;

impl Secrets {
    /// Finds a secret by its name, its ARN, or its ARN without the six characters at the end.
    pub(crate) fn find(&self, id: &str) -> Option<&Secret> {
        let named =
            |secret: &&Secret| secret.name == id || secret.arn == id || secret.arn[..secret.arn.len() - 7] == *id;
        self.0.values().find(named)
    }

    /// The same, to change it.
    pub(crate) fn find_mut(&mut self, id: &str) -> Option<&mut Secret> {
        let name = self.find(id)?.name.clone();
        self.0.get_mut(&name)
    }

    /// Adds a secret.
    pub(crate) fn insert(&mut self, secret: Secret) {
        self.0.insert(secret.name.clone(), secret);
    }

    /// Removes a secret.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The value behind a container's `valueFrom`: the ARN, then `:JSON-KEY:STAGE:VERSION`, of which
    /// each may be empty. The error is what Secrets Manager or the agent says.
    pub(crate) fn value_from(&self, value_from: &str) -> Result<String, String> {
        let mut parts: Vec<&str> = value_from.splitn(10, ':').collect();
        let selectors = parts.split_off(parts.len().min(7));
        let selector = |index: usize| selectors.get(index).copied().filter(|text| !text.is_empty());
        let arn = parts.join(":");
        let failed = |what: &str| format!("failed to fetch secret {arn} from secrets manager: {what}");
        let secret = self
            .find(&arn)
            .ok_or_else(|| failed("ResourceNotFoundException: Secrets Manager can't find the specified secret."))?;
        if secret.deleted_at.is_some() {
            return Err(failed("InvalidRequestException: the secret was marked for deletion."));
        }
        let version = secret.version(selector(2), selector(1)).ok_or_else(|| {
            failed("ResourceNotFoundException: Secrets Manager can't find the specified secret value.")
        })?;
        let Content::Text(text) = &version.value else {
            return Err(failed("the secret holds no text"));
        };
        let Some(key) = selector(0) else { return Ok(text.clone()) };
        let document: serde_json::Value = serde_json::from_str(text)
            .map_err(|_| "retrieved secret from Secrets Manager is not a JSON object".to_owned())?;
        match document.get(key) {
            Some(serde_json::Value::String(value)) => Ok(value.clone()),
            Some(other) => Ok(other.to_string()),
            None => Err(format!("retrieved secret from Secrets Manager did not contain json key {key}")),
        }
    }
}

impl Secret {
    /// The version with this id and this stage; of neither, the current one.
    pub(crate) fn version(&self, id: Option<&str>, stage: Option<&str>) -> Option<&Version> {
        let stage = if id.is_none() { stage.or(Some(CURRENT)) } else { stage };
        let fits = |version: &&Version| {
            id.is_none_or(|id| version.id == id)
                && stage.is_none_or(|stage| version.stages.iter().any(|one| one == stage))
        };
        self.versions.iter().find(fits)
    }

    /// Adds a version, and moves the stages to it. The same token with the same value changes nothing.
    pub(crate) fn put(&mut self, id: &str, value: Content, stages: &[String], at: Timestamp) -> Result<(), TokenTaken> {
        if let Some(known) = self.versions.iter().find(|version| version.id == id) {
            return if known.value == value { Ok(()) } else { Err(TokenTaken) };
        }
        let is_current = stages.iter().any(|stage| stage == CURRENT);
        for version in &mut self.versions {
            let was_current = version.stages.iter().any(|stage| stage == CURRENT);
            let moves = |stage: &String| stages.contains(stage) || (is_current && stage == PREVIOUS);
            version.stages.retain(|stage| !moves(stage));
            if is_current && was_current {
                version.stages.push(PREVIOUS.to_owned());
            }
        }
        self.versions.push(Version { id: id.to_owned(), value, stages: stages.to_vec(), created_at: at });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:myapp/url-AbCdEf";

    fn secrets() -> Secrets {
        let mut secret = Secret {
            name: "myapp/url".to_owned(),
            arn: ARN.to_owned(),
            description: None,
            created_at: Timestamp::UNIX_EPOCH,
            deleted_at: None,
            versions: Vec::new(),
        };
        for (id, value) in [("v1", r#"{"url":"one","port":5432}"#), ("v2", r#"{"url":"two"}"#), ("v3", "text")] {
            let value = Content::Text(value.to_owned());
            secret.put(id, value, &[CURRENT.to_owned()], Timestamp::UNIX_EPOCH).expect("another token");
        }
        let mut secrets = Secrets::default();
        secrets.insert(secret);
        secrets
    }

    #[test]
    fn value_from_names_a_secret_a_key_a_stage_and_a_version() {
        let secrets = secrets();
        let cases = [
            (ARN.to_owned(), Ok("text")),
            (ARN[..ARN.len() - 7].to_owned(), Ok("text")),
            (format!("{ARN}:url:AWSPREVIOUS:"), Ok("two")),
            (format!("{ARN}:url::v1"), Ok("one")),
            (format!("{ARN}:port::v1"), Ok("5432")),
            (format!("{ARN}:::v2"), Ok(r#"{"url":"two"}"#)),
            (format!("{ARN}:nothing::v1"), Err("did not contain json key nothing")),
            (format!("{ARN}:url::"), Err("is not a JSON object")),
            (format!("{ARN}::AWSPENDING:"), Err("can't find the specified secret value")),
            (format!("{ARN}:::v9"), Err("can't find the specified secret value")),
            (ARN.replace("url", "other"), Err("ResourceNotFoundException")),
            (String::new(), Err("ResourceNotFoundException")),
        ];
        for (value_from, expected) in cases {
            match (secrets.value_from(&value_from), expected) {
                (Ok(value), Ok(expected)) => assert_eq!(value, expected, "{value_from}"),
                (Err(error), Err(expected)) => assert!(error.contains(expected), "{value_from}: {error}"),
                (found, _) => panic!("{value_from}: {found:?}"),
            }
        }
    }

    #[test]
    fn stages_move_to_the_new_version_and_a_token_is_used_once() {
        let mut secrets = secrets();
        let secret = secrets.find_mut("myapp/url").expect("the secret");
        let stages: Vec<_> = secret.versions.iter().map(|version| version.stages.clone()).collect();
        assert_eq!(stages, [vec![], vec![PREVIOUS.to_owned()], vec![CURRENT.to_owned()]]);
        let again = |value: &str| Content::Text(value.to_owned());
        let current = [CURRENT.to_owned()];
        assert_eq!(secret.put("v3", again("text"), &current, Timestamp::UNIX_EPOCH), Ok(()));
        assert_eq!(secret.put("v3", again("other"), &current, Timestamp::UNIX_EPOCH), Err(TokenTaken));
        assert_eq!(secret.versions.len(), 3);
    }
}
