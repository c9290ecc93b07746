//! Clicks that are not in the database yet.
//!
//! Clicks are added up by link and day, so that memory is bounded by the number of links that are
//! followed, not by the number of clicks; while the database is away those are the links of the
//! cache, which has a bound of its own.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use time::Date;

/// The counts, shared by the handlers and the worker.
#[derive(Debug, Default)]
pub struct Tally {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    counts: HashMap<(i64, Date), i64>,
    total: u64,
    since: Option<Instant>,
    /// What the worker has taken and not yet acknowledged.
    taken: Option<(u64, Instant)>,
}

/// Clicks on their way to the database, in columns as the query wants them, in the order of the
/// primary key, so that two tasks that write the same links do not deadlock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The links.
    pub link_ids: Vec<i64>,
    /// The days, in UTC.
    pub days: Vec<Date>,
    /// The clicks of each link on each day.
    pub clicks: Vec<i64>,
}

impl Batch {
    /// All clicks of the batch.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.clicks.iter().sum::<i64>().unsigned_abs()
    }
}

impl Tally {
    /// Counts a click.
    pub fn record(&self, link_id: i64, day: Date, now: Instant) {
        let mut inner = self.lock();
        *inner.counts.entry((link_id, day)).or_default() += 1;
        inner.total += 1;
        inner.since.get_or_insert(now);
    }

    /// Takes up to `limit` counts. The clicks stay pending until [`Tally::acknowledge`].
    pub fn take(&self, limit: usize) -> Option<Batch> {
        let mut inner = self.lock();
        let since = inner.since?;
        let mut keys: Vec<_> = if inner.counts.len() <= limit {
            inner.counts.keys().copied().collect()
        } else {
            inner.counts.keys().copied().take(limit).collect()
        };
        keys.sort_unstable();
        let mut batch = Batch {
            link_ids: Vec::with_capacity(keys.len()),
            days: Vec::with_capacity(keys.len()),
            clicks: Vec::with_capacity(keys.len()),
        };
        for key in keys {
            let clicks = inner.counts.remove(&key).unwrap_or_default();
            batch.link_ids.push(key.0);
            batch.days.push(key.1);
            batch.clicks.push(clicks);
        }
        let total = batch.total();
        inner.total -= total;
        inner.taken = Some((total, since));
        if inner.counts.is_empty() {
            inner.since = None;
        }
        Some(batch)
    }

    /// The batch that was taken is in the database.
    pub fn acknowledge(&self) {
        self.lock().taken = None;
    }

    /// How many clicks are not in the database, and how old the oldest is.
    pub fn pending(&self, now: Instant) -> (u64, Option<Duration>) {
        let inner = self.lock();
        let taken = inner.taken.map_or(0, |(total, _)| total);
        let oldest = inner.taken.map(|(_, since)| since).or(inner.since);
        (inner.total + taken, oldest.map(|since| now.saturating_duration_since(since)))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    const MONDAY: Date = date!(2026 - 11 - 23);
    const TUESDAY: Date = date!(2026 - 11 - 24);

    #[test]
    fn clicks_add_up_by_link_and_day_in_the_order_of_the_key() {
        let tally = Tally::default();
        let now = Instant::now();
        for (link_id, day) in [(2, MONDAY), (1, TUESDAY), (2, MONDAY), (1, MONDAY)] {
            tally.record(link_id, day, now);
        }
        let expected = Batch { link_ids: vec![1, 1, 2], days: vec![MONDAY, TUESDAY, MONDAY], clicks: vec![1, 1, 2] };
        assert_eq!(tally.take(10), Some(expected));
        assert_eq!(tally.take(10), None);
    }

    #[test]
    fn a_click_is_pending_until_its_batch_is_acknowledged() {
        let tally = Tally::default();
        let now = Instant::now();
        let later = now + Duration::from_secs(3);
        assert_eq!(tally.pending(later), (0, None));
        tally.record(1, MONDAY, now);
        tally.record(2, MONDAY, later);
        assert_eq!(tally.pending(later), (2, Some(Duration::from_secs(3))));
        let batch = tally.take(1).expect("there are clicks");
        assert_eq!(batch.total(), 1);
        assert_eq!(tally.pending(later), (2, Some(Duration::from_secs(3))));
        tally.acknowledge();
        assert_eq!(tally.pending(later).0, 1);
        tally.take(1);
        tally.acknowledge();
        assert_eq!(tally.pending(later), (0, None));
    }
}
