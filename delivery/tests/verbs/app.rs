//! The service as users reach it, and the way there: requests go to the cloud, or by its listeners to
//! the task whose turn it is, by their host. What begins with `test.` comes in by the test listener.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt as _;
use rehearsal::simulation::{Routed, Simulation};
use rehearsal::{Cloud, RuleKind};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::stage::{PRODUCTION, REPOSITORY, SERVICE, STAGING, TOKEN};

/// What happens at a certain call of the engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trap {
    /// How many calls come before it.
    pub(crate) after: u64,
    /// Whether that call still has its effect.
    pub(crate) delivered: bool,
    /// Whether it is answered.
    pub(crate) answered: bool,
}

/// The service behind both environments' addresses.
#[derive(Clone)]
pub(crate) struct App {
    cloud: Cloud,
    pub(crate) simulation: Simulation,
    links: Arc<Mutex<BTreeSet<String>>>,
    turn: Arc<Mutex<usize>>,
    trap: Arc<Mutex<Option<Trap>>>,
    /// Told when the trap has sprung.
    pub(crate) sprung: Arc<Notify>,
    /// How many requests each commit got by the listener of production's users.
    users: Arc<Mutex<BTreeMap<String, u64>>>,
    /// Commits whose `/ready` answers 500, and what with.
    broken: Arc<Mutex<Vec<(String, String)>>>,
    figures: Arc<Mutex<BTreeMap<String, Figures>>>,
}

/// What `/ready` of a commit tells of its worker and its cache, and how often it was asked.
#[derive(Clone, Copy, Debug)]
struct Figures {
    lag: f64,
    hit_rate: f64,
    asked: u64,
}

/// How many lookups a cache has between two questions for readiness.
const LOOKUPS: u64 = 2_000;

impl std::fmt::Debug for App {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("App")
    }
}

impl App {
    pub(crate) fn new(cloud: &Cloud, simulation: &Simulation) -> Self {
        Self {
            cloud: cloud.clone(),
            simulation: simulation.clone(),
            links: Arc::default(),
            turn: Arc::default(),
            trap: Arc::default(),
            sprung: Arc::default(),
            users: Arc::default(),
            broken: Arc::default(),
            figures: Arc::default(),
        }
    }

    /// Sets the trap, or takes it away; whether one was there that had not sprung.
    pub(crate) fn set(&self, trap: Option<Trap>) -> bool {
        std::mem::replace(&mut *self.trap.lock().expect("a trap"), trap).is_some()
    }

    /// Counts a call; the trap when it springs.
    fn count(&self) -> Option<Trap> {
        let mut trap = self.trap.lock().expect("a trap");
        let set = trap.as_mut()?;
        if set.after > 0 {
            set.after -= 1;
            return None;
        }
        let sprung = trap.take();
        self.sprung.notify_one();
        sprung
    }

    /// From now on `/ready` of this commit answers 500 with these words.
    pub(crate) fn break_commit(&self, commit: &str, words: &str) {
        self.broken.lock().expect("broken").push((commit.to_owned(), words.to_owned()));
    }

    /// From now on `/ready` of this commit tells how far its worker lags, in seconds, and its cache's share of hits.
    pub(crate) fn tell_figures(&self, commit: &str, lag: f64, hit_rate: f64) {
        self.figures.lock().expect("figures").insert(commit.to_owned(), Figures { lag, hit_rate, asked: 0 });
    }

    /// The figures of a commit, when it tells any.
    fn figures_of(&self, commit: &str) -> Value {
        let mut figures = self.figures.lock().expect("figures");
        let Some(Figures { lag, hit_rate, asked }) = figures.get_mut(commit) else { return Value::Null };
        *asked += 1;
        json!({ "worker_lag_seconds": lag, "cache_hit_rate": hit_rate, "cache_lookups": *asked * LOOKUPS })
    }

    /// How many requests a commit got by the listener of production's users.
    pub(crate) fn users_of(&self, commit: &str) -> u64 {
        self.users.lock().expect("users").get(commit).copied().unwrap_or_default()
    }

    /// Every commit is well again.
    pub(crate) fn mend(&self) {
        self.broken.lock().expect("broken").clear();
    }

    /// The commit of the task whose turn it is.
    pub(crate) fn commit(&self, cluster: &str) -> Option<String> {
        let snapshot = self.cloud.snapshot();
        let serving: Vec<_> = snapshot
            .tasks
            .iter()
            .filter(|task| task.cluster == cluster && task.in_rotation && task.last_status == "RUNNING")
            .collect();
        let mut turn = self.turn.lock().expect("a turn");
        *turn += 1;
        let digest = serving.get(*turn % serving.len().max(1))?.digest.clone()?;
        self.commit_of(&digest)
    }

    /// The commit that the registry has an image under.
    fn commit_of(&self, digest: &str) -> Option<String> {
        let repository = self.cloud.registry().repository(REPOSITORY)?;
        let is_commit = |tag: &str| tag.len() == 40;
        let mut tags = repository.tags.iter().filter(|(tag, its)| is_commit(tag) && its.to_string() == digest);
        Some(tags.next().map_or_else(|| "placeholder".to_owned(), |(tag, _)| tag.clone()))
    }

    /// Which task gets a request; none when there is none.
    fn route(&self, request: &http::Request<Vec<u8>>) -> Option<Routed> {
        let host = request.uri().host().unwrap_or_default();
        let (host, kind) = match host.strip_prefix("test.") {
            Some(host) => (host, RuleKind::Test),
            None => (host, RuleKind::Production),
        };
        let cluster = if host.starts_with("staging") { STAGING } else { PRODUCTION };
        let entrance = self.cloud.entrance(cluster, SERVICE, kind)?;
        self.simulation.route(&entrance, request.uri().path())
    }

    /// What the program of this commit answers.
    fn answer(&self, request: &http::Request<Vec<u8>>, commit: &str) -> (u16, String, Value) {
        let problem = |status: u16| (status, String::new(), json!({ "title": "no" }));
        let token = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let right = token == Some(&format!("Bearer {TOKEN}"));
        let mut links = self.links.lock().expect("links");
        match (request.method().as_str(), request.uri().path().split('/').collect::<Vec<_>>().as_slice()) {
            ("GET", ["", "health"]) => (200, String::new(), json!({ "commit": commit })),
            ("GET", ["", "ready"]) => {
                let broken = self.broken.lock().expect("broken").clone();
                match broken.into_iter().find(|(its, _)| its == commit) {
                    Some((_, words)) => (500, String::new(), json!({ "title": words })),
                    None => (200, String::new(), json!({ "commit": commit, "figures": self.figures_of(commit) })),
                }
            }
            ("GET", ["", "l", slug]) if links.contains(*slug) => {
                (307, format!("https://example.com/{slug}"), Value::Null)
            }
            ("GET", ["", "l", _]) => problem(404),
            _ if !right => problem(401),
            ("POST", _) => {
                let body: Value = serde_json::from_slice(request.body()).expect("JSON");
                let slug = body["slug"].as_str().expect("a slug").to_owned();
                links.insert(slug.clone());
                (201, format!("/v1/links/{slug}"), Value::Null)
            }
            ("GET", ["", "v1", "links", slug]) if links.contains(*slug) => {
                (200, String::new(), json!({ "target_url": format!("https://example.com/{slug}") }))
            }
            ("GET", ["", "v1", "links", _, "stats"]) => (200, String::new(), json!({ "total": 1 })),
            ("DELETE", ["", "v1", "links", slug]) if links.remove(*slug) => (204, String::new(), Value::Null),
            _ => problem(404),
        }
    }
}

impl HttpConnector for App {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let app = self.clone();
        HttpConnectorFuture::new(async move {
            let broken = |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::io(error);
            let request = request.try_into_http1x().map_err(|error| broken(error.into()))?;
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(broken)?.to_bytes();
            if !head.uri.host().is_some_and(|host| host.ends_with(".example")) {
                let request = http::Request::from_parts(head, body);
                let trap = app.count();
                if trap.is_some_and(|trap| !trap.delivered) {
                    std::future::pending::<()>().await;
                }
                let answer = app.cloud.answer(request).await.map_err(|error| broken(error.into()))?;
                if trap.is_some_and(|trap| !trap.answered) {
                    std::future::pending::<()>().await;
                }
                return HttpResponse::try_from(answer.map(SdkBody::from)).map_err(|error| broken(error.into()));
            }
            let request = http::Request::from_parts(head, body.to_vec());
            let mut commit = None;
            let (status, location, body) = match app.route(&request) {
                None => (503, String::new(), json!({ "title": "nobody serves" })),
                Some(routed) => {
                    let its = app.commit_of(&routed.digest).unwrap_or_default();
                    if request.uri().host() == Some("www.example") {
                        *app.users.lock().expect("users").entry(its.clone()).or_default() += 1;
                    }
                    let (status, location, body) = app.answer(&request, &its);
                    commit = Some(its);
                    match routed.answer(status).await {
                        same if same == status => (status, location, body),
                        other => (other, String::new(), json!({ "title": "the cloud fails it" })),
                    }
                }
            };
            let mut answer = http::Response::builder().status(status);
            if let Some(commit) = commit {
                answer = answer.header("x-commit", commit);
            }
            if status >= 400 {
                answer = answer.header("content-type", "application/problem+json");
            }
            if !location.is_empty() {
                answer = answer.header("location", location);
            }
            let answer = answer.body(SdkBody::from(body.to_string())).map_err(|error| broken(error.into()))?;
            HttpResponse::try_from(answer).map_err(|error| broken(error.into()))
        })
    }
}
