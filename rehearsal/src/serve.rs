//! A cloud that is up: its own port, its load balancers, what runs its tasks, and what it begins with.

pub(crate) mod origin;
pub(crate) mod stage;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::balancer::{Balancer, BalancerOptions};
use crate::runtime::docker::Containers;
use crate::runtime::estate::Estate;
use crate::runtime::process::{ProcessOptions, Processes};
use crate::runtime::{Remembering, Templates};
use crate::scenery::Scenery;
use crate::world::{Reports, Runtime};
use crate::{Cloud, CloudOptions, Scale};

/// How many addresses lie between those of one process and of the next.
const APART: u64 = 4099;

/// Makes everything of a scenery in a cloud, by the calls that somebody's infrastructure code would make.
pub async fn furnish(cloud: &Cloud, scenery: &Scenery) -> anyhow::Result<()> {
    stage::set(cloud, scenery, cloud.scale()).await?;
    Ok(())
}

/// What runs the tasks of a cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum RuntimeKind {
    /// Processes of this machine, unpacked from the pushed image.
    Process,
    /// Containers of the Docker engine.
    Docker,
}

/// How a server is started.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The port of 127.0.0.1 where AWS is; 0 takes a free one.
    pub port: u16,
    /// By how much durations inside the cloud are shortened.
    pub scale: Scale,
    /// What chances and names are made from.
    pub seed: u64,
    /// What runs tasks.
    pub runtime: RuntimeKind,
    /// What is there at the start.
    pub scenery: Scenery,
    /// The program `rehearsal` itself, which is also started to guard what a killed one leaves.
    pub program: PathBuf,
    /// Where temporary folders go.
    pub temporary: PathBuf,
}

/// A cloud that is up. [`Server::stop`] ends it in order; dropping it kills what it runs.
pub struct Server {
    /// The cloud.
    pub cloud: Cloud,
    /// Where AWS is: `http://127.0.0.1:PORT`.
    pub origin: String,
    /// Where clients reach each service, by `CLUSTER/SERVICE`: the base URL of its load balancer.
    pub public_urls: BTreeMap<String, String>,
    /// Where its test listener is reached, by the same names, for services that have one.
    pub test_urls: BTreeMap<String, String>,
    /// The load balancers of all services.
    pub balancer: Balancer,
    region: String,
    /// Dropped first: nothing is asked of a cloud that is being cleared away.
    serving: JoinSet<()>,
    tasks: Tasks,
    estate: Estate,
}

enum Tasks {
    Processes(Processes),
    Containers(Containers),
}

impl Server {
    /// Brings a cloud up, with everything of its scenery made. It takes well under a second.
    pub async fn start(options: ServerOptions) -> anyhow::Result<Self> {
        let ServerOptions { port, scale, seed, runtime, scenery, program, temporary } = options;
        let socket =
            TcpListener::bind(("127.0.0.1", port)).await.with_context(|| format!("failed to listen on {port}"))?;
        let host = socket.local_addr().context("failed to read the port")?.to_string();
        let cloud = Cloud::new(CloudOptions {
            region: scenery.region.clone(),
            account: scenery.account.clone(),
            scale,
            seed,
            registry_host: host.clone(),
            start: jiff::Timestamp::now(),
        });
        let estate = Estate::claim(&temporary, &program)
            .with_context(|| format!("failed to make a folder in {}", temporary.display()))?;
        let mut serving = JoinSet::new();
        serving.spawn(origin::serve(socket, cloud.clone()));

        let tasks =
            Tasks::start(runtime, &cloud, &host, estate.folder(), program, addresses(seed, std::process::id())).await?;
        let remembering = Arc::new(Remembering::new(tasks.runtime()));
        cloud.attach(Arc::clone(&remembering) as Arc<dyn Runtime>);
        let options = BalancerOptions { seed, ..BalancerOptions::default() };
        let balancer = Balancer::new(Arc::new(cloud.clone()), Arc::new(cloud.clone()), remembering, options);
        let balancers = stage::set(&cloud, &scenery, scale).await.context("failed to set the scene")?;
        let listen = async |port: u16, rule: &str| {
            let address = balancer.listen_by_rule(port, rule).await;
            address.map(|address| address.url()).with_context(|| format!("failed to listen on {port} for {rule}"))
        };
        let (mut public_urls, mut test_urls) = (BTreeMap::new(), BTreeMap::new());
        for (stage, made) in scenery.services.iter().zip(balancers) {
            let name = format!("{}/{}", stage.cluster, stage.service);
            public_urls.insert(name.clone(), listen(stage.public_port, &made.production_rule).await?);
            if let Some(rule) = &made.test_rule {
                test_urls.insert(name, listen(stage.test_port, rule).await?);
            }
        }
        let origin = format!("http://{host}");
        Ok(Self { cloud, origin, public_urls, test_urls, balancer, region: scenery.region, serving, tasks, estate })
    }

    /// The environment that points a client of AWS here.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<String, String> {
        [
            ("AWS_ENDPOINT_URL", self.origin.as_str()),
            ("AWS_ACCESS_KEY_ID", "rehearsal"),
            ("AWS_SECRET_ACCESS_KEY", "made-up-for-this-rehearsal"),
            ("AWS_REGION", &self.region),
            ("AWS_DEFAULT_REGION", &self.region),
            // A profile of the user's would have a word in all of the above.
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// The folder that is there as long as the cloud is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.estate.folder()
    }

    /// Stops every task as its stop timeout allows, and removes everything.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.serving.shutdown().await;
        match &self.tasks {
            Tasks::Processes(processes) => processes.stop_all().await,
            Tasks::Containers(containers) => containers.stop_all().await,
        }
        let estate = self.estate;
        tokio::task::spawn_blocking(move || estate.clear())
            .await
            .context("failed to clear away")?
            .context("failed to clear away what was started")
    }
}

impl Tasks {
    async fn start(
        kind: RuntimeKind,
        cloud: &Cloud,
        host: &str,
        folder: &Path,
        program: PathBuf,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let registry = cloud.registry();
        let reports: Arc<dyn Reports> = Arc::new(cloud.clone());
        let options = ProcessOptions { folder: folder.to_owned(), program, templates: templates(), seed };
        std::fs::create_dir_all(folder.join("images")).context("failed to make a folder for images")?;
        Ok(match kind {
            RuntimeKind::Process => Self::Processes(Processes::new(options, registry, reports)),
            RuntimeKind::Docker => {
                let login = stage::login(cloud).await.context("failed to log in to the registry")?;
                Self::Containers(Containers::new(options, host, &login, registry, reports).await?)
            }
        })
    }

    fn runtime(&self) -> Arc<dyn Runtime> {
        match self {
            Self::Processes(processes) => Arc::new(processes.clone()),
            Self::Containers(containers) => Arc::new(containers.clone()),
        }
    }
}

/// What tells a task where to listen.
fn templates() -> Templates {
    [("LISTEN_ADDRESS", "{address}:8080"), ("MANAGEMENT_ADDRESS", "{address}:9090")]
        .map(|(name, template)| (name.to_owned(), template.to_owned()))
        .into()
}

/// Where the addresses of tasks begin: two clouds on a machine must not give out the same, though
/// both were begun with the same seed.
fn addresses(seed: u64, process: u32) -> u64 {
    seed.wrapping_add(u64::from(process) * APART)
}
