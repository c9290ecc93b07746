//! The worker that writes clicks to the database, a batch at a time, each exactly once.
//!
//! An answer can be lost on its way: then nobody here knows whether the batch was written. So each
//! batch has a number, and the statement that adds its clicks first raises the counter's number in
//! `click_batches`; a batch that comes again finds its number there and adds nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout_at};

use super::tally::Batch;
use crate::database::Unavailable;
use crate::state::App;

/// The most rows that one statement writes.
const BATCH_ROWS: usize = 1000;

/// Pause before a batch that failed is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// The name of one counting process, different for each.
#[derive(Debug, Clone)]
pub struct Counter(String);

impl Counter {
    /// A name made of `random`.
    #[must_use]
    pub fn new(random: u128) -> Self {
        Self(format!("{random:032x}"))
    }
}

/// Clicks that never reached the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost(pub u64);

/// The running worker.
#[derive(Debug)]
pub struct Worker {
    stop: oneshot::Sender<Instant>,
    task: JoinHandle<Lost>,
}

impl Worker {
    /// Starts writing the clicks of `app` every `period`.
    pub fn start(app: Arc<App>, counter: Counter, period: Duration) -> Self {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(run(Writer::new(app, counter), period, stopped));
        Self { stop, task }
    }

    /// Writes what is left, trying until `deadline`. To be called when no more clicks come.
    pub async fn finish(self, deadline: Instant) -> Lost {
        let _ = self.stop.send(deadline);
        self.task.await.unwrap_or_else(|error| {
            tracing::error!(%error, "the worker that writes clicks panicked");
            Lost(u64::MAX)
        })
    }
}

async fn run(mut writer: Writer, period: Duration, mut stopped: oneshot::Receiver<Instant>) -> Lost {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let deadline = loop {
        let work = async {
            ticks.tick().await;
            while !writer.is_done() {
                writer.write_next().await;
            }
        };
        // Giving up a write half way is harmless: the batch stays, with its number.
        tokio::select! {
            deadline = &mut stopped => break deadline.unwrap_or_else(|_| Instant::now()),
            () = work => {}
        }
    };
    let last = async {
        while !writer.is_done() {
            writer.write_next().await;
        }
        writer.sign_off().await;
    };
    let _ = timeout_at(deadline, last).await;
    let (pending, _) = writer.app.clicks.pending(std::time::Instant::now());
    Lost(pending)
}

struct Writer {
    app: Arc<App>,
    counter: Counter,
    sequence: i64,
    /// The batch being written; kept, with its number, until the database has confirmed it.
    batch: Option<Batch>,
}

impl Writer {
    fn new(app: Arc<App>, counter: Counter) -> Self {
        Self { app, counter, sequence: 0, batch: None }
    }

    fn is_done(&mut self) -> bool {
        if self.batch.is_none() {
            self.batch = self.app.clicks.take(BATCH_ROWS);
            self.sequence += i64::from(self.batch.is_some());
        }
        self.batch.is_none()
    }

    async fn write_next(&mut self) {
        let Some(batch) = &self.batch else { return };
        let metrics = &self.app.metrics;
        match self.write(batch).await {
            Ok(written) => {
                metrics.clicks_written.inc_by(written);
                let discarded = batch.total().saturating_sub(written);
                metrics.clicks_discarded.inc_by(discarded);
                self.batch = None;
                self.app.clicks.acknowledge();
            }
            Err(error) => {
                metrics.click_batch_failures.inc();
                tracing::warn!(%error, clicks = batch.total(), "clicks could not be written; they are kept");
                sleep(RETRY_PAUSE).await;
            }
        }
    }

    /// Adds the batch's clicks, or finds that it has done so before. Answers how many clicks were
    /// on links that still exist.
    async fn write(&self, batch: &Batch) -> Result<u64, Unavailable> {
        let query = sqlx::query_scalar!(
            r#"
            WITH batch AS (
                INSERT INTO click_batches (counter, sequence) VALUES ($1, $2)
                ON CONFLICT (counter) DO UPDATE
                SET sequence = excluded.sequence, written_at = now()
                WHERE click_batches.sequence < excluded.sequence
                RETURNING sequence
            ), counted AS (
                SELECT links.id, given.day, given.clicks
                FROM unnest($3::bigint[], $4::date[], $5::bigint[]) AS given (link_id, day, clicks)
                JOIN links ON links.id = given.link_id
                ORDER BY links.id, given.day
                FOR KEY SHARE OF links
            ), added AS (
                INSERT INTO clicks (link_id, day, clicks)
                SELECT counted.id, counted.day, counted.clicks FROM counted, batch
                ON CONFLICT (link_id, day) DO UPDATE SET clicks = clicks.clicks + excluded.clicks
            )
            SELECT coalesce(sum(clicks), 0)::bigint AS "clicks!" FROM counted
            "#,
            self.counter.0,
            self.sequence,
            &batch.link_ids[..],
            &batch.days[..],
            &batch.clicks[..],
        );
        let written = self.app.database.run(|connection| Box::pin(query.fetch_one(connection))).await?;
        Ok(written.unsigned_abs())
    }

    /// Removes the counter's number, and those of processes that never came to do so.
    async fn sign_off(&self) {
        if self.sequence == 0 {
            return;
        }
        let query = sqlx::query!(
            "DELETE FROM click_batches
            WHERE counter = $1 OR written_at < now() - interval '7 days'",
            self.counter.0,
        );
        let done = self.app.database.run(|connection| Box::pin(query.execute(connection))).await;
        if let Err(error) = done {
            tracing::warn!(%error, "the counter's number could not be removed; a later process will");
        }
    }
}
