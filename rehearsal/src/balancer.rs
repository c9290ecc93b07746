//! The load balancer: real HTTP/1.1 between real sockets, as an Application Load Balancer does it.
//!
//! It learns its targets from the cloud, checks each, reports what it finds, and sends requests to
//! those that pass. What it does not do: TLS, HTTP/2, upgrades, stickiness.
//!
//! **Invariant**: a target that the cloud has deregistered gets no new request, not even one that
//! is decided in the same instant: every choice looks at the cloud's targets as they are.
//!
//! **Invariant**: a request is sent once. It goes to another connection only when nothing of it was
//! written to the first, which is what makes a connection that was closed while idle harmless; when
//! anything was, the answer is 502, as AWS's is.

mod check;
mod choice;
mod connections;
mod counts;
mod endpoint;
mod forward;
mod group;
mod health;
mod listener;
mod refusal;
pub(crate) mod turns;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use self::group::Group;
use self::listener::{Listener, Plan};
use self::turns::Turns;
use crate::TargetGroup;
use crate::metrics::Sample;
use crate::network::Network;
use crate::world::{Reports, TaskArn, TaskFault};

pub(crate) use self::choice::share;
pub use self::counts::{Counts, GroupCounts};
pub use self::listener::Address;

/// Where a balancer learns its targets from.
pub trait Targets: Send + Sync + 'static {
    /// Every target group as it is now.
    fn target_groups(&self) -> Vec<TargetGroup>;
    /// Every listener rule as it is now.
    fn rules(&self) -> Vec<Rule> {
        Vec::new()
    }
    /// Takes what became of a request.
    fn record(&self, _sample: &Sample) {}
    /// What the way to targets takes, where it is not what the balancer's options say.
    fn network(&self) -> Option<Network> {
        None
    }
    /// Changes whenever what the other methods say does, and before anybody acts on the change.
    fn watch_targets(&self) -> watch::Receiver<u64>;
}

impl Targets for crate::Cloud {
    fn target_groups(&self) -> Vec<TargetGroup> {
        self.target_groups()
    }

    fn record(&self, sample: &Sample) {
        self.record(sample);
    }

    fn rules(&self) -> Vec<Rule> {
        let forward = |(group, weight)| Forward { group, weight };
        let rule = |rule: crate::ListenerRule| Rule {
            arn: rule.arn,
            of_users: rule.kind == crate::RuleKind::Production,
            forward: rule.forward.into_iter().map(forward).collect(),
        };
        self.listener_rules().into_iter().map(rule).collect()
    }

    fn network(&self) -> Option<Network> {
        self.network()
    }

    fn watch_targets(&self) -> watch::Receiver<u64> {
        self.watch_targets()
    }
}

/// What is done to tasks on purpose: a balancer plays the part of it that is about requests.
pub trait Faulty: Send + Sync + 'static {
    /// The fault that a task was started with.
    fn fault_of(&self, task: &TaskArn) -> Option<TaskFault>;
    /// Ends a task at once, with this exit code.
    fn kill(&self, task: &TaskArn, code: i32);
}

/// The limits of a balancer; the defaults are AWS's.
#[derive(Clone, Copy, Debug)]
pub struct BalancerOptions {
    /// How long a connection to a target may take to be made; 504 after it.
    pub connect_timeout: Duration,
    /// How long either side may be silent; 504 when it is the target, before its answer.
    pub idle_timeout: Duration,
    /// What the way to the targets takes.
    pub network: Network,
    /// What its chances are made from.
    pub seed: u64,
}

impl Default for BalancerOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            network: Network::default(),
            seed: 1,
        }
    }
}

/// Where the requests of a listener go: a target group, by name, and its share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The name of the target group.
    pub group: String,
    /// Its share, relative to the others.
    pub weight: u32,
}

/// A listener rule: where its requests go is the cloud's to say, and may change at any time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its ARN.
    pub arn: String,
    /// Whether its requests are those of users, and not of whoever tries a release before them.
    pub of_users: bool,
    /// Where its requests go.
    pub forward: Vec<Forward>,
}

/// A load balancer with its listeners. Ends with its last handle.
#[derive(Clone)]
pub struct Balancer {
    inner: Arc<Inner>,
    tasks: Arc<Mutex<JoinSet<()>>>,
}

pub(crate) struct Inner {
    options: BalancerOptions,
    source: Arc<dyn Targets>,
    reports: Arc<dyn Reports>,
    faults: Arc<dyn Faulty>,
    groups: Mutex<Groups>,
    random: Mutex<StdRng>,
}

struct Groups {
    by_name: BTreeMap<String, Arc<Group>>,
    rules: Vec<Rule>,
    changes: watch::Receiver<u64>,
}

impl Balancer {
    /// A balancer without listeners, which checks its targets from now on.
    #[must_use]
    pub fn new(
        source: Arc<dyn Targets>,
        reports: Arc<dyn Reports>,
        faults: Arc<dyn Faulty>,
        options: BalancerOptions,
    ) -> Self {
        let mut changes = source.watch_targets();
        changes.mark_changed();
        let groups = Mutex::new(Groups { by_name: BTreeMap::new(), rules: Vec::new(), changes: changes.clone() });
        let random = Mutex::new(StdRng::seed_from_u64(options.seed));
        let inner = Arc::new(Inner { options, source, reports, faults, groups, random });
        let mut tasks = JoinSet::new();
        let follower = Arc::clone(&inner);
        tasks.spawn(async move {
            while changes.changed().await.is_ok() {
                follower.refresh();
            }
        });
        Self { inner, tasks: Arc::new(Mutex::new(tasks)) }
    }

    /// Listens on a port of 127.0.0.1, a free one for 0, for users whose requests always go there.
    pub async fn listen(&self, port: u16, forward: Vec<Forward>) -> io::Result<Address> {
        self.listen_as(port, Plan::Fixed(forward)).await
    }

    /// Listens on a port of 127.0.0.1, a free one for 0, and sends requests where the rule of this
    /// ARN says at the moment when each comes. While there is no such rule the answer is 503.
    pub async fn listen_by_rule(&self, port: u16, rule: &str) -> io::Result<Address> {
        self.listen_as(port, Plan::Rule(rule.to_owned())).await
    }

    async fn listen_as(&self, port: u16, plan: Plan) -> io::Result<Address> {
        let socket = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = Address { socket: socket.local_addr()? };
        let listener = Listener { balancer: Arc::clone(&self.inner), turns: Mutex::new(Turns::default()), plan };
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(listener.run(socket));
        Ok(address)
    }

    /// What has been counted since the start.
    #[must_use]
    pub fn counts(&self) -> Vec<GroupCounts> {
        self.inner.with_groups(|groups| groups.by_name.values().map(|group| group.counts()).collect())
    }
}

impl Inner {
    /// Brings the groups to what the cloud says, when that has changed.
    fn refresh(self: &Arc<Self>) {
        self.with_groups(|_| ());
    }

    fn with_groups<T>(self: &Arc<Self>, look: impl FnOnce(&Groups) -> T) -> T {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        // Marked before it is read: a change that comes meanwhile is seen the next time.
        if groups.changes.has_changed().unwrap_or(false) {
            groups.changes.mark_unchanged();
            // Rules are read after groups: who has just been given requests was registered long before,
            // and who has just left may still be asked.
            for now in self.source.target_groups() {
                let group = groups.by_name.entry(now.name.clone()).or_insert_with(|| Group::new(&now));
                group.update(now, self);
            }
            groups.rules = self.source.rules();
        }
        look(&groups)
    }

    /// How long the way of the next answer takes.
    fn delay(&self) -> Duration {
        let network = self.source.network().unwrap_or(self.options.network);
        network.delay(&mut self.random.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests;
