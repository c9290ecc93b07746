//! A cloud's part in the tests of the balancer: targets that a test decides about.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::super::*;
use crate::world::Report;
use crate::{HealthCheck, Target, TargetState};

/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(20);

/// What a target answers.
#[derive(Default)]
pub(super) struct Behaviour {
    /// Fails its checks.
    pub(super) unready: AtomicBool,
    /// Reads requests and answers none until told.
    pub(super) silent: AtomicBool,
    /// Takes this many milliseconds over an answer.
    pub(super) slowness: AtomicU64,
    /// Says `Connection: close`.
    pub(super) closing: AtomicBool,
    /// Reads a request and closes the connection.
    pub(super) rude: AtomicBool,
    pub(super) answered: AtomicU64,
    pub(super) checked: AtomicU64,
    pub(super) connections: AtomicU32,
    pub(super) go_on: Notify,
    pub(super) last: Mutex<String>,
}

impl Behaviour {
    async fn converse(&self, mut stream: TcpStream) {
        let mut buffer = vec![0; 8192];
        loop {
            let Ok(count @ 1..) = stream.read(&mut buffer).await else { return };
            // A request of these tests comes in one piece.
            let request = String::from_utf8_lossy(&buffer[..count]).into_owned();
            if request.starts_with("GET /ready ") {
                self.checked.fetch_add(1, Ordering::Relaxed);
                let status = if self.unready.load(Ordering::Relaxed) { "503 Service Unavailable" } else { "200 OK" };
                let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
                return;
            }
            *self.last.lock().expect("lock") = request;
            if self.rude.load(Ordering::Relaxed) {
                return;
            }
            if self.silent.load(Ordering::Relaxed) {
                self.go_on.notified().await;
            }
            let slowness = self.slowness.load(Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(slowness)).await;
            self.answered.fetch_add(1, Ordering::Relaxed);
            let closing = self.closing.load(Ordering::Relaxed);
            let connection = if closing { "connection: close\r\n" } else { "" };
            let head = "HTTP/1.1 200 OK\r\nx-commit: c0ffee\r\n";
            let answer = format!("{head}{connection}content-length: 2\r\n\r\nok");
            if stream.write_all(answer.as_bytes()).await.is_err() || closing {
                return;
            }
        }
    }
}

/// A target that listens.
pub(super) struct Served {
    pub(super) address: SocketAddr,
    pub(super) behaviour: Arc<Behaviour>,
    pub(super) accepting: tokio::task::JoinHandle<()>,
}

pub(super) async fn serve() -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let address = listener.local_addr().expect("address");
    let behaviour = Arc::new(Behaviour::default());
    let shared = Arc::clone(&behaviour);
    let accepting = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            shared.connections.fetch_add(1, Ordering::Relaxed);
            let shared = Arc::clone(&shared);
            tokio::spawn(async move { shared.converse(stream).await });
        }
    });
    Served { address, behaviour, accepting }
}

/// The cloud's part: targets that the test decides about, and the reports that come back.
pub(super) struct Stage {
    pub(super) groups: Mutex<Vec<TargetGroup>>,
    rules: Mutex<Vec<Rule>>,
    changes: watch::Sender<u64>,
    pub(super) reports: Mutex<Vec<(TaskArn, bool)>>,
}

impl Targets for Stage {
    fn target_groups(&self) -> Vec<TargetGroup> {
        self.groups.lock().expect("lock").clone()
    }

    fn rules(&self) -> Vec<Rule> {
        self.rules.lock().expect("lock").clone()
    }

    fn watch_targets(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

impl Reports for Stage {
    fn report(&self, task: &TaskArn, report: Report) {
        let Report::TargetHealth { healthy } = report else { panic!("{report:?}") };
        self.reports.lock().expect("lock").push((task.clone(), healthy));
    }
}

/// What is wrong with tasks, and which were killed.
pub(super) struct Planted {
    fault_of: fn(&TaskArn) -> Option<TaskFault>,
    pub(super) killed: Mutex<Vec<(TaskArn, i32)>>,
}

impl Faulty for Planted {
    fn fault_of(&self, task: &TaskArn) -> Option<TaskFault> {
        (self.fault_of)(task)
    }

    fn kill(&self, task: &TaskArn, code: i32) {
        self.killed.lock().expect("lock").push((task.clone(), code));
    }
}

impl Stage {
    /// One group, `web`, with these targets, and a balancer in front of it.
    pub(super) async fn new(
        targets: &[(&str, SocketAddr)],
        options: BalancerOptions,
    ) -> (Arc<Self>, Balancer, Address) {
        Self::with_faults(targets, options, |_| None).await
    }

    pub(super) async fn with_faults(
        targets: &[(&str, SocketAddr)],
        options: BalancerOptions,
        fault_of: fn(&TaskArn) -> Option<TaskFault>,
    ) -> (Arc<Self>, Balancer, Address) {
        let stage = Self::with_groups(&[("web", targets)]);
        let balancer = stage.balancer(fault_of, options).0;
        let address = balancer.listen(0, vec![Forward { group: "web".to_owned(), weight: 1 }]).await.expect("port");
        (stage, balancer, address)
    }

    pub(super) fn with_groups(groups: &[(&str, &[(&str, SocketAddr)])]) -> Arc<Self> {
        let health_check = HealthCheck {
            path: "/ready".to_owned(),
            interval: Duration::from_millis(10),
            timeout: Duration::from_secs(2),
            healthy_threshold: 2,
            unhealthy_threshold: 2,
        };
        let target = |(task, address): &(&str, SocketAddr)| Target {
            task: (*task).to_owned(),
            address: *address,
            weight: 1,
            state: TargetState::Initial,
        };
        let group = |(name, targets): &(&str, &[(&str, SocketAddr)])| TargetGroup {
            name: (*name).to_owned(),
            arn: format!("arn:aws:elasticloadbalancing:r:1:targetgroup/{name}/1"),
            health_check: health_check.clone(),
            deregistration_delay: Duration::from_millis(200),
            targets: targets.iter().map(target).collect(),
        };
        Arc::new(Self {
            groups: Mutex::new(groups.iter().map(group).collect()),
            rules: Mutex::default(),
            changes: watch::Sender::new(0),
            reports: Mutex::default(),
        })
    }

    pub(super) fn balancer(
        self: &Arc<Self>,
        fault_of: fn(&TaskArn) -> Option<TaskFault>,
        options: BalancerOptions,
    ) -> (Balancer, Arc<Planted>) {
        let planted = Arc::new(Planted { fault_of, killed: Mutex::default() });
        let balancer = Balancer::new(self.clone(), self.clone(), planted.clone(), options);
        (balancer, planted)
    }

    /// Gives a rule these weights.
    pub(super) fn shift(&self, arn: &str, weights: &[(&str, u32)]) {
        let forward = weights.iter().map(|(group, weight)| Forward { group: (*group).to_owned(), weight: *weight });
        let rule = Rule { arn: arn.to_owned(), of_users: arn == "production", forward: forward.collect() };
        let mut rules = self.rules.lock().expect("lock");
        rules.retain(|rule| rule.arn != arn);
        rules.push(rule);
        drop(rules);
        self.changes.send_modify(|number| *number += 1);
    }

    /// Lets targets that leave finish what they have, however slow this machine is.
    pub(super) fn be_patient(&self) {
        for group in self.groups.lock().expect("lock").iter_mut() {
            group.deregistration_delay = LIMIT;
        }
        self.changes.send_modify(|number| *number += 1);
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Vec<Target>)) {
        self.change_in(0, change);
    }

    pub(super) fn change_in(&self, group: usize, change: impl FnOnce(&mut Vec<Target>)) {
        change(&mut self.groups.lock().expect("lock")[group].targets);
        self.changes.send_modify(|number| *number += 1);
    }

    pub(super) async fn heard(&self, task: &str, healthy: bool) {
        eventually(|| self.reports.lock().expect("lock").contains(&(task.to_owned(), healthy))).await;
    }
}

pub(super) async fn eventually(condition: impl Fn() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < LIMIT, "it did not come true");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Asks once over a connection of its own; the whole answer.
pub(super) async fn ask(address: &Address, headers: &str) -> String {
    let mut stream = TcpStream::connect(address.socket).await.expect("connection");
    let request = format!("GET /path?query HTTP/1.1\r\nhost: shop.example\r\n{headers}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answer");
    answer
}

pub(super) async fn status(address: &Address) -> u16 {
    let answer = tokio::time::timeout(LIMIT, ask(address, "")).await.expect("an answer in time");
    answer[9..12].parse().expect("status")
}
