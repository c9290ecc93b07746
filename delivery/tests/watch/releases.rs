//! Two releases of a service behind a load balancer, in memory.
//!
//! `www.example` is the address of users, `test.example` the test listener, and `aws.example` answers as
//! CloudWatch does, from what the load balancer has counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use delivery::edge::Clock;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cloudwatch::{Metrics, Minute};

pub(crate) const TOKEN: &str = "a-token-that-nobody-sees";
/// The spread of a steady service.
const SPREAD: f64 = 0.25;

/// How a release behaves.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    /// The commit that it names, in `x-commit` or, without that, in the body of `/health`.
    pub(crate) commit: String,
    pub(crate) header: bool,
    /// The share of answers that fail.
    pub(crate) errors: f64,
    /// From when on, after the beginning, `errors` counts.
    pub(crate) errors_from: Duration,
    /// The median time of an answer.
    pub(crate) median: f64,
    /// A path below which it answers 500.
    pub(crate) broken: Option<&'static str>,
    pub(crate) ready: bool,
    /// The checks of `/ready` that fail.
    pub(crate) failing: Vec<&'static str>,
    /// How far its worker lags, in seconds; without it `/ready` has no figures.
    pub(crate) lag: Option<f64>,
    /// Its cache, and how many lookups that had at the beginning.
    pub(crate) cache: Option<(HitRate, f64)>,
}

/// The share of hits of a cache after so many lookups.
pub(crate) type HitRate = fn(f64) -> f64;

/// How many lookups a cache has in a second.
const LOOKUPS: f64 = 100.0;

impl Release {
    pub(crate) fn of(letter: char) -> Self {
        Self {
            commit: letter.to_string().repeat(40),
            header: true,
            errors: 0.0,
            errors_from: Duration::ZERO,
            median: 0.050,
            broken: None,
            ready: true,
            failing: Vec::new(),
            lag: None,
            cache: None,
        }
    }
}

/// Everything that answers. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Service(Arc<Mutex<World>>);

#[derive(Debug)]
pub(crate) struct World {
    /// Behind the test listener.
    pub(crate) candidate: Release,
    /// Behind the address of users, but for the candidate's share.
    pub(crate) serving: Release,
    /// The candidate's share of what comes to the address of users.
    pub(crate) weight: f64,
    /// Requests a minute by users.
    pub(crate) users: f64,
    /// How many of 1000 requests of users fail at the candidate; probes see none of them.
    pub(crate) users_fail: u64,
    /// After so many answers the candidate fails once to say how its health is.
    pub(crate) fails_once_after: Option<u64>,
    pub(crate) metrics: Metrics,
    /// What the load balancer counted, by minute and whether it was the candidate.
    pub(crate) counted: BTreeMap<(i64, bool), Minute>,
    pub(crate) requests: u64,
    pub(crate) links: BTreeSet<String>,
    random: StdRng,
    began: Instant,
    clock: Clock,
}

struct Answer {
    status: u16,
    location: Option<String>,
    body: Value,
    commit: Option<String>,
    takes: f64,
}

impl Service {
    pub(crate) fn new(clock: Clock) -> Self {
        Self(Arc::new(Mutex::new(World {
            candidate: Release::of('a'),
            serving: Release::of('b'),
            weight: 0.0,
            users: 0.0,
            users_fail: 0,
            fails_once_after: None,
            metrics: Metrics::Tell,
            counted: BTreeMap::new(),
            requests: 0,
            links: BTreeSet::new(),
            random: StdRng::seed_from_u64(7),
            began: Instant::now(),
            clock,
        })))
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("nobody panicked with it")
    }
}

impl World {
    fn answer(&mut self, host: &str, method: &str, path: &str, token: Option<&str>, body: &[u8]) -> Answer {
        let is_candidate = host.starts_with("test") || self.random.random_bool(self.weight);
        let release = if is_candidate { self.candidate.clone() } else { self.serving.clone() };
        let fails = self.began.elapsed() >= release.errors_from && self.random.random_bool(release.errors);
        let broken = release.broken.is_some_and(|prefix| path.starts_with(prefix));
        let once = is_candidate && path == "/health" && self.fails_once();
        let (status, location, mut answer) = if fails || broken || once {
            (500, None, json!({ "title": "oops" }))
        } else {
            self.route(&release, method, path, token, body)
        };
        if path == "/health" && !release.header && status == 200 {
            answer = json!({ "commit": release.commit });
        }
        self.count(is_candidate, status >= 500);
        let takes = release.median * (SPREAD * self.normal()).exp();
        Answer { status, location, body: answer, commit: release.header.then_some(release.commit), takes }
    }

    fn route(
        &mut self,
        release: &Release,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: &[u8],
    ) -> (u16, Option<String>, Value) {
        let problem = |status: u16| (status, None, json!({ "title": "no" }));
        let right = token == Some(&format!("Bearer {TOKEN}"));
        match (method, path.split('/').collect::<Vec<_>>().as_slice()) {
            ("GET", ["", "health"]) => (200, None, json!({ "commit": release.commit })),
            ("GET", ["", "ready"]) => {
                let check = |name: &&str| json!({ "name": name, "state": "failing", "detail": "refused" });
                let checks: Vec<Value> = release.failing.iter().map(check).collect();
                let lookups = release.cache.map(|(_, had)| had + self.began.elapsed().as_secs_f64() * LOOKUPS);
                let rate = release.cache.zip(lookups).map(|((rate, _), lookups)| rate(lookups));
                let figures = json!({
                    "worker_lag_seconds": release.lag, "cache_hit_rate": rate, "cache_lookups": lookups,
                });
                (if release.ready { 200 } else { 503 }, None, json!({ "checks": checks, "figures": figures }))
            }
            ("GET", ["", "l", slug]) if self.links.contains(*slug) => {
                (307, Some(format!("https://example.com/{slug}")), Value::Null)
            }
            ("GET", ["", "l", _]) => problem(404),
            _ if !right => problem(401),
            ("POST", _) => {
                let body: Value = serde_json::from_slice(body).expect("JSON");
                let slug = body["slug"].as_str().expect("a slug").to_owned();
                self.links.insert(slug.clone());
                (201, Some(format!("/v1/links/{slug}")), Value::Null)
            }
            ("GET", ["", "v1", "links", slug]) if self.links.contains(*slug) => {
                (200, None, json!({ "target_url": format!("https://example.com/{slug}") }))
            }
            ("GET", ["", "v1", "links", _, "stats"]) => (200, None, json!({ "total": 1 })),
            ("DELETE", ["", "v1", "links", slug]) if self.links.remove(*slug) => (204, None, Value::Null),
            _ => problem(404),
        }
    }

    fn fails_once(&mut self) -> bool {
        let fails = self.fails_once_after == Some(0);
        self.fails_once_after = self.fails_once_after.and_then(|after| after.checked_sub(1));
        fails
    }

    fn count(&mut self, is_candidate: bool, is_error: bool) {
        self.requests += 1;
        let minute = self.clock.now().as_second().div_euclid(60) * 60;
        let counted = self.counted.entry((minute, is_candidate)).or_default();
        counted.requests += 1;
        counted.errors += u64::from(is_error);
    }

    /// Another run of the same.
    pub(crate) fn reseed(&mut self, seed: u64) {
        self.random = StdRng::seed_from_u64(seed);
    }

    /// By Box and Muller.
    fn normal(&mut self) -> f64 {
        let (one, other): (f64, f64) = (1.0 - self.random.random::<f64>(), self.random.random());
        (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos()
    }

    fn to_cloudwatch(&self, body: &[u8]) -> (u16, Vec<u8>) {
        self.metrics.answer(body, self)
    }

    /// The second that it is.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now().as_second()
    }
}

impl HttpConnector for Service {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let service = self.clone();
        HttpConnectorFuture::new(async move {
            let url: url::Url = request.uri().parse().expect("a URL");
            let body = request.body().bytes().unwrap_or_default().to_vec();
            let token = request.headers().get("authorization");
            let host = url.host_str().expect("a host");
            let answer = http::Response::builder();
            let answer = if host.starts_with("aws") {
                let hangs = service.world().metrics == Metrics::Hang;
                if hangs {
                    std::future::pending::<()>().await;
                }
                let (status, body) = service.world().to_cloudwatch(&body);
                let answer = answer.status(status).header("smithy-protocol", "rpc-v2-cbor");
                answer.header("content-type", "application/cbor").body(SdkBody::from(body))
            } else {
                let came = service.world().answer(host, request.method(), url.path(), token, &body);
                tokio::time::sleep(Duration::from_secs_f64(came.takes)).await;
                let mut answer = answer.status(came.status);
                for (name, value) in [("location", came.location), ("x-commit", came.commit)] {
                    answer = value.into_iter().fold(answer, |answer, value| answer.header(name, value));
                }
                if came.status >= 400 {
                    answer = answer.header("content-type", "application/problem+json");
                }
                answer.body(SdkBody::from(came.body.to_string()))
            };
            HttpResponse::try_from(answer.expect("an answer"))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}
