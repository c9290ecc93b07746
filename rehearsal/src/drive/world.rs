//! The cloud of a rehearsal: two environments with a database each, and a word to let one in.

use std::collections::BTreeMap;
use std::env;

use anyhow::Context as _;

use super::Drive;
use super::command;
use super::place::Place;
use crate::cli::Surroundings;
use crate::scenery::Scenery;
use crate::{Server, ServerOptions};

/// Settings of the service that belong to its size, and to a time that passes faster.
const SETTINGS: [(&str, &str); 4] = [
    // Two environments and two releases of each, on one server of a hundred connections.
    ("DATABASE_CONNECTIONS", "4"),
    ("CACHE_FRESH", "500ms"),
    ("CLICK_PERIOD", "200ms"),
    ("LOG", "warn"),
];

/// A cloud that is up, and how it is reached.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) urls: BTreeMap<Place, String>,
    /// Where a release is reached before users reach it.
    pub(crate) test_urls: BTreeMap<Place, String>,
    pub(crate) tokens: BTreeMap<Place, String>,
    pub(crate) production_database: String,
}

impl World {
    /// Makes the cloud of a rehearsal.
    pub(crate) async fn make(drive: &Drive, surroundings: Surroundings) -> anyhow::Result<Self> {
        let mut scenery = Scenery::default();
        let mut tokens = BTreeMap::new();
        for stage in &mut scenery.services {
            let place = Place::of_cluster(&stage.cluster).context("a cluster that nobody knows")?;
            let token = uuid::Uuid::new_v4().simple().to_string();
            for (variable, value) in [("DATABASE_URL", database(place)?), ("API_TOKEN", token.clone())] {
                let name = stage.secrets.get(variable).context("a service without its secrets")?;
                scenery.secrets.insert(name.clone(), value);
            }
            tokens.insert(place, token);
            let settings = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned()));
            stage.environment.extend(settings);
            // A machine of two cores that compiles meanwhile is slower than a cloud, and scaled time
            // makes a slow answer of it.
            stage.health_check.timeout = stage.health_check.interval;
        }
        let options = ServerOptions {
            port: 0,
            scale: drive.scale,
            seed: drive.seed,
            runtime: drive.runtime,
            scenery,
            program: surroundings.program,
            temporary: surroundings.temporary,
        };
        let server = Server::start(options).await.context("failed to start the cloud")?;
        server.cloud.set_network(drive.network());
        let (urls, test_urls) = (by_place(&server.public_urls)?, by_place(&server.test_urls)?);
        Ok(Self { server, urls, test_urls, tokens, production_database: database(Place::Production)? })
    }

    /// Prints what leads to the cloud: for a shell, secrets included, since both end with it.
    pub(crate) fn announce(&self, surroundings: &command::Surroundings) {
        eprintln!("\nthe cloud stays up until Ctrl-C; this leads another shell to it:\n");
        for (name, value) in &surroundings.with {
            let name = name.to_string_lossy();
            if ["AWS_", "SLIPWAY_", "GIT_"].iter().any(|start| name.starts_with(start)) {
                println!("export {name}='{}'", value.to_string_lossy());
            }
        }
        for (place, url) in &self.urls {
            println!("# {}: {url}", place.name());
        }
        for (place, url) in &self.test_urls {
            println!("# {}, what is tried before users: {url}", place.name());
        }
    }
}

fn by_place(urls: &BTreeMap<String, String>) -> anyhow::Result<BTreeMap<Place, String>> {
    let one = |(service, url): (&String, &String)| {
        let cluster = service.split('/').next().unwrap_or_default();
        Ok((Place::of_cluster(cluster).context("a cluster that nobody knows")?, url.clone()))
    };
    urls.iter().map(one).collect()
}

fn database(place: Place) -> anyhow::Result<String> {
    let name = format!("REHEARSAL_{}_DATABASE_URL", place.name().to_uppercase());
    env::var(&name)
        .ok()
        .filter(|url| !url.is_empty())
        .with_context(|| format!("{name} is not set: `cargo xtask rehearse` brings a PostgreSQL and sets it"))
}
