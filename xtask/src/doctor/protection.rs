//! `doctor --protection`: whether a person has to agree before a job gets an environment of GitHub's.
//!
//! GitHub makes an environment that a workflow names and nobody has made, without any protection. So a
//! workflow asks before it takes the role that the environment stands for.

use std::env;

use xshell::cmd;

use crate::exit::Ending;
use crate::workspace::Workspace;

/// Set by whoever has thought of it, where a plan of GitHub's has no reviewers.
const ACCEPTED: &str = "WITHOUT_REVIEWERS";

/// Asks GitHub; a person's agreement that is not asked for is a refusal.
pub(super) fn run(workspace: &Workspace, environment: &str) -> anyhow::Result<()> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    if variable(ACCEPTED).is_some() {
        println!("{environment} has no reviewers, which the variable {ACCEPTED} says is accepted");
        return Ok(());
    }
    let needed = |name: &str| {
        variable(name).ok_or_else(|| Ending::Usage(format!("{name} is not set: this is for a workflow of GitHub's")))
    };
    let (api, repository) = (needed("GITHUB_API_URL")?, needed("GITHUB_REPOSITORY")?);
    let url = format!("{api}/repos/{repository}/environments/{environment}");
    // By standard input: an argument is for everyone to see.
    let header = format!("header = \"Authorization: Bearer {}\"\n", needed("GITHUB_TOKEN")?);
    let asked = cmd!(
        workspace.sh,
        "curl --config - --silent --show-error --connect-timeout 15 --max-time 60 --header X-GitHub-Api-Version:2022-11-28 --write-out {STATUS} {url}"
    );
    let answer = asked.stdin(header).quiet().read();
    let answer = answer.map_err(|error| Ending::CouldNotTell(format!("GitHub was not reached at {url}: {error}")))?;
    judge(environment, &answer)?;
    println!("{environment} asks a person first");
    Ok(())
}

/// The answer's body, and its status behind it.
const STATUS: &str = "\\n%{http_code}";

fn judge(environment: &str, answer: &str) -> Result<(), Ending> {
    let (body, status) = answer.trim_end().rsplit_once('\n').unwrap_or(("", answer));
    match status {
        "200" if asks_a_person(body) => Ok(()),
        "200" => Err(Ending::Refused(format!(
            "nobody has to agree before a job gets the environment {environment}: add required reviewers to it \
             (Settings, Environments), or set the variable PRODUCTION_WITHOUT_REVIEWERS of the repository when that is \
             accepted"
        ))),
        "404" => Err(Ending::Refused(format!(
            "there is no environment {environment}, and GitHub would make one that protects nothing: make it, with \
             required reviewers (Settings, Environments)"
        ))),
        other => Err(Ending::CouldNotTell(format!(
            "GitHub answered {other} when asked what protects the environment {environment}; the job needs `actions: read`"
        ))),
    }
}

/// Whether a rule of this kind is in the document. A name in it that looks like one has its quotes escaped.
fn asks_a_person(body: &str) -> bool {
    let compact: String = body.split_whitespace().collect();
    compact.contains("\"type\":\"required_reviewers\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{COULD_NOT_TELL, REFUSED};

    #[test]
    fn only_an_environment_that_asks_a_person_will_do() {
        let rule = |kind: &str| format!("{{\"protection_rules\": [{{\"id\": 1,\n \"type\": \"{kind}\"}}]}}\n200");
        let cases = [
            (rule("required_reviewers"), None),
            (rule("branch_policy"), Some(REFUSED)),
            ("{\"protection_rules\":[]}\n200\n".to_owned(), Some(REFUSED)),
            ("{\"name\":\"\\\"type\\\":\\\"required_reviewers\\\"\"}\n200".to_owned(), Some(REFUSED)),
            ("{\"message\":\"Not Found\"}\n404".to_owned(), Some(REFUSED)),
            ("{}\n403".to_owned(), Some(COULD_NOT_TELL)),
            ("\n500".to_owned(), Some(COULD_NOT_TELL)),
            (String::new(), Some(COULD_NOT_TELL)),
        ];
        for (answer, code) in cases {
            assert_eq!(judge("production", &answer).err().map(|ending| ending.code()), code, "{answer}");
        }
    }
}
