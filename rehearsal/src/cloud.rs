//! The cloud as others see it: a cheap handle that takes requests and reports.

mod control;
mod entrance;
#[cfg(test)]
mod tests;
mod tick;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::clock::{Clock, Scale};
use crate::faults::{ApiFault, Faults};
use crate::metrics::{Metrics, Sample};
use crate::model::listeners::{ListenerRule, ListenerRuleOptions};
use crate::model::targets::{Target, TargetGroup, TargetGroupOptions};
use crate::model::{Command, Identity, State};
use crate::network::Network;
use crate::registry::Registry;
use crate::snapshot::{CallView, Snapshot};
use crate::wire;
use crate::world::{Report, Reports, Runtime, TaskArn};

/// How a cloud begins.
#[derive(Clone, Debug)]
pub struct CloudOptions {
    /// Its region.
    pub region: String,
    /// Its account, twelve digits.
    pub account: String,
    /// By how much durations are shortened.
    pub scale: Scale,
    /// What names and chances are made from.
    pub seed: u64,
    /// The host and port of its registry, as image names have it: where `handle` is reached.
    pub registry_host: String,
    /// The time of day at the start.
    pub start: Timestamp,
}

/// The answer was made and got lost: whoever serves the cloud breaks the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection broke before the answer")]
pub struct ConnectionLost;

enum Outcome {
    Answered(Response<Bytes>),
    Lost,
    Hangs,
}

/// A handle on a cloud.
#[derive(Clone, Debug)]
pub struct Cloud(Arc<Inner>);

/// A handle that does not keep a cloud alive, for what the cloud itself holds.
#[derive(Clone, Debug)]
pub(crate) struct WeakCloud(std::sync::Weak<Inner>);

impl WeakCloud {
    /// The cloud, as long as anybody else holds it.
    pub(crate) fn upgrade(&self) -> Option<Cloud> {
        self.0.upgrade().map(Cloud)
    }
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    shared: Mutex<Shared>,
    /// The account's, beside the lock: every request that a balancer forwards is recorded.
    metrics: Metrics,
    /// What the way to targets takes, when anybody said so.
    network: Mutex<Option<Network>>,
    /// Counts the changes of targets, for balancers.
    targets: watch::Sender<u64>,
    /// Told when there may be something earlier to do than the ticker waits for.
    sooner: Arc<tokio::sync::Notify>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").field("state", &self.state).finish_non_exhaustive()
    }
}

struct Shared {
    state: State,
    runtime: Option<Arc<dyn Runtime>>,
    calls: Vec<CallView>,
    ticking: bool,
}

impl Cloud {
    /// A cloud without anything in it.
    #[must_use]
    pub fn new(options: CloudOptions) -> Self {
        let CloudOptions { region, account, scale, seed, registry_host, start } = options;
        let state = State::new(Identity { region, account, registry_host }, scale, seed);
        let metrics = state.account.metrics.clone();
        let shared = Shared { state, runtime: None, calls: Vec::new(), ticking: false };
        Self(Arc::new(Inner {
            clock: Clock::starting_at(start),
            shared: Mutex::new(shared),
            metrics,
            network: Mutex::new(None),
            targets: watch::Sender::new(0),
            sooner: Arc::default(),
        }))
    }

    /// Gives the cloud what runs its tasks. Within tokio, time also begins to have its effects by
    /// itself from now on.
    pub fn attach(&self, runtime: Arc<dyn Runtime>) {
        let mut shared = self.lock();
        shared.runtime = Some(runtime);
        let tick = !std::mem::replace(&mut shared.ticking, true);
        drop(shared);
        if tick && let Ok(tokio) = tokio::runtime::Handle::try_current() {
            tokio.spawn(tick::run(Arc::downgrade(&self.0), Arc::clone(&self.0.sooner)));
        }
        self.advance();
    }

    /// A handle that does not keep it alive.
    pub(crate) fn downgrade(&self) -> WeakCloud {
        WeakCloud(Arc::downgrade(&self.0))
    }

    /// Where the registry is reached, when that is known only after the start.
    pub fn set_registry_host(&self, host: &str) {
        let mut shared = self.lock();
        host.clone_into(&mut shared.state.identity.registry_host);
        shared.state.account.registry.set_host(host);
    }

    /// The registry, for runtimes that need the files of an image.
    #[must_use]
    pub fn registry(&self) -> Registry {
        self.lock().state.account.registry.clone()
    }

    /// The time of day in the cloud.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// By how much durations are shortened.
    #[must_use]
    pub fn scale(&self) -> Scale {
        self.lock().state.scale
    }

    /// Answers a request; an answer that is lost, and a call that hangs, never return.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        match self.answer(request).await {
            Ok(response) => response,
            Err(ConnectionLost) => std::future::pending().await,
        }
    }

    /// Answers a request, or says that the connection is to be broken. A call that hangs never returns.
    pub async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ConnectionLost> {
        match self.serve(request) {
            Outcome::Answered(response) => Ok(response),
            Outcome::Lost => Err(ConnectionLost),
            Outcome::Hangs => std::future::pending().await,
        }
    }

    fn serve(&self, request: Request<Bytes>) -> Outcome {
        if request.uri().path().starts_with("/_rehearsal/") {
            return Outcome::Answered(control::answer(self, &request));
        }
        let mut shared = self.lock();
        let now = self.0.clock.now();
        shared.state.advance(now);
        let request_id = shared.state.ids.uuid();
        let asked = match wire::asked(&request) {
            Ok(asked) => asked,
            Err(error) => {
                shared.note(now, "", "", error.code);
                return Outcome::Answered(wire::refuse(&request, error, &request_id));
            }
        };
        let fault = shared.state.faults.call(&asked.operation);
        if let Some(error) = fault.and_then(refusal) {
            shared.note(now, asked.service, &asked.operation, error.code);
            return Outcome::Answered(wire::refuse(&request, error, &request_id));
        }
        if fault == Some(ApiFault::Hang) {
            shared.note(now, asked.service, &asked.operation, "hang");
            return Outcome::Hangs;
        }
        let (response, outcome) = wire::answer(&mut shared.state, &asked, &wire::Incoming { request, now, request_id });
        let outcome = if fault.is_some() { format!("{outcome}, answer lost") } else { outcome };
        shared.note(now, asked.service, &asked.operation, &outcome);
        // What was asked for has its effects at once.
        shared.state.advance(now);
        self.settle(shared);
        if fault.is_some() { Outcome::Lost } else { Outcome::Answered(response) }
    }

    /// Lets everything happen that is due.
    pub fn advance(&self) {
        let mut shared = self.lock();
        shared.state.advance(self.0.clock.now());
        self.settle(shared);
    }

    /// What is to go wrong.
    pub fn faults<T>(&self, change: impl FnOnce(&mut Faults) -> T) -> T {
        change(&mut self.lock().state.faults)
    }

    /// The targets of a group, by its name or ARN; none when there is no such group.
    #[must_use]
    pub fn targets(&self, target_group: &str) -> Vec<Target> {
        let found = |group: &TargetGroup| group.name == target_group || group.arn == target_group;
        self.target_groups().into_iter().find(found).map(|group| group.targets).unwrap_or_default()
    }

    /// Every target group as it is now.
    #[must_use]
    pub fn target_groups(&self) -> Vec<TargetGroup> {
        self.lock().state.targets.all().to_vec()
    }

    /// The target group that a task is in.
    pub(crate) fn group_of(&self, task: &str) -> Option<TargetGroup> {
        let holds = |group: &TargetGroup| group.targets.iter().any(|target| target.task == task);
        self.target_groups().into_iter().find(holds)
    }

    /// Makes a target group, or changes how it is checked; its ARN.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn put_target_group(&self, options: &TargetGroupOptions) -> String {
        let mut shared = self.lock();
        let arn = shared.state.put_target_group(options);
        self.settle(shared);
        arn
    }

    /// Every listener rule as it is now.
    #[must_use]
    pub fn listener_rules(&self) -> Vec<ListenerRule> {
        self.lock().state.listener_rules()
    }

    /// Makes a listener rule, or has one begin anew; its ARN.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn put_listener_rule(&self, options: &ListenerRuleOptions) -> String {
        let mut shared = self.lock();
        let arn = shared.state.put_listener_rule(options);
        self.settle(shared);
        arn
    }

    /// Changes when any target does: registered, moved in or out of rotation, draining, gone; and when
    /// a listener rule sends requests elsewhere.
    #[must_use]
    pub fn watch_targets(&self) -> watch::Receiver<u64> {
        self.0.targets.subscribe()
    }

    /// What the way from load balancers to targets takes from now on, whatever their own options say.
    pub fn set_network(&self, network: Network) {
        *self.0.network.lock().unwrap_or_else(PoisonError::into_inner) = Some(network);
    }

    /// What the way from load balancers to targets takes, when anybody said so.
    #[must_use]
    pub fn network(&self) -> Option<Network> {
        *self.0.network.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request that a load balancer has seen to its end.
    pub fn record(&self, sample: &Sample) {
        self.0.metrics.record(sample, self.0.clock.now());
    }

    /// The whole cloud at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut shared = self.lock();
        let now = self.0.clock.now();
        shared.state.advance(now);
        let snapshot = Snapshot {
            at: now,
            services: shared.state.service_views(),
            tasks: shared.state.task_views(),
            target_groups: shared.state.targets.all().to_vec(),
            listener_rules: shared.state.listener_rules(),
            calls: shared.calls.clone(),
        };
        self.settle(shared);
        snapshot
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries out what the model decided, and tells those who wait for it.
    fn settle(&self, mut shared: MutexGuard<'_, Shared>) {
        let runtime = shared.runtime.clone();
        // Without a runtime they wait for one.
        let commands = if runtime.is_some() { shared.state.take_commands() } else { Vec::new() };
        let targets_changed = shared.state.targets.take_changed() | shared.state.listeners.take_changed();
        if targets_changed {
            let balancer = |group: &TargetGroup| shared.state.listeners.balancers_of(&group.arn);
            self.0.metrics.record_hosts(shared.state.targets.all(), balancer, self.0.clock.now());
        }
        // A runtime may report at once, which takes the lock again.
        drop(shared);
        if targets_changed {
            self.0.targets.send_modify(|generation| *generation += 1);
        }
        self.0.sooner.notify_one();
        let Some(runtime) = runtime else { return };
        for command in commands {
            match command {
                Command::Start(launch) => runtime.start(*launch),
                Command::Stop(task) => runtime.stop(&task),
            }
        }
    }
}

impl Reports for Cloud {
    fn report(&self, task: &TaskArn, report: Report) {
        let mut shared = self.lock();
        let now = self.0.clock.now();
        shared.state.advance(now);
        shared.state.report(task, report, now);
        shared.state.advance(now);
        self.settle(shared);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.sooner.notify_one();
    }
}

impl Shared {
    fn note(&mut self, at: Timestamp, service: &str, operation: &str, outcome: &str) {
        let [service, operation, outcome] = [service, operation, outcome].map(str::to_owned);
        self.calls.push(CallView { at, service, operation, outcome });
    }
}

/// What a fault says instead of an answer; none for those that say nothing.
fn refusal(fault: ApiFault) -> Option<wire::json::Error> {
    let client = wire::json::Error::client;
    match fault {
        ApiFault::Throttle => Some(client("ThrottlingException", "Rate exceeded")),
        ApiFault::ExpiredToken => {
            Some(client("ExpiredTokenException", "The security token included in the request is expired"))
        }
        ApiFault::ServerError => Some(wire::json::Error {
            status: http::StatusCode::INTERNAL_SERVER_ERROR,
            code: "InternalServerError",
            message: "a fault of the rehearsal".to_owned(),
        }),
        ApiFault::Hang | ApiFault::LostAnswer => None,
    }
}
