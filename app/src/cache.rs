//! Hot slugs in memory, so that their redirects need no database.
//!
//! An entry is *fresh* for a while; after that a lookup asks the database again and falls back to
//! the old entry when the database is away. An entry is dropped when it is older than the *stale*
//! limit. So a link that another task deletes is followed here for as long as entries are fresh
//! while the database answers, and for the stale limit at worst; a link that this task deletes is
//! not followed by it again.
//!
//! Unknown slugs are not remembered: a slug can be created by another task at any time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::http::HeaderValue;
use moka::sync::Cache;

/// What a redirect needs to know of a link.
#[derive(Debug)]
pub struct Target {
    /// The link's key, under which clicks are counted.
    pub link_id: i64,
    /// The value of `Location`.
    pub location: HeaderValue,
    loaded_at: Instant,
    refreshing: AtomicBool,
}

impl Target {
    /// A target as it was read from the database at `loaded_at`.
    pub fn new(link_id: i64, location: HeaderValue, loaded_at: Instant) -> Arc<Self> {
        Arc::new(Self { link_id, location, loaded_at, refreshing: AtomicBool::new(false) })
    }
}

/// What the cache knows about a slug.
#[derive(Debug)]
pub enum Lookup {
    /// Use it.
    Fresh(Arc<Target>),
    /// Ask the database; use it when that fails. Only one caller at a time is told so, the others
    /// get the entry as if it were fresh.
    Stale(Arc<Target>, Refresh),
    /// Ask the database.
    Missing,
}

/// The right to refresh one entry, which passes on when it is dropped.
#[derive(Debug)]
pub struct Refresh(Arc<Target>);

impl Drop for Refresh {
    fn drop(&mut self) {
        self.0.refreshing.store(false, Ordering::Release);
    }
}

/// A state of the cache, taken before the database is asked: see [`LinkCache::insert`].
#[derive(Debug, Clone, Copy)]
pub struct Epoch(u64);

/// The bounds of the cache.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The most links that are kept.
    pub entries: u64,
    /// How long an entry is used without asking.
    pub fresh: Duration,
    /// How long an entry is used when the database is away.
    pub stale: Duration,
}

/// The cache of links.
#[derive(Debug)]
pub struct LinkCache {
    entries: Cache<Box<str>, Arc<Target>>,
    removals: AtomicU64,
    fresh: Duration,
}

impl LinkCache {
    /// An empty cache.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            entries: Cache::builder().max_capacity(bounds.entries).time_to_live(bounds.stale).build(),
            removals: AtomicU64::new(0),
            fresh: bounds.fresh,
        }
    }

    /// What is known about `slug` at `now`.
    pub fn get(&self, slug: &str, now: Instant) -> Lookup {
        let Some(target) = self.entries.get(slug) else {
            return Lookup::Missing;
        };
        let is_fresh = now.saturating_duration_since(target.loaded_at) < self.fresh;
        if is_fresh || target.refreshing.swap(true, Ordering::AcqRel) {
            Lookup::Fresh(target)
        } else {
            Lookup::Stale(Arc::clone(&target), Refresh(target))
        }
    }

    /// To be called before the database is asked about a slug.
    pub fn epoch(&self) -> Epoch {
        Epoch(self.removals.load(Ordering::Acquire))
    }

    /// Keeps what the database said about `slug`, unless something was removed since `asked`: then
    /// the answer may be from before the removal, and is good for one redirect only.
    pub fn insert(&self, slug: &str, target: Arc<Target>, asked: Epoch) {
        self.entries.insert(slug.into(), target);
        if self.removals.load(Ordering::Acquire) != asked.0 {
            self.entries.invalidate(slug);
        }
    }

    /// Forgets `slug`; to be called after the database has.
    pub fn remove(&self, slug: &str) {
        self.removals.fetch_add(1, Ordering::AcqRel);
        self.entries.invalidate(slug);
    }

    /// How many links are kept, roughly: moka counts behind time.
    pub fn len(&self) -> u64 {
        self.entries.entry_count()
    }

    /// Whether no link is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { entries: 100, fresh: Duration::from_secs(30), stale: Duration::from_hours(1) };

    fn target(now: Instant) -> Arc<Target> {
        Target::new(1, HeaderValue::from_static("https://example.com/"), now)
    }

    #[test]
    fn an_entry_is_fresh_then_stale_for_one_caller_at_a_time() {
        let cache = LinkCache::new(BOUNDS);
        let now = Instant::now();
        cache.insert("a", target(now), cache.epoch());
        assert!(matches!(cache.get("a", now), Lookup::Fresh(_)));
        let later = now + BOUNDS.fresh;
        let first = cache.get("a", later);
        assert!(matches!(first, Lookup::Stale(..)));
        assert!(matches!(cache.get("a", later), Lookup::Fresh(_)));
        drop(first);
        assert!(matches!(cache.get("a", later), Lookup::Stale(..)));
    }

    #[test]
    fn a_removed_entry_does_not_come_back_from_a_read_that_began_before() {
        let cache = LinkCache::new(BOUNDS);
        let now = Instant::now();
        let asked = cache.epoch();
        cache.remove("a");
        cache.insert("a", target(now), asked);
        assert!(matches!(cache.get("a", now), Lookup::Missing));
        cache.insert("a", target(now), cache.epoch());
        assert!(matches!(cache.get("a", now), Lookup::Fresh(_)));
    }

    #[test]
    fn the_cache_keeps_no_more_than_its_bound() {
        let cache = LinkCache::new(Bounds { entries: 10, ..BOUNDS });
        let now = Instant::now();
        for slug in 0..1000 {
            cache.insert(&slug.to_string(), target(now), cache.epoch());
        }
        cache.entries.run_pending_tasks();
        assert!(cache.len() <= 10, "{}", cache.len());
        assert!(!cache.is_empty());
    }
}
