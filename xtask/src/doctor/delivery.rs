//! `doctor --delivery`: what the workflows that deploy have been given, and what they wait for.

use std::env;

use crate::report::{Table, summarise};

/// A variable of the repository without which an environment is not deployed to.
const ROLES: [(&str, &str); 2] =
    [("AWS_STAGING_ROLE", "deploy-staging, rollback"), ("AWS_PRODUCTION_ROLE", "deploy-production, rollback")];

/// Prints what is set. That something is not is told, and is no refusal: a fork that deploys nothing
/// yet is in order.
pub(super) fn run() -> anyhow::Result<()> {
    let set = |name: &str| env::var(name).is_ok_and(|value| !value.is_empty());
    let table = table(set);
    print!("{}", table.plain());
    let Some(notice) = notice(set) else {
        return Ok(());
    };
    println!("\n{notice}");
    if set("GITHUB_ACTIONS") {
        println!("::notice title=Nothing is deployed yet::{notice}");
    }
    summarise(&format!("### Nothing is deployed yet\n\n{}\n{notice}\n", table.markdown()))
}

fn table(set: impl Fn(&str) -> bool) -> Table<4> {
    let mut table = Table::new(["needed", "for", "found", "set it as"]);
    for (name, purpose) in ROLES {
        let (found, place) = if set(name) { ("set", "") } else { ("not set", "a variable of the repository") };
        table.row([name, purpose, found, place].map(str::to_owned));
    }
    table
}

fn notice(set: impl Fn(&str) -> bool) -> Option<String> {
    let missing: Vec<_> = ROLES.iter().map(|(name, _)| *name).filter(|name| !set(name)).collect();
    (!missing.is_empty()).then(|| {
        format!(
            "Set {} among the variables of the repository (Settings, Secrets and variables, Actions) to the ARN of the \
             role that deploys, as DEPLOYMENT.md says under First set-up; until then those jobs are skipped.",
            missing.join(" and ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_and_nothing_is_said_when_all_is_there() {
        let staging = |name: &str| name == "AWS_STAGING_ROLE";
        let notice_of_one = notice(staging).expect("one is missing");
        assert!(notice_of_one.starts_with("Set AWS_PRODUCTION_ROLE among"), "{notice_of_one}");
        assert!(notice(|_| false).expect("both are missing").contains("AWS_STAGING_ROLE and AWS_PRODUCTION_ROLE"));
        assert_eq!(notice(|_| true), None);
        let text = table(staging).plain();
        assert!(text.contains("AWS_STAGING_ROLE     deploy-staging, rollback     set\n"), "{text}");
        assert!(text.contains("not set  a variable of the repository"), "{text}");
    }
}
