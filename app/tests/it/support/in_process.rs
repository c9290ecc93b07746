//! The service inside the test's process, on ports of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use app::config::{self, Config, ServeArguments};
use app::serve::{Outcome, Service, Stop, Stopper};
use app::state::App;
use clap::Parser;
use hyper::{Method, StatusCode};
use serde_json::json;
use tokio::task::JoinHandle;
use url::Url;

use super::eventually;
use super::http::{self, Answer, get, post, with_token};

/// The token that the services of all tests are started with.
pub(crate) const TOKEN: &str = "token-of-the-tests-0123456789";

/// The commit that the services of all tests are told that they are.
pub(crate) const COMMIT: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

#[derive(Parser)]
#[command(args_override_self = true)]
struct Flags {
    #[command(flatten)]
    serve: ServeArguments,
}

/// A configuration with free ports, no delay, and these flags.
pub(crate) fn configuration(database: &Url, flags: &[&str]) -> Config {
    let defaults = ["serve", "--listen-address=127.0.0.1:0", "--management-address=127.0.0.1:0", "--drain-delay=0s"];
    // Flags of the test come last and win.
    let flags = Flags::parse_from(defaults.iter().chain(flags));
    let environment = |name: &str| match name {
        "DATABASE_URL" => Some(database.to_string()),
        "API_TOKEN" => Some(TOKEN.to_owned()),
        "BUILD_COMMIT" => Some(COMMIT.to_owned()),
        _ => None,
    };
    config::read(&flags.serve, &environment).expect("the flags of a test are right")
}

/// A service that runs.
pub(crate) struct TestService {
    pub(crate) address: SocketAddr,
    pub(crate) management: SocketAddr,
    pub(crate) stopper: Stopper,
    task: JoinHandle<Outcome>,
}

impl TestService {
    /// Starts a service and does not wait.
    pub(crate) fn start(database: &Url, flags: &[&str]) -> Self {
        let service = Service::bind(configuration(database, flags)).expect("port 0 is always free");
        let (stopper, stop) = Stop::channel();
        Self {
            address: service.public_address(),
            management: service.management_address(),
            stopper,
            task: tokio::spawn(service.run(stop)),
        }
    }

    /// Starts a service and waits until it is ready.
    pub(crate) async fn ready(database: &Url, flags: &[&str]) -> Self {
        let service = Self::start(database, flags);
        eventually("the service is ready", async || service.get("/ready").await.status == StatusCode::OK).await;
        service
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        http::send(self.address, get(path)).await
    }

    /// A request of the API, without a body.
    pub(crate) async fn api(&self, method: Method, path: &str) -> Answer {
        http::send(self.address, with_token(http::request(method, path))).await
    }

    pub(crate) async fn post(&self, body: &(impl ToString + ?Sized)) -> Answer {
        http::send(self.address, post("/v1/links", body)).await
    }

    /// Makes a link.
    pub(crate) async fn create(&self, slug: &str) {
        let body = json!({ "slug": slug, "target_url": format!("https://example.com/{slug}") });
        let answer = self.post(&body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    }

    /// The value of a metric, by its name with labels.
    pub(crate) async fn metric(&self, name: &str) -> i64 {
        let answer = http::send(self.management, get("/metrics")).await;
        let text = String::from_utf8(answer.body.to_vec()).expect("metrics are text");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
        line.unwrap_or_else(|| panic!("no {name} in:\n{text}"))
    }

    /// Tells the service to stop and waits until it has.
    pub(crate) async fn stop(self) -> Outcome {
        self.stopper.stop();
        self.task.await.expect("the service does not panic")
    }

    /// Waits until the service has stopped by itself.
    pub(crate) async fn stopped(self) -> Outcome {
        self.task.await.expect("the service does not panic")
    }
}

/// The state of a service that is never in contact with a database.
pub(crate) fn unconnected() -> Arc<App> {
    let nowhere = "postgres://nobody@127.0.0.1:1/nothing".parse().expect("it is a URL");
    App::new(&configuration(&nowhere, &[]))
}
