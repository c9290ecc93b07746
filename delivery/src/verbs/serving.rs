//! `serving`: the commit that serves in an environment, for programs that go on with it.

use serde_json::json;

use super::{Answer, Session, what_serves};
use crate::arguments::Looking;
use crate::exit::Ending;
use crate::plan::short;
use crate::progress::Step;

pub(super) async fn run(session: &Session, arguments: &Looking) -> anyhow::Result<Answer> {
    let environment = arguments.environment(&session.edge.variables)?;
    let world = what_serves(session, Step::Preflight, environment).await?;
    let serving = world.serving;
    if let Some((in_flight, _)) = world.in_flight {
        let name = short(&in_flight.arn);
        let why = format!("two releases serve in {environment} until {name}, which is in flight, is over");
        return Err(Ending::CouldNotTell(why).into());
    }
    let Some(commit) = &serving.commit else {
        let why = format!("which commit serves in {environment} is not known: it runs {}", serving.words());
        return Err(Ending::CouldNotTell(why).into());
    };
    Ok(Answer { lines: vec![commit.to_string()], result: json!({ "environment": environment, "serving": serving }) })
}
