//! A runtime for histories on tokio's paused clock: tasks that start, become ready, crash and end by
//! the book and by a seed, without a process anywhere.
//!
//! It also plays the load balancer's part: a task with a port becomes healthy after a few checks, and
//! [`Simulation::route`] says what becomes of a request.

mod checks;
mod route;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::sync::watch;

use crate::cloud::WeakCloud;
use crate::faults::play::Play;
use crate::network::Network;
use crate::world::{Launch, Report, Reports as _, Runtime, TaskArn, TaskFault};
use crate::{Cloud, Scale};

pub use self::route::{Entrance, Routed};

/// What a one-off task does before it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOff {
    /// What it writes.
    pub lines: Vec<String>,
    /// How long it runs, as it would in AWS.
    pub runs: Duration,
    /// How it ends.
    pub code: i32,
}

impl Default for OneOff {
    fn default() -> Self {
        Self { lines: vec!["done".to_owned()], runs: Duration::from_secs(2), code: 0 }
    }
}

/// How a simulation goes; durations as they would be in AWS.
#[derive(Clone)]
pub struct SimulationOptions {
    /// What chances are made from.
    pub seed: u64,
    /// How long a task takes from its launch until it runs.
    pub start_up: RangeInclusive<Duration>,
    /// How long a task takes from SIGTERM to its end.
    pub stop: Duration,
    /// What one-off tasks do.
    pub one_off: Arc<dyn Fn(&Launch) -> OneOff + Send + Sync>,
    /// What every answer to a request takes; like all answers, it is not scaled.
    pub network: Network,
}

impl Default for SimulationOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            start_up: Duration::from_secs(2)..=Duration::from_secs(12),
            stop: Duration::from_secs(1),
            one_off: Arc::new(|_| OneOff::default()),
            network: Network::default(),
        }
    }
}

impl fmt::Debug for SimulationOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SimulationOptions").field("seed", &self.seed).finish_non_exhaustive()
    }
}

/// A runtime that only pretends. A clone is another handle.
#[derive(Clone)]
pub struct Simulation(Arc<Inner>);

struct Inner {
    /// Weak, since the cloud holds its runtime.
    cloud: WeakCloud,
    scale: Scale,
    options: SimulationOptions,
    state: Mutex<State>,
}

struct State {
    random: StdRng,
    launches: Vec<Launch>,
    tasks: BTreeMap<TaskArn, Task>,
    router: route::Router,
}

/// A task that has been launched and has not ended.
struct Task {
    asked: watch::Sender<Asked>,
    digest: String,
    play: Arc<Play>,
}

/// What somebody wants of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Nothing,
    Stop,
    Crash(i32),
}

impl Simulation {
    /// Gives a cloud a simulation by the book, within tokio.
    #[must_use]
    pub fn attach(cloud: &Cloud) -> Self {
        Self::attach_with(cloud, SimulationOptions::default())
    }

    /// Gives a cloud a simulation, within tokio.
    #[must_use]
    pub fn attach_with(cloud: &Cloud, options: SimulationOptions) -> Self {
        let random = StdRng::seed_from_u64(options.seed);
        let router = route::Router::new(options.seed);
        let state = Mutex::new(State { random, launches: Vec::new(), tasks: BTreeMap::new(), router });
        let simulation = Self(Arc::new(Inner { cloud: cloud.downgrade(), scale: cloud.scale(), options, state }));
        cloud.attach(Arc::new(simulation.clone()));
        simulation
    }

    /// Everything that was launched so far, the oldest first.
    #[must_use]
    pub fn launches(&self) -> Vec<Launch> {
        self.0.lock().launches.clone()
    }

    /// The tasks that have been launched and have not ended.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskArn> {
        self.0.lock().tasks.keys().cloned().collect()
    }

    /// Ends a task with this exit code, as if it had crashed; whether there is such a task.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn crash(&self, task: &str, code: i32) -> bool {
        self.0.lock().tasks.get(task).is_some_and(|task| task.asked.send(Asked::Crash(code)).is_ok())
    }

    /// The health checks of a task change their mind.
    pub fn turn(&self, task: &str, healthy: bool) {
        self.0.report(&task.to_owned(), Report::TargetHealth { healthy });
    }
}

impl Runtime for Simulation {
    fn start(&self, launch: Launch) {
        let (asked, orders) = watch::channel(Asked::Nothing);
        let (start_up, port) = {
            let mut state = self.0.lock();
            state.launches.push(launch.clone());
            let play = Play::new(&launch.task, launch.fault.clone());
            state.tasks.insert(launch.task.clone(), Task { asked, digest: launch.digest.clone(), play });
            let range = &self.0.options.start_up;
            let seconds = state.random.random_range(range.start().as_secs_f64()..=range.end().as_secs_f64());
            (self.0.scale.of(Duration::from_secs_f64(seconds)), state.launches.len())
        };
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move {
            let task = launch.task.clone();
            let end = inner.live(launch, start_up, port, orders).await;
            inner.lock().tasks.remove(&task);
            inner.report(&task, end);
        });
    }

    fn stop(&self, task: &TaskArn) {
        if let Some(task) = self.0.lock().tasks.get(task) {
            task.asked.send_replace(Asked::Stop);
        }
    }

    fn kill(&self, task: &TaskArn, code: i32) {
        self.crash(task, code);
    }
}

impl Inner {
    /// A task from its start to its end.
    async fn live(
        &self,
        launch: Launch,
        start_up: Duration,
        place: usize,
        mut orders: watch::Receiver<Asked>,
    ) -> Report {
        if let Some(reason) = launch.fault.as_ref().and_then(TaskFault::cannot_start) {
            tokio::time::sleep(start_up).await;
            return Report::CannotStart { reason: reason.to_owned() };
        }
        tokio::select! {
            () = tokio::time::sleep(start_up) => {}
            end = self.told(&mut orders) => return end,
        }
        let address = launch.port.map(|port| address(place, port));
        self.report(&launch.task, Report::Running { address });
        tokio::select! {
            end = self.told(&mut orders) => end,
            end = self.crash(launch.fault.as_ref()) => end,
            () = self.checks(&launch) => std::future::pending().await,
            end = self.one_off(&launch) => end,
        }
    }

    async fn told(&self, orders: &mut watch::Receiver<Asked>) -> Report {
        let asked = orders.wait_for(|asked| *asked != Asked::Nothing).await.map_or(Asked::Stop, |asked| *asked);
        match asked {
            Asked::Crash(code) => Report::Exited { code },
            Asked::Nothing | Asked::Stop => {
                tokio::time::sleep(self.scale.of(self.options.stop)).await;
                Report::Exited { code: 0 }
            }
        }
    }

    async fn crash(&self, fault: Option<&TaskFault>) -> Report {
        let Some((after, code)) = fault.and_then(TaskFault::crash) else { return std::future::pending().await };
        tokio::time::sleep(after).await;
        Report::Exited { code }
    }

    async fn one_off(&self, launch: &Launch) -> Report {
        if launch.service.is_some() {
            return std::future::pending().await;
        }
        let OneOff { lines, runs, code } = (self.options.one_off)(launch);
        for line in lines {
            self.report(&launch.task, Report::Log { line });
        }
        tokio::time::sleep(self.scale.of(runs)).await;
        Report::Exited { code }
    }

    fn report(&self, task: &TaskArn, report: Report) {
        if let Some(cloud) = self.cloud.upgrade() {
            cloud.report(task, report);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An address that no other task has.
fn address(place: usize, port: u16) -> SocketAddr {
    let place = u32::try_from(place % 0xff_ffff).unwrap_or_default();
    (std::net::Ipv4Addr::from(0x0a00_0000 + place), port).into()
}

#[cfg(test)]
mod tests;
