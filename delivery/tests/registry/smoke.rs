//! The questions that a deployment is asked, over the engine's own transport, of a service in memory.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use delivery::aws::Transport;
use delivery::edge::Variables;
use delivery::environment::Environment;
use delivery::evidence::Judgement;
use delivery::progress::Progress;
use delivery::secret::{Redactor, Secret};
use delivery::settings::Settings;
use delivery::smoke::{Smoke, Smoked};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cloud::commit;

const TOKEN: &str = "a-token-that-nobody-sees";

/// The service, as far as the flows use it.
#[derive(Clone, Debug, Default)]
struct Service {
    /// How many answers name the old commit first.
    old: Arc<Mutex<u32>>,
    links: Arc<Mutex<BTreeSet<String>>>,
    /// Whether it repeats in an error what it was sent.
    repeats: bool,
}

impl Service {
    fn answer(&self, method: &str, path: &str, token: Option<&str>, body: &[u8]) -> (u16, &'static str, Value) {
        let problem = |status: u16| (status, "", json!({ "title": "no" }));
        let right = token == Some(&format!("Bearer {TOKEN}"));
        let mut links = self.links.lock().expect("links");
        match (method, path.split('/').collect::<Vec<_>>().as_slice()) {
            ("GET", ["", "health" | "ready"]) => {
                let mut old = self.old.lock().expect("a count");
                let letter = if *old > 0 { 'b' } else { 'a' };
                *old = old.saturating_sub(1);
                (200, "", json!({ "commit": commit(letter) }))
            }
            ("GET", ["", "l", slug]) if links.contains(*slug) => (307, "https://example.com/", Value::Null),
            ("GET", ["", "l", _]) => problem(404),
            _ if !right => problem(401),
            ("POST", _) if self.repeats => (500, "", json!({ "you": "sent", "token": token })),
            ("POST", _) => {
                let body: Value = serde_json::from_slice(body).expect("JSON");
                links.insert(body["slug"].as_str().expect("a slug").to_owned());
                (201, "/v1/links/", Value::Null)
            }
            ("GET", ["", "v1", "links", slug]) if links.contains(*slug) => {
                (200, "", json!({ "target_url": format!("https://example.com/{slug}") }))
            }
            ("GET", ["", "v1", "links", _, "stats"]) => (200, "", json!({ "total": 1 })),
            ("DELETE", ["", "v1", "links", slug]) if links.remove(*slug) => (204, "", Value::Null),
            _ => problem(404),
        }
    }
}

impl HttpConnector for Service {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let path = request.uri().split_once("example").map_or("/", |(_, path)| path).to_owned();
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let token = request.headers().get("authorization").map(str::to_owned);
        let slug = path.rsplit('/').next().unwrap_or_default().to_owned();
        let (status, location, body) = self.answer(request.method(), &path, token.as_deref(), &body);
        let created: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        let slug = created["slug"].as_str().map_or(slug, str::to_owned);
        let mut answer = http::Response::builder().status(status);
        if status >= 400 {
            answer = answer.header("content-type", "application/problem+json");
        }
        if !location.is_empty() {
            answer = answer.header("location", format!("{location}{slug}"));
        }
        let answer = answer.body(SdkBody::from(body.to_string())).expect("an answer");
        HttpConnectorFuture::ready(Ok(HttpResponse::try_from(answer).expect("an answer")))
    }
}

const SETTINGS: &str = r#"
[service]
name = "myapp-api"
container = "app"
region = "ap-northeast-1"
repository = "myapp"
[environments.staging]
cluster = "c"
base_url = "https://staging.example"
[environments.production]
cluster = "d"
base_url = "https://www.example"
"#;

async fn smoke(service: &Service, token: Option<&str>) -> Smoked {
    let settings = Settings::parse(SETTINGS, &Variables::default()).expect("settings");
    let smoke = Smoke {
        settings: settings.environment(Environment::Staging),
        limit: Duration::from_mins(5),
        commit: &commit('a'),
        token: token.map(Secret::new),
        transport: &Transport::through(service.clone()),
        redactor: &Redactor::knowing([TOKEN]),
    };
    smoke.run(&Progress::silent()).await
}

#[tokio::test(start_paused = true)]
async fn the_right_commit_whose_flows_pass_is_well() {
    let service = Service::default();
    let smoked = smoke(&service, Some(TOKEN)).await;
    assert!(smoked.passed(), "{:?}", smoked.failure());
    assert_eq!(smoked.checks().len(), 3);
    assert!(service.links.lock().expect("links").is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_answered_well_is_asked_again_with_the_pause_and_no_longer() {
    for (old, attempts, passed) in [(2, 3, true), (3, 4, true), (4, 4, false)] {
        let service = Service { old: Arc::new(Mutex::new(old)), ..Service::default() };
        let since = Instant::now();
        let smoked = smoke(&service, Some(TOKEN)).await;
        assert_eq!(smoked.passed(), passed);
        assert_eq!(smoked.questions[0].attempts.len(), attempts);
        assert!(smoked.questions[0].attempts[0].seen.contains("bbbbbbbbbbbb, expected aaaaaaaaaaaa"));
        assert!(since.elapsed() >= Duration::from_secs(5) * u32::try_from(attempts - 1).expect("few"));
        if !passed {
            assert_eq!(smoked.questions.len(), 1, "nothing else is asked of the wrong release");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn flows_without_a_token_are_no_pass() {
    let smoked = smoke(&Service::default(), None).await;
    assert!(!smoked.passed());
    assert_eq!(smoked.questions.last().expect("flows").judgement, Judgement::Errored);
    assert!(smoked.failure().expect("why").contains("SLIPWAY_STAGING_API_TOKEN is not set"));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_service_repeats_is_in_no_attempt() {
    let service = Service { repeats: true, ..Service::default() };
    let smoked = smoke(&service, Some(TOKEN)).await;
    let text = format!("{smoked:?} {:?} {}", smoked.failure(), serde_json::to_string(&smoked).expect("JSON"));
    assert!(text.contains("status 500") && !text.contains(TOKEN), "{text}");
}
