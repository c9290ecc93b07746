//! Trying the sources in their order and holding on to what the chosen one started.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use testcontainers::{ContainerAsync, GenericImage};

use crate::binaries;
use crate::cluster::Cluster;
use crate::container;
use crate::estate::{self, Estate};
use crate::given;
use crate::refusal::Refusal;
use crate::source::Source;

/// The role of the servers that we start. It is a superuser there: the server is nobody else's.
pub(crate) const ROLE: &str = "slipway";

/// The database to connect to first; tests make their own beside it.
pub(crate) const DATABASE: &str = "postgres";

/// Settings of the servers that we start: their data need not survive anything, and each test of
/// many that run at once holds a pool.
pub(crate) const SETTINGS: [&str; 4] =
    ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300"];

/// How the servers that we start ask for the password: as it is. It goes over loopback only, and a
/// client that is not optimised needs some 30 ms for the 4096 rounds of SCRAM, on every connection
/// of every test.
pub(crate) const AUTHENTICATION: &str = "password";

/// What the process was started with, read once at the edge.
#[derive(Clone)]
pub struct Surroundings {
    /// `DATABASE_URL`, unless it is unset or empty. It holds a password, so this type has no `Debug`.
    pub database_url: Option<String>,
    /// `PATH`.
    pub search_path: Option<OsString>,
    /// What a server of ours may see of the environment: none of its secrets, and none of the
    /// `PG` variables, which would change what it does.
    pub environment: Vec<(OsString, OsString)>,
    /// The directories for temporary files, the preferred one first.
    pub temporary: Vec<PathBuf>,
    /// This program, to be started again as the guard.
    pub program: PathBuf,
    /// When it was started.
    pub now: SystemTime,
}

impl Surroundings {
    /// Reads the environment and the clock.
    #[must_use]
    pub fn of_this_process() -> Self {
        let mut temporary = vec![env::temp_dir()];
        if temporary[0] != Path::new("/tmp") {
            // For root, whose own directory the server's account may be unable to enter.
            temporary.push(PathBuf::from("/tmp"));
        }
        Self {
            database_url: env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()),
            search_path: env::var_os("PATH"),
            environment: ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ"]
                .into_iter()
                .filter_map(|name| Some((OsString::from(name), env::var_os(name)?)))
                .collect(),
            temporary,
            program: env::current_exe().unwrap_or_else(|_| PathBuf::from("postgres-provider")),
            now: SystemTime::now(),
        }
    }
}

/// A PostgreSQL that serves.
pub struct Provided {
    /// Its URL with the password in it: for the environment of a command, not for people.
    pub url: String,
    /// What it is, for people.
    pub description: String,
    server: Server,
}

enum Server {
    SomebodyElses,
    Container(#[expect(dead_code, reason = "dropping it removes the container")] Box<ContainerAsync<GenericImage>>),
    Cluster(Box<Cluster>),
}

impl Provided {
    /// Waits until a server that we started as our child ends by itself, and says its last words;
    /// for ever with any other.
    pub(crate) async fn end(&mut self) -> String {
        match &mut self.server {
            Server::Cluster(cluster) => cluster.end().await,
            Server::SomebodyElses | Server::Container(_) => std::future::pending().await,
        }
    }
}

/// Holds the estate of the sources that need one, so that it can be cleared whatever happened to
/// them.
pub struct Keeper<'a> {
    surroundings: &'a Surroundings,
    estate: Option<Estate>,
}

impl<'a> Keeper<'a> {
    /// A keeper of nothing yet.
    #[must_use]
    pub fn new(surroundings: &'a Surroundings) -> Self {
        Self { surroundings, estate: None }
    }

    /// When this process was started.
    pub(crate) fn now(&self) -> SystemTime {
        self.surroundings.now
    }

    /// The estate, claimed when it is first needed, after the leftovers of the dead are cleared.
    async fn estate(&mut self) -> Result<&Estate, Refusal> {
        if self.estate.is_none() {
            let Surroundings { temporary, program, .. } = self.surroundings;
            estate::clear_dead(temporary).await;
            let claimed = Estate::claim(temporary, program).map_err(|error| {
                Refusal::new(
                    format!("cannot make a temporary directory: {error}"),
                    "free some space, or set TMPDIR to a directory that may be written to",
                )
            })?;
            self.estate = Some(claimed);
        }
        self.estate.as_ref().ok_or_else(|| Refusal::new("the temporary directory is gone", "try again"))
    }

    /// Stops and removes whatever was started.
    pub async fn clear(self) -> std::io::Result<()> {
        match self.estate {
            Some(estate) => estate.clear().await,
            None => Ok(()),
        }
    }
}

/// Gives the PostgreSQL of the first of `sources` that works. Every source that is passed over is
/// said on stderr; the refusals of all of them are the error when none works.
pub async fn provide(sources: &[Source], keeper: &mut Keeper<'_>) -> Result<Provided, Vec<(Source, Refusal)>> {
    let mut refusals = Vec::new();
    for &source in sources {
        match start(source, keeper).await {
            Ok(provided) => {
                eprintln!("postgres: {source}: {}", provided.description);
                return Ok(provided);
            }
            Err(refusal) => {
                // The only one that was asked for is not passed over: its refusal is the error.
                if sources.len() > 1 {
                    eprintln!("postgres: passed over {source}: {refusal}");
                }
                refusals.push((source, refusal));
            }
        }
    }
    Err(refusals)
}

async fn start(source: Source, keeper: &mut Keeper<'_>) -> Result<Provided, Refusal> {
    let surroundings = keeper.surroundings;
    match source {
        Source::Url => {
            let (url, description) = given::reach(surroundings).await?;
            Ok(Provided { url, description, server: Server::SomebodyElses })
        }
        Source::Container => {
            // Asked before anything is made, because many machines have no engine.
            let engine = container::Engine::reach().await?;
            let started = engine.start(keeper.estate().await?).await?;
            Ok(Provided {
                url: started.url,
                description: started.description,
                server: Server::Container(Box::new(started.container)),
            })
        }
        Source::Local => {
            let binaries = binaries::find(surroundings.search_path.as_deref())?;
            let cluster = Cluster::start(&binaries, &surroundings.environment, keeper.estate().await?).await?;
            Ok(Provided {
                url: cluster.url.clone(),
                description: format!(
                    "PostgreSQL {}{} of {} at 127.0.0.1:{}",
                    binaries.version,
                    binaries.version.remark(),
                    binaries.folder.display(),
                    cluster.port
                ),
                server: Server::Cluster(Box::new(cluster)),
            })
        }
    }
}

/// A password that nobody guesses: 122 random bits.
pub(crate) fn new_password() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
