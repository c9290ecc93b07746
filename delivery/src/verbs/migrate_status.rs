//! `migrate-status`: which migrations an environment has, told by the release that serves there. It only
//! looks: a task of its own reads the table of versions, and nothing waits for it or is adopted by it.

use serde_json::json;

use super::{Answer, Session, what_serves};
use crate::arguments::Looking;
use crate::execute::{Came, Kind};
use crate::exit::Ending;
use crate::migrate::status;
use crate::progress::Step;

pub(super) async fn run(session: &Session, arguments: &Looking) -> anyhow::Result<Answer> {
    let environment = arguments.environment(&session.edge.variables)?;
    let command = told_by(&session.settings.migrations.command)?;
    session.caller(environment).await?;
    let world = what_serves(session, Step::Plan, environment).await?;
    let session = &session.knowing(&world.definition);
    let limit = Some(session.settings.limits.migration);
    let what = format!("`{}` in {environment}", command.join(" "));
    let lines = session
        .step(Step::Migrate, what, limit, Kind::Gate, async {
            let told = status(session, environment, &world.definition, &world.service, &command).await;
            let lines = told.map_err(|why| Ending::CouldNotTell(session.redactor.redact(&why)))?;
            let words = format!("{} lines", lines.len());
            Ok(Came::done(lines, words))
        })
        .await?;
    let result = json!({ "environment": environment, "serving": world.serving, "lines": lines });
    Ok(Answer { lines, result })
}

/// The command that tells of migrations where this one runs them.
fn told_by(command: &[String]) -> Result<Vec<String>, Ending> {
    let up = command.iter().position(|word| word == "up").ok_or_else(|| {
        Ending::Usage(format!(
            "migrations.command, `{}`, has no word `up` in whose place `status` could stand",
            command.join(" ")
        ))
    })?;
    Ok(command[..up].iter().cloned().chain(["status".to_owned()]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit;

    #[test]
    fn the_command_that_tells_is_the_one_that_migrates_with_another_word() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(told_by(&words("migrate up --to 0008")), Ok(words("migrate status")));
        assert_eq!(told_by(&words("tool --quiet migrate up")), Ok(words("tool --quiet migrate status")));
        assert_eq!(told_by(&words("upgrade all")).map_err(|ending| ending.code()), Err(exit::USAGE));
    }
}
