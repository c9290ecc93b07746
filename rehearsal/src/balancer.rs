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
mod connections;
mod counts;
mod endpoint;
mod forward;
mod group;
mod health;
mod listener;
mod refusal;
mod turns;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::group::Group;
use self::listener::Listener;
use self::turns::Turns;
use crate::TargetGroup;
use crate::world::{Reports, TaskArn, TaskFault};

pub use self::counts::{Counts, GroupCounts};
pub use self::listener::Address;

/// Where a balancer learns its targets from.
pub trait Targets: Send + Sync + 'static {
    /// Every target group as it is now.
    fn target_groups(&self) -> Vec<TargetGroup>;
    /// Changes whenever what the other method says does, and before anybody acts on the change.
    fn watch_targets(&self) -> watch::Receiver<u64>;
}

impl Targets for crate::Cloud {
    fn target_groups(&self) -> Vec<TargetGroup> {
        self.target_groups()
    }

    fn watch_targets(&self) -> watch::Receiver<u64> {
        self.watch_targets()
    }
}

/// Says what is to be done to the requests of a task.
pub type FaultOf = Arc<dyn Fn(&TaskArn) -> Option<TaskFault> + Send + Sync>;

/// The limits of a balancer; the defaults are AWS's.
#[derive(Clone, Copy, Debug)]
pub struct BalancerOptions {
    /// How long a connection to a target may take to be made; 504 after it.
    pub connect_timeout: Duration,
    /// How long either side may be silent; 504 when it is the target, before its answer.
    pub idle_timeout: Duration,
}

impl Default for BalancerOptions {
    fn default() -> Self {
        Self { connect_timeout: Duration::from_secs(10), idle_timeout: Duration::from_mins(1) }
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
    fault_of: FaultOf,
    groups: Mutex<Groups>,
}

struct Groups {
    by_name: BTreeMap<String, Arc<Group>>,
    changes: watch::Receiver<u64>,
}

impl Balancer {
    /// A balancer without listeners, which checks its targets from now on.
    #[must_use]
    pub fn new(
        source: Arc<dyn Targets>,
        reports: Arc<dyn Reports>,
        fault_of: FaultOf,
        options: BalancerOptions,
    ) -> Self {
        let mut changes = source.watch_targets();
        changes.mark_changed();
        let groups = Mutex::new(Groups { by_name: BTreeMap::new(), changes: changes.clone() });
        let inner = Arc::new(Inner { options, source, reports, fault_of, groups });
        let mut tasks = JoinSet::new();
        let follower = Arc::clone(&inner);
        tasks.spawn(async move {
            while changes.changed().await.is_ok() {
                follower.refresh();
            }
        });
        Self { inner, tasks: Arc::new(Mutex::new(tasks)) }
    }

    /// Listens on a port of 127.0.0.1, a free one for 0.
    pub async fn listen(&self, port: u16, forward: Vec<Forward>) -> io::Result<Address> {
        let socket = TcpListener::bind(("127.0.0.1", port)).await?;
        let (sender, receiver) = watch::channel(forward);
        let address = Address { socket: socket.local_addr()?, forward: sender };
        let listener = Listener { balancer: Arc::clone(&self.inner), turns: Mutex::new(Turns::default()), receiver };
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(listener.run(socket));
        Ok(address)
    }

    /// What has been counted since the start.
    #[must_use]
    pub fn counts(&self) -> Vec<GroupCounts> {
        self.inner.with_groups(|groups| groups.values().map(|group| group.counts()).collect())
    }
}

impl Inner {
    /// Brings the groups to what the cloud says, when that has changed.
    fn refresh(self: &Arc<Self>) {
        self.with_groups(|_| ());
    }

    fn group(self: &Arc<Self>, name: &str) -> Option<Arc<Group>> {
        self.with_groups(|groups| groups.get(name).cloned())
    }

    fn with_groups<T>(self: &Arc<Self>, look: impl FnOnce(&BTreeMap<String, Arc<Group>>) -> T) -> T {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        // Marked before it is read: a change that comes meanwhile is seen the next time.
        if groups.changes.has_changed().unwrap_or(false) {
            groups.changes.mark_unchanged();
            for now in self.source.target_groups() {
                let group = groups.by_name.entry(now.name.clone()).or_insert_with(|| Group::new(&now.name));
                group.update(now, self);
            }
        }
        look(&groups.by_name)
    }
}

#[cfg(test)]
mod tests;
