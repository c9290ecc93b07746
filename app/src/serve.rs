//! `serve`: the order in which the service starts, and the order in which it stops.
//!
//! **Invariant**: nothing that is needed by something else stops before it: first the load balancer
//! looks away, then connections end, then the clicks that they made are written, then the pool
//! closes, then the telemetry that told of it all.

mod stop;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::time::Instant;

use crate::clicks::{Counter, Worker};
use crate::config::{Config, Settings};
use crate::server::{Limits, Listener, Server};
use crate::state::App;
use crate::{management, ready, routes, telemetry};

pub use self::stop::{Stop, Stopper};

/// How long the last connections to the database may take to say goodbye.
const POOL_LIMIT: Duration = Duration::from_secs(2);

/// How the service ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Requests that were under way when their time was up.
    pub requests_cut: usize,
    /// Clicks that never reached the database.
    pub clicks_lost: u64,
    /// A second signal came, and nothing was waited for.
    pub hurried: bool,
}

/// A service whose addresses are bound: clients can connect, and are answered once it runs.
#[derive(Debug)]
pub struct Service {
    config: Config,
    app: Arc<App>,
    public: Listener,
    management: Listener,
}

/// Runs the process: until the signals of the operating system end it.
pub fn run_process(config: Config) -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("failed to start the runtime")?;
    let result = runtime.block_on(async {
        let telemetry = telemetry::start(&config)?;
        let outcome = Service::bind(config)?.run(Stop::on_signals()?).await;
        telemetry.finish().await;
        outcome.check()
    });
    // A name that is being resolved cannot be interrupted and must not hold the exit.
    runtime.shutdown_background();
    result
}

impl Outcome {
    fn check(self) -> anyhow::Result<()> {
        if self.hurried {
            bail!("a second signal ended the service before it had drained");
        }
        if self.requests_cut > 0 || self.clicks_lost > 0 {
            bail!("the service stopped with {} requests cut and {} clicks lost", self.requests_cut, self.clicks_lost);
        }
        Ok(())
    }
}

impl Service {
    /// Binds both addresses. Everything else, the database too, can wait.
    pub fn bind(config: Config) -> anyhow::Result<Self> {
        let bind =
            |name, address| Listener::bind(address).with_context(|| format!("{name}: failed to listen on {address}"));
        let public = bind("LISTEN_ADDRESS", config.settings.listen)?;
        let management = bind("MANAGEMENT_ADDRESS", config.settings.management)?;
        Ok(Self { app: App::new(&config), config, public, management })
    }

    /// The address of the public listener.
    pub fn public_address(&self) -> std::net::SocketAddr {
        self.public.address()
    }

    /// The address of the management listener.
    pub fn management_address(&self) -> std::net::SocketAddr {
        self.management.address()
    }

    /// Serves until told to stop, then stops.
    pub async fn run(self, mut stop: Stop) -> Outcome {
        let running = self.start();
        stop.requested().await;
        let metrics = Arc::clone(&running.app);
        tokio::select! {
            outcome = running.stop() => outcome,
            () = stop.requested() => {
                let in_flight = metrics.metrics.in_flight.get();
                let (clicks_lost, _) = metrics.clicks.pending(std::time::Instant::now());
                let requests_cut = usize::try_from(in_flight).unwrap_or_default();
                tracing::warn!(requests_cut, clicks_lost, "a second signal came: exiting at once");
                Outcome { requests_cut, clicks_lost, hurried: true }
            }
        }
    }

    fn start(self) -> Running {
        let Self { config, app, public, management } = self;
        let settings = config.settings;
        tracing::info!(
            address = %public.address(),
            management = %management.address(),
            version = config.build.version,
            commit = config.build.commit,
            "serving"
        );
        let limits = Limits { idle: settings.idle_timeout, connections: settings.max_connections };
        let unseen = prometheus::IntGauge::new("unseen", "connections of the scraper").expect("the name is a constant");
        Running {
            public: public.serve(routes::build_router(&app, settings.limits), limits, app.metrics.connections.clone()),
            management: management.serve(management::build_router(&app), limits, unseen),
            probe: tokio::spawn(ready::run_probe(Arc::clone(&app), config.database)),
            worker: Worker::start(Arc::clone(&app), Counter::new(rand::random()), settings.click_period),
            app,
            settings,
        }
    }
}

struct Running {
    app: Arc<App>,
    settings: Settings,
    public: Server,
    management: Server,
    probe: tokio::task::JoinHandle<()>,
    worker: Worker,
}

impl Running {
    async fn stop(self) -> Outcome {
        let settings = &self.settings;
        self.app.lifecycle.start_draining();
        tracing::info!(
            seconds = settings.drain_delay.as_secs_f64(),
            "draining: still serving, while the load balancer looks away"
        );
        tokio::time::sleep(settings.drain_delay).await;

        tracing::info!("closing the listener and ending connections");
        let in_flight = &self.app.metrics.in_flight;
        let aborted = self.public.close(settings.shutdown_limit, in_flight).await;
        if aborted.connections > 0 {
            tracing::warn!(
                connections = aborted.connections,
                requests = aborted.requests,
                "connections were still open when their time was up"
            );
        }

        let lost = self.worker.finish(Instant::now() + settings.flush_limit).await;
        if lost.0 > 0 {
            tracing::error!(clicks = lost.0, "clicks could not be written and are lost");
        }
        self.probe.abort();
        self.app.database.close(POOL_LIMIT).await;
        self.management.close(Duration::ZERO, in_flight).await;
        tracing::info!("stopped");
        Outcome {
            requests_cut: usize::try_from(aborted.requests).unwrap_or_default(),
            clicks_lost: lost.0,
            hurried: false,
        }
    }
}
