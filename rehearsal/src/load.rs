//! A load generator that counts every request: at a fixed rate, on new and on reused connections at
//! once, whatever the answers do.
//!
//! Requests are due at times that are fixed beforehand, and a latency counts from then: a server
//! that stalls delays nothing, it only makes everything that was due meanwhile late (what is known
//! as coordinated omission does not happen).

mod send;
mod tally;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use http::{Method, Uri};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::send::Sender;
use self::tally::Book;
pub use self::tally::{Connection, Failure, Phase, Reason, Summary, Tally};

/// What is asked for, how often and for how long at most.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// `http://HOST:PORT`, without a path.
    pub origin: String,
    /// Requests a second, all connections together.
    pub rate: f64,
    /// Of a hundred requests, how many go over a connection of their own; the others reuse some.
    pub new_connections_percent: u32,
    /// How long an answer may take, counted from when its request was due.
    pub timeout: Duration,
    /// The load ends by itself after this.
    pub limit: Duration,
    /// The most requests that are under way at once; one that is due beyond it has failed.
    pub in_flight: usize,
    /// What is asked for, in turn.
    pub requests: Vec<Ask>,
}

impl LoadOptions {
    /// GETs of one path, half of them on new connections, for an hour at most.
    #[must_use]
    pub fn get(origin: &str, path: &str, rate: f64) -> Self {
        Self {
            origin: origin.to_owned(),
            rate,
            new_connections_percent: 50,
            timeout: Duration::from_secs(10),
            limit: Duration::from_hours(1),
            in_flight: 1024,
            requests: vec![Ask::get(path)],
        }
    }
}

/// One kind of request.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub path: String,
    /// Its headers.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: String,
    /// The status that is right.
    pub expect: u16,
}

impl Ask {
    /// A GET that is to be answered with 200.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self { method: Method::GET, path: path.to_owned(), headers: BTreeMap::new(), body: String::new(), expect: 200 }
    }
}

/// A load that runs. Dropping it ends it without an account of what was under way.
#[derive(Debug)]
pub struct Load {
    book: Arc<Mutex<Book>>,
    stop: watch::Sender<bool>,
    pacing: JoinSet<()>,
}

impl Load {
    /// Starts it, in a phase without a name.
    pub fn start(options: LoadOptions) -> anyhow::Result<Self> {
        if !(options.rate.is_finite() && options.rate > 0.0) {
            bail!("a load of {} requests a second is none", options.rate);
        }
        if options.requests.is_empty() {
            bail!("a load needs something to ask for");
        }
        let origin: Uri = options.origin.parse().with_context(|| format!("{:?} is no address", options.origin))?;
        let sender = Arc::new(Sender::new(&origin, &options.requests)?);
        let book = Arc::new(Mutex::new(Book::new(Instant::now())));
        let (stop, stopped) = watch::channel(false);
        let mut pacing = JoinSet::new();
        pacing.spawn(pace(options, sender, Arc::clone(&book), stopped));
        Ok(Self { book, stop, pacing })
    }

    /// Names what happens from now on: a request belongs to the phase in which it was due.
    pub fn phase(&self, name: &str) {
        self.lock().begin(name, Instant::now());
    }

    /// What has come of it so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.lock().summary(Instant::now())
    }

    /// Whether it has ended by itself, after its limit.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.stop.is_closed()
    }

    /// Sends nothing more, waits for what is under way (its timeout bounds that) and adds up.
    pub async fn stop(mut self) -> Summary {
        self.stop.send_replace(true);
        while self.pacing.join_next().await.is_some() {}
        self.summary()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a request is due, after the start.
fn due(number: u64, rate: f64) -> Duration {
    Duration::from_secs_f64(number as f64 / rate)
}

/// Whether a request goes over a connection of its own: spread evenly among the others, so that
/// both kinds meet every moment of a deployment.
fn is_on_new_connection(number: u64, percent: u32) -> bool {
    let percent = u64::from(percent.min(100));
    (number + 1) * percent / 100 > number * percent / 100
}

async fn pace(options: LoadOptions, sender: Arc<Sender>, book: Arc<Mutex<Book>>, mut stop: watch::Receiver<bool>) {
    let began = Instant::now();
    let slots = Arc::new(Semaphore::new(options.in_flight));
    let mut under_way = JoinSet::new();
    for number in 0.. {
        let since = due(number, options.rate);
        if since >= options.limit {
            break;
        }
        let at = began + since;
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            () = tokio::time::sleep_until(at) => {}
        }
        while under_way.try_join_next().is_some() {}
        let connection = if is_on_new_connection(number, options.new_connections_percent) {
            Connection::New
        } else {
            Connection::Reused
        };
        let note = {
            let book = Arc::clone(&book);
            let phase = lock(&book).current();
            move |outcome| lock(&book).note(phase, connection, at, Instant::now(), outcome)
        };
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            note(Err(Reason::Overrun));
            continue;
        };
        let sender = Arc::clone(&sender);
        let limit = at + options.timeout;
        under_way.spawn(async move {
            let sent = tokio::time::timeout_at(limit, sender.send(number, connection)).await;
            note(sent.unwrap_or(Err(Reason::Timeout)));
            drop(slot);
        });
    }
    while under_way.join_next().await.is_some() {}
}

fn lock(book: &Mutex<Book>) -> std::sync::MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
