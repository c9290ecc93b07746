//! The program of the previous release on the new schema: while it serves, beside the new one as in a
//! rolling deployment, and alone again as after a rollback.
//!
//! Its own tests are not run: they bring a database to the schema of their own commit, and say nothing of
//! another. What it does for its users is: the critical flows of this work tree, of which those count that
//! it passes on its own schema.

mod build;
mod program;
mod users;

use std::collections::BTreeSet;
use std::path::Path;

use schema::cli::short;
use sqlx::postgres::PgConnectOptions;

use crate::database::Database;
use crate::release::Release;
use crate::verdict::Verdict;
use program::Program;
use users::{Failure, Users};

/// So many users walk through all flows at once while both releases serve.
const USERS: usize = 4;

/// Builds both releases, and has them serve one after the other and together on a database of their own.
pub async fn prove(root: &Path, release: &Release, server: &PgConnectOptions) -> anyhow::Result<Verdict> {
    let what = format!("{} on the new schema, alone and beside the new release", short(&release.commit));
    let folder = root.join("target/prove");
    std::fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let (previous, new) = match build::both(root, &release.commit, &folder) {
        Ok(programs) => programs,
        Err(why) => return Ok(Verdict::untold(what, why)),
    };
    let mut database = Database::make(server).await?;
    let mut verdict = Verdict { what, ..Verdict::default() };
    let play = Play { previous: &previous, new: &new, folder: &folder, database: &mut database };
    let played = play.run(&mut verdict).await;
    // A program that is still there would hold the database.
    database.remove().await?;
    if let Err(why) = played? {
        verdict.wrong.push(why);
    }
    Ok(verdict)
}

struct Play<'a> {
    previous: &'a Path,
    new: &'a Path,
    /// Where the programs write what they log.
    folder: &'a Path,
    database: &'a mut Database,
}

impl Play<'_> {
    /// From the schema of the previous release to the rollback; a reason why it ended before is a finding.
    async fn run(self, verdict: &mut Verdict) -> anyhow::Result<Result<(), String>> {
        let database = self.database.options();
        let start = |program, name| Program::start(program, name, &database, self.folder);
        if let Err(why) = program::migrate(self.previous, &database)? {
            verdict.untold.push(format!("the previous release cannot make its own schema: {why}"));
            return Ok(Ok(()));
        }
        let previous = match start(self.previous, "previous").await? {
            Ok(previous) => previous,
            Err(why) => {
                verdict.untold.push(format!("the previous release does not start on its own schema: {why}"));
                return Ok(Ok(()));
            }
        };
        let (failing, any_passes) = Users::of(&[&previous])?.first_walk().await;
        if !any_passes {
            let first = failing.first().map(ToString::to_string).unwrap_or_default();
            verdict.untold.push(format!("no flow passes with the previous release on its own schema: {first}"));
            return Ok(Ok(()));
        }
        let mut told = Told { verdict, ignored: failing.iter().map(|failure| failure.flow.clone()).collect() };
        told.verdict.known.extend(failing.iter().map(|failure| format!("on its own schema it fails too: {failure}")));

        if let Err(why) = program::migrate(self.new, &database)? {
            return Ok(Err(format!("the new migrations fail while the previous release serves: {why}")));
        }
        let on = "the previous release, which serves since before the migrations";
        told.note(on, Users::of(&[&previous])?.walk().await);

        let new = match start(self.new, "new").await? {
            Ok(new) => new,
            Err(why) => return Ok(Err(format!("the new release does not start beside the previous one: {why}"))),
        };
        let together = Users::of(&[&previous, &new])?;
        told.note("both releases at once, by turns", together.walk_at_once(USERS).await);
        new.stop()?;
        told.note("the previous release, alone again", Users::of(&[&previous])?.walk().await);
        previous.stop()?;

        let back = match start(self.previous, "rollback").await? {
            Ok(back) => back,
            Err(why) => return Ok(Err(format!("the previous release does not start any more: {why}"))),
        };
        told.note("the previous release, started again as by a rollback", Users::of(&[&back])?.walk().await);
        back.stop()?;
        told.verdict.tried = format!("every flow in {} walks; logs in target/prove", 4 + USERS);
        Ok(Ok(()))
    }
}

/// What is told of the walks.
struct Told<'a> {
    verdict: &'a mut Verdict,
    /// Flows that fail on the previous schema too.
    ignored: BTreeSet<String>,
}

impl Told<'_> {
    fn note(&mut self, who: &str, failures: Vec<Failure>) {
        let mut new: Vec<_> = failures
            .into_iter()
            .filter(|failure| !self.ignored.contains(&failure.flow))
            .map(|failure| format!("{who}: {failure}"))
            .collect();
        // Several users meet the same.
        new.sort();
        new.dedup();
        self.verdict.wrong.extend(new);
    }
}
