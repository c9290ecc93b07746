//! What is waited for, while a command is under way and after it.

use std::time::Duration;

use anyhow::bail;
use tokio::time::{Instant, interval};

use super::super::act::Act;
use super::super::command::Running;
use super::super::database;
use super::super::place::View;
use super::{LOOK_AT_SHARES, Playing, Stage};

/// How often something that is waited for is looked at.
const LOOK: Duration = Duration::from_millis(25);

impl Stage {
    /// Waits until something is so while a command is under way.
    pub(crate) async fn until(
        &self,
        playing: &mut Playing,
        what: &str,
        limit: Duration,
        is_so: impl Fn(&View) -> bool,
    ) -> anyhow::Result<()> {
        wait(playing, what, limit, async |_| Ok(is_so(&self.view))).await
    }

    /// Waits until a command that is under way has said something.
    pub(crate) async fn until_it_says(
        &self,
        playing: &mut Playing,
        words: &str,
        limit: Duration,
    ) -> anyhow::Result<()> {
        let said = async |running: &Running| Ok(running.output().iter().any(|line| line.text.contains(words)));
        wait(playing, &format!("it said {words:?}"), limit, said).await
    }

    /// Waits until a migration of production waits for somebody's transaction.
    pub(crate) async fn until_its_migration_waits(&self, playing: &mut Playing, limit: Duration) -> anyhow::Result<()> {
        let waits = async |_: &Running| database::migration_waits(&self.database).await;
        wait(playing, "its migration waits", limit, waits).await
    }

    /// Waits, with no command under way any more, until something is so.
    pub(crate) async fn see(&self, act: &mut Act, what: &str, limit: Duration, is_so: impl Fn(&View) -> bool) {
        let deadline = Instant::now() + limit;
        let mut ticks = interval(LOOK_AT_SHARES);
        let holds = loop {
            ticks.tick().await;
            act.look_at_share(LOOK_AT_SHARES);
            if is_so(&self.view) {
                break true;
            }
            if Instant::now() >= deadline {
                break false;
            }
            self.terminal.goes_on(&act.step.title, self.began.elapsed().saturating_sub(act.step.began));
        };
        act.check(what, holds, format!("not within {} s", limit.as_secs()));
    }
}

/// Waits until something is so, and no longer than the command goes on.
async fn wait(
    playing: &mut Playing,
    what: &str,
    limit: Duration,
    is_so: impl AsyncFn(&Running) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + limit;
    while !is_so(&playing.running).await? {
        if playing.running.has_ended() {
            let last = playing.running.output().last().map(|line| line.text.clone()).unwrap_or_default();
            bail!("the command ended before {what}: {last}");
        }
        if Instant::now() >= deadline {
            bail!("{what}: not within {limit:?}");
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
