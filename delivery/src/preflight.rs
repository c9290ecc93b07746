//! What a release will need and what must be quiet, looked at before anything is touched: roles,
//! secrets, parameters, alarms.
//!
//! ECS finds out too late: a missing secret is a task that cannot start, an alarm that rings already
//! is one that it does not obey. All checks run, and everything that is wrong is said at once.

pub(crate) mod balanced;
mod needs;

use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;

use crate::aws::Clients;
use crate::aws::signed::Refusal;
use crate::exit::Ending;

pub use needs::Needs;
use needs::Source;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What is wrong, each with what to do.
    pub wrong: Vec<String>,
    /// What the credentials may not look at.
    pub unseen: Vec<String>,
    /// What could not be looked at for another reason.
    pub unknown: Vec<String>,
    /// How many things were looked at.
    pub looked_at: usize,
}

impl Findings {
    /// The verdict: what to warn of, or why not to go on. What is wrong refuses; what could not be
    /// seen is no pass either, unless the settings allow what credentials may not look at.
    pub fn judge(self, allow_unseen: bool) -> Result<Vec<String>, Ending> {
        let Self { wrong, unseen, unknown, .. } = self;
        if !wrong.is_empty() {
            return Err(Ending::Refused(wrong));
        }
        if !unknown.is_empty() || !unseen.is_empty() && !allow_unseen {
            let hint = if unseen.is_empty() { "" } else { "; grant it, or set preflight.allow_unseen = true" };
            let reasons: Vec<_> = unknown.into_iter().chain(unseen).collect();
            return Err(Ending::CouldNotTell(format!("{}{hint}", reasons.join("; "))));
        }
        Ok(unseen)
    }

    fn join(mut self, other: Self) -> Self {
        self.wrong.extend(other.wrong);
        self.unseen.extend(other.unseen);
        self.unknown.extend(other.unknown);
        self.looked_at += other.looked_at;
        self
    }

    /// Notes why something could not be looked at.
    fn blind(&mut self, what: &str, error: &anyhow::Error) {
        let denied = error.downcast_ref::<Refusal>().is_some_and(Refusal::is_denied);
        let text = format!("{what} could not be looked at: {error:#}");
        if denied { self.unseen.push(text) } else { self.unknown.push(text) }
    }
}

impl Needs {
    /// Looks at everything, at the same time. Nothing is read that is secret.
    pub async fn look(&self, clients: &Clients) -> Findings {
        let (roles, secrets, parameters, alarms) =
            tokio::join!(self.roles(clients), self.secrets(clients), self.parameters(clients), self.alarms(clients));
        roles.join(secrets).join(parameters).join(alarms)
    }

    async fn roles(&self, clients: &Clients) -> Findings {
        let mut findings = Findings::default();
        for role in &self.roles {
            findings.looked_at += 1;
            match clients.role_exists(role).await {
                Ok(true) => {}
                Ok(false) => findings
                    .wrong
                    .push(format!("the role {role} of the task definition does not exist: create it, or name another")),
                Err(error) => findings.blind(&format!("the role {role}"), &error),
            }
        }
        findings
    }

    async fn secrets(&self, clients: &Clients) -> Findings {
        let mut findings = Findings::default();
        for (variables, id) in self.by_source(|source| match source {
            Source::Secret { id } => Some(id),
            Source::Parameter { .. } => None,
        }) {
            findings.looked_at += 1;
            let why = match secret_state(clients, &id).await {
                Ok(State::There) => continue,
                Ok(State::Missing) => "does not exist: create it",
                Ok(State::Deleted) => "is being deleted: restore it",
                Err(error) => {
                    findings.blind(&format!("the secret {id} for {variables}"), &error);
                    continue;
                }
            };
            findings.wrong.push(format!("the secret {id} for {variables} {why}"));
        }
        findings
    }

    async fn parameters(&self, clients: &Clients) -> Findings {
        let mut findings = Findings::default();
        let asked = self.by_source(|source| match source {
            Source::Parameter { name } => Some(name),
            Source::Secret { .. } => None,
        });
        if asked.is_empty() {
            return findings;
        }
        findings.looked_at = asked.len();
        let names: Vec<_> = asked.iter().flat_map(|(_, name)| needs::spellings(name)).collect();
        match clients.parameters_that_exist(&names).await {
            Ok(there) => {
                let missing = |name: &String| !needs::spellings(name).iter().any(|name| there.contains(name));
                for (variables, name) in asked.into_iter().filter(|(_, name)| missing(name)) {
                    findings.wrong.push(format!("the parameter {name} for {variables} does not exist: create it"));
                }
            }
            Err(error) => {
                let what = asked.into_iter().map(|(_, name)| name).collect::<Vec<_>>().join(", ");
                findings.blind(&format!("the parameters {what}"), &error);
            }
        }
        findings
    }

    async fn alarms(&self, clients: &Clients) -> Findings {
        let mut findings = Findings { looked_at: self.alarms.len(), ..Findings::default() };
        if self.alarms.is_empty() {
            return findings;
        }
        match clients.alarm_states(&self.alarms).await {
            Ok(states) => {
                for alarm in &self.alarms {
                    match states.get(alarm).map(String::as_str) {
                        None => findings.wrong.push(format!(
                            "the alarm {alarm} does not exist: create it, or take it out of the settings and the service"
                        )),
                        Some("ALARM") => findings.wrong.push(format!(
                            "the alarm {alarm} rings already, and ECS would not obey it: find out why first"
                        )),
                        Some(_) => {}
                    }
                }
            }
            Err(error) => findings.blind(&format!("the alarms {}", self.alarms.join(", ")), &error),
        }
        findings
    }
}

enum State {
    There,
    Missing,
    Deleted,
}

/// Whether a secret is there; what it holds is not asked for.
async fn secret_state(clients: &Clients, id: &str) -> anyhow::Result<State> {
    match clients.secrets.describe_secret().secret_id(id).send().await {
        Ok(secret) if secret.deleted_date().is_some() => Ok(State::Deleted),
        Ok(_) => Ok(State::There),
        Err(error) => match error.as_service_error() {
            Some(refused) if refused.is_resource_not_found_exception() => Ok(State::Missing),
            Some(refused) => {
                let code = refused.code().unwrap_or("an error without a code").to_owned();
                Err(Refusal { code, message: refused.message().unwrap_or_default().to_owned() }.into())
            }
            None => Err(error.into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit;

    fn findings(wrong: &[&str], unseen: &[&str], unknown: &[&str]) -> Findings {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Findings { wrong: owned(wrong), unseen: owned(unseen), unknown: owned(unknown), looked_at: 1 }
    }

    #[test]
    fn what_could_not_be_seen_is_no_pass_unless_that_is_allowed() {
        for (findings, allowed, expected) in [
            (findings(&[], &[], &[]), false, None),
            (findings(&["a"], &["b"], &["c"]), true, Some(exit::REFUSED)),
            (findings(&[], &["b"], &[]), false, Some(exit::COULD_NOT_TELL)),
            (findings(&[], &["b"], &[]), true, None),
            (findings(&[], &[], &["c"]), true, Some(exit::COULD_NOT_TELL)),
        ] {
            assert_eq!(findings.clone().judge(allowed).err().map(|ending| ending.code()), expected, "{findings:?}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let ending = findings(&["no role", "no secret"], &[], &[]).judge(false).expect_err("it is refused");
        assert_eq!(ending, Ending::Refused(vec!["no role".to_owned(), "no secret".to_owned()]));
    }
}
