//! A container of the image `postgres:15`.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use testcontainers::bollard::Docker;
use testcontainers::bollard::errors::Error as EngineError;
use testcontainers::bollard::models::{HostConfig, PortBinding};
use testcontainers::bollard::query_parameters::{ListContainersOptionsBuilder, RemoveContainerOptionsBuilder};
use testcontainers::core::ContainerPort;
use testcontainers::core::client::docker_client_instance;
use testcontainers::runners::AsyncRunner as _;
use testcontainers::{ContainerAsync, GenericImage, ImageExt as _};

use crate::connect::{self, Patience};
use crate::estate::Estate;
use crate::provide::{AUTHENTICATION, DATABASE, ROLE, SETTINGS, new_password};
use crate::refusal::Refusal;

const IMAGE: &str = "postgres";
const TAG: &str = "15";
const PORT: ContainerPort = ContainerPort::Tcp(5432);

/// The label that holds the directory of the estate that a container belongs to.
const DIRECTORY_LABEL: &str = "slipway.postgres.directory";

/// The label that holds the machine and its file system where that directory lies: an engine may
/// serve several.
const PLACE_LABEL: &str = "slipway.postgres.place";

/// How long an engine may take to say that it is there.
const ENGINE_LIMIT: Duration = Duration::from_secs(3);

/// How long the image may take to be pulled; it is some 150 MB.
const PULL_LIMIT: Duration = Duration::from_mins(3);

/// How long a container may take to be made and started.
const CREATE_LIMIT: Duration = Duration::from_secs(30);

/// How long the server in it may take to serve; it takes about two seconds.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A Docker engine that answers.
pub(crate) struct Engine {
    client: Docker,
}

/// A container whose server serves. Dropping it removes it.
pub(crate) struct Started {
    pub(crate) url: String,
    pub(crate) description: String,
    pub(crate) container: ContainerAsync<GenericImage>,
}

impl Engine {
    /// Finds the engine, as testcontainers does: `DOCKER_HOST`, else the usual socket.
    pub(crate) async fn reach() -> Result<Self, Refusal> {
        let remedy = "start Docker, or set DOCKER_HOST to an engine that may be used";
        let client = tokio::time::timeout(ENGINE_LIMIT, async {
            let client = docker_client_instance().await.map_err(|e| chain(&e))?;
            client.ping().await.map_err(|error| chain(&error))?;
            Ok(client)
        })
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", ENGINE_LIMIT.as_secs())))
        .map_err(|reason: String| Refusal::new(format!("no Docker engine: {reason}"), remedy))?;
        Ok(Self { client })
    }

    /// Whether the image is there and need not be pulled.
    pub(crate) async fn has_image(&self) -> bool {
        let name = format!("{IMAGE}:{TAG}");
        self.client.inspect_image(&name).await.is_ok()
    }

    /// Makes a container that carries the estate's label, and waits until it serves.
    pub(crate) async fn start(&self, estate: &Estate) -> Result<Started, Refusal> {
        let image = GenericImage::new(IMAGE, TAG);
        if !self.has_image().await {
            eprintln!("postgres: pulling {IMAGE}:{TAG}, for at most {} s", PULL_LIMIT.as_secs());
            let pull = image.clone().pull_image();
            drop(limited(PULL_LIMIT, "pulling the image", pull).await?);
        }
        estate.expect_container().map_err(|error| refuse(format!("cannot mark the temporary directory: {error}")))?;
        let password = new_password();
        let request = image
            .with_cmd(SETTINGS.iter().fold(vec!["postgres".to_owned()], |mut words, setting| {
                words.extend(["-c".to_owned(), (*setting).to_owned()]);
                words
            }))
            .with_env_var("POSTGRES_USER", ROLE)
            .with_env_var("POSTGRES_PASSWORD", &password)
            .with_env_var("POSTGRES_DB", DATABASE)
            .with_env_var("POSTGRES_HOST_AUTH_METHOD", AUTHENTICATION)
            .with_env_var("POSTGRES_INITDB_ARGS", "--no-sync --encoding=UTF8 --locale=C.UTF-8")
            .with_label(DIRECTORY_LABEL, estate.directory().display().to_string())
            .with_label(PLACE_LABEL, place_of(estate.directory()))
            .with_host_config_modifier(publish_on_loopback);
        let container = limited(CREATE_LIMIT, "starting a container", request.start()).await?;
        let port = limited(CREATE_LIMIT, "asking for its port", container.get_host_port_ipv4(PORT)).await?;
        wait_until_it_serves(&container, port, &password).await?;
        Ok(Started {
            url: format!("postgres://{ROLE}:{password}@127.0.0.1:{port}/{DATABASE}"),
            description: format!("{IMAGE}:{TAG} at 127.0.0.1:{port}"),
            container,
        })
    }
}

/// Removes the containers with the label of a directory: those of its dead or leaving owner.
pub(crate) async fn remove_those_of(directory: &Path) -> Result<(), String> {
    let Engine { client } = Engine::reach().await.map_err(|refusal| refusal.reason().to_owned())?;
    let labels =
        vec![format!("{DIRECTORY_LABEL}={}", directory.display()), format!("{PLACE_LABEL}={}", place_of(directory))];
    let options =
        ListContainersOptionsBuilder::new().all(true).filters(&HashMap::from([("label".to_owned(), labels)])).build();
    let containers = client.list_containers(Some(options)).await;
    for id in containers.map_err(|error| chain(&error))?.into_iter().filter_map(|container| container.id) {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        match client.remove_container(&id, Some(options)).await {
            // Gone, or somebody else is removing it at this moment.
            Ok(()) | Err(EngineError::DockerResponseServerError { status_code: 404 | 409, .. }) => {}
            Err(error) => return Err(chain(&error)),
        }
    }
    Ok(())
}

/// The machine and the file system below which a directory lies.
fn place_of(directory: &Path) -> String {
    let system = rustix::system::uname();
    let base = directory.parent().unwrap_or(directory);
    let (device, inode) = std::fs::metadata(base).map_or((0, 0), |base| (base.dev(), base.ino()));
    format!("{}:{device}:{inode}", system.nodename().to_string_lossy())
}

/// Publishes the server on a port of the engine's choice, for this machine only.
fn publish_on_loopback(host: &mut HostConfig) {
    let binding = PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some("0".to_owned()) };
    host.publish_all_ports = Some(false);
    host.port_bindings = Some(HashMap::from([(PORT.to_string(), Some(vec![binding]))]));
}

async fn wait_until_it_serves(
    container: &ContainerAsync<GenericImage>,
    port: u16,
    password: &str,
) -> Result<(), Refusal> {
    let options = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(port)
        .username(ROLE)
        .password(password)
        .database(DATABASE)
        .ssl_mode(PgSslMode::Disable);
    let Err(reason) = connect::connect(&options, Patience::WithAbsent, START_LIMIT).await else {
        return Ok(());
    };
    let log = container.stderr_to_vec().await.unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let last = log.lines().last().unwrap_or("it logged nothing");
    Err(refuse(format!("{reason}; {last}")))
}

/// Awaits a step of testcontainers within a limit.
async fn limited<T>(
    limit: Duration,
    what: &str,
    step: impl Future<Output = testcontainers::core::error::Result<T>>,
) -> Result<T, Refusal> {
    match tokio::time::timeout(limit, step).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(refuse(format!("{what} failed: {}", chain(&error)))),
        Err(_) => Err(refuse(format!("{what} took over {} s", limit.as_secs()))),
    }
}

fn refuse(reason: impl Into<String>) -> Refusal {
    Refusal::new(reason, format!("docker pull {IMAGE}:{TAG}, then see `docker info`"))
}

/// An error with its causes, each that says something new, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}
