//! A cloud in memory behind the engine's transport.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use delivery::aws::{Clients, Transport};
use delivery::edge::{Clock, Edge, Random, Stop, Stopper, Variables};
use delivery::registry::Registry;
use delivery::release::{Commit, Release};
use jiff::Timestamp;
use rehearsal::faults::{ApiFault, ApiRule};
use rehearsal::registry::Mutability;
use rehearsal::{Cloud, CloudOptions, Scale};

use crate::direct;
use crate::in_memory::InMemory;

pub(crate) const HOST: &str = "127.0.0.1:5000";
pub(crate) const REPOSITORY: &str = "myapp";

/// Where every clock starts.
pub(crate) fn start() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().expect("a time")
}

/// A cloud with one immutable repository, and the engine's way to it.
pub(crate) struct Scene {
    pub(crate) cloud: Cloud,
    pub(crate) clients: Clients,
    pub(crate) registry: Registry,
    pub(crate) edge: Edge,
    _stopper: Stopper,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(Mutability::immutable_except(&["*-latest"]))
    }

    pub(crate) fn with(mutability: Mutability) -> Self {
        let cloud = Cloud::new(CloudOptions {
            region: "ap-northeast-1".to_owned(),
            account: "123456789012".to_owned(),
            scale: Scale::REAL,
            seed: 1,
            registry_host: HOST.to_owned(),
            start: start(),
        });
        cloud.registry().create_repository(REPOSITORY, mutability, start());
        let transport = Transport::through(InMemory(cloud.clone()));
        let clients = Clients::over(transport, &format!("http://{HOST}"), "ap-northeast-1").expect("clients");
        let registry = Registry::new(&clients, REPOSITORY);
        let (stopper, stop) = Stop::pair();
        let drawn = Arc::new(AtomicU64::new(0));
        let edge = Edge {
            clock: Clock::simulated(start()),
            variables: Variables::default(),
            random: Random::new(move || drawn.fetch_add(1, Ordering::Relaxed).into()),
            stop,
        };
        Self { cloud, clients, registry, edge, _stopper: stopper }
    }

    /// The next calls of an operation end like this; those of the registry are named by their method.
    pub(crate) fn fault(&self, operation: &str, fault: ApiFault, after: u64, times: u64) {
        let rule = ApiRule { after, ..ApiRule::times(operation, fault, times) };
        self.cloud.faults(|faults| faults.add_call(rule));
    }

    /// The operations that were called, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.cloud.snapshot().calls.into_iter().map(|call| call.operation).collect()
    }

    /// How often an operation was called.
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.calls().iter().filter(|call| *call == operation).count()
    }

    /// Puts an image there without any push of ours.
    pub(crate) fn seed(&self, commit: &Commit) -> Release {
        let environment = [("BUILD_COMMIT", commit.as_str())];
        let digest = self.cloud.registry().seed(REPOSITORY, Some(commit.as_str()), &environment, start());
        Release { commit: commit.clone(), digest: digest.expect("it is taken").as_str().parse().expect("a digest") }
    }

    /// Asks a service of the cloud directly.
    pub(crate) async fn ask(&self, target: &str, body: serde_json::Value) -> String {
        direct::ask(&self.cloud, target, &body).await
    }
}

pub(crate) fn commit(letter: char) -> Commit {
    letter.to_string().repeat(40).parse().expect("a commit")
}
