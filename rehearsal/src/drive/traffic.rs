//! The traffic that production has while it is rehearsed, and what came of it second by second.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::links::target;
use super::timeline::{Requests, Sample};
use crate::load::{Ask, Load, LoadOptions};

const PERIOD: Duration = Duration::from_secs(1);

/// How many failures are told one by one.
const TOLD: usize = 20;

/// A load on production, and the book that is kept about it.
#[derive(Debug)]
pub(crate) struct Traffic {
    load: Arc<Load>,
    samples: Arc<Mutex<Vec<Sample>>>,
    keeping: JoinHandle<()>,
    /// When the load began, after the beginning of the rehearsal.
    began: Duration,
}

impl Traffic {
    /// Begins to send requests: one that reads the database, and one that does not, by turns.
    pub(crate) fn begin(url: &str, token: &str, rate: f64, beginning: Instant) -> anyhow::Result<Self> {
        Self::of(vec![Ask::get("/health"), list("", token)], url, rate, beginning)
    }

    /// The same of users who also make links and follow one that is there: all that the service does with a
    /// link, in turn.
    pub(crate) fn of_links(url: &str, token: &str, rate: f64, beginning: Instant, slug: &str) -> anyhow::Result<Self> {
        let target = target(slug);
        let make = Ask {
            method: Method::POST,
            body: json!({ "target_url": target }).to_string(),
            expect: 201,
            ..list("", token)
        };
        let follow = Ask { expect: 307, ..Ask::get(&format!("/l/{slug}")) };
        let target: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
        let find = list(&format!("?limit=1&target_url={target}"), token);
        // An odd number, so that each comes over new connections and over reused ones.
        Self::of(vec![Ask::get("/health"), list("", token), make, follow, find], url, rate, beginning)
    }

    fn of(requests: Vec<Ask>, url: &str, rate: f64, beginning: Instant) -> anyhow::Result<Self> {
        let options = LoadOptions { requests, ..LoadOptions::get(url, "/health", rate) };
        let load = Arc::new(Load::start(options)?);
        let samples = Arc::default();
        let keeping = tokio::spawn(keep(Arc::clone(&load), Arc::clone(&samples), beginning));
        Ok(Self { load, samples, keeping, began: beginning.elapsed() })
    }

    /// What is played from now on.
    pub(crate) fn phase(&self, name: &str) {
        self.load.phase(name);
    }

    /// How many requests have failed so far.
    pub(crate) fn failed(&self) -> u64 {
        self.load.summary().total().failures()
    }

    /// Ends it, waits for what is under way, and adds up.
    pub(crate) async fn end(self) -> (Vec<Sample>, Requests) {
        self.keeping.abort();
        // What kept the book holds the load no longer once it has ended.
        let _ = self.keeping.await;
        let summary = match Arc::try_unwrap(self.load) {
            Ok(load) => load.stop().await,
            Err(load) => load.summary(),
        };
        let total = summary.total();
        let failures = summary.failures.iter().take(TOLD).map(|failure| {
            let at = (self.began + failure.after).as_secs_f64();
            let connection = format!("{:?}", failure.connection).to_lowercase();
            format!("at {at:.1} s, during {}, on a {connection} connection: {}", failure.phase, failure.reason)
        });
        let requests = Requests {
            sent: total.requests(),
            failed: total.failures(),
            reasons: total.failed.iter().map(|(reason, count)| (reason.to_string(), *count)).collect(),
            failures: failures.collect(),
            p99: (total.answered > 0).then(|| total.latency.quantile(0.99)),
        };
        let samples = std::mem::take(&mut *self.samples.lock().unwrap_or_else(PoisonError::into_inner));
        (samples, requests)
    }
}

async fn keep(load: Arc<Load>, samples: Arc<Mutex<Vec<Sample>>>, beginning: Instant) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let (mut before, mut answered, mut failed) = (Instant::now(), 0, 0);
    loop {
        ticks.tick().await;
        let (total, now) = (load.summary().total(), Instant::now());
        let sample = Sample {
            at: now - beginning,
            over: now - before,
            answered: total.answered - answered,
            failed: total.failures() - failed,
        };
        (before, answered, failed) = (now, total.answered, total.failures());
        samples.lock().unwrap_or_else(PoisonError::into_inner).push(sample);
    }
}

/// The links, for whoever may see them.
fn list(query: &str, token: &str) -> Ask {
    let mut list = Ask::get(&format!("/v1/links{query}"));
    list.headers.insert("authorization".to_owned(), format!("Bearer {token}"));
    list.headers.insert("content-type".to_owned(), "application/json".to_owned());
    list
}
