//! A database of its own for each test.

use std::time::{SystemTime, UNIX_EPOCH};

use app::migrate::{Arguments, Command};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use url::Url;

/// A database that is dropped with this value.
pub(crate) struct TestDatabase {
    server: Url,
    name: String,
}

impl TestDatabase {
    /// An empty database.
    pub(crate) async fn create() -> Self {
        let server = std::env::var("DATABASE_URL")
            .expect("DATABASE_URL is not set: run `cargo xtask test`, which brings a PostgreSQL");
        let server = Url::parse(&server).expect("DATABASE_URL is a URL");
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs();
        let name = format!("slipway_test_{seconds}_{:016x}", rand::random::<u64>());
        let database = Self { server, name };
        database.on_server(&format!("CREATE DATABASE {}", database.name)).await.expect("DATABASE_URL may create");
        database
    }

    /// A database with the newest schema.
    pub(crate) async fn migrated() -> Self {
        let database = Self::create().await;
        database.migrate(Command::Up { to: None }).await.expect("the migrations apply");
        database
    }

    /// Runs a command of `migrate`, and gives the lines that it says.
    pub(crate) async fn migrate(&self, command: Command) -> Result<Vec<String>, String> {
        let mut lines = Vec::new();
        app::migrate::run(&Arguments::new(command), self.options(), &mut |line| lines.push(line))
            .await
            .map(|()| lines)
            .map_err(|error| format!("{error:#}"))
    }

    /// The URL of the database.
    pub(crate) fn url(&self) -> Url {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url
    }

    /// The URL of the database behind a proxy that listens on this port.
    pub(crate) fn url_through(&self, port: u16) -> Url {
        let mut url = self.url();
        url.set_host(Some("127.0.0.1")).expect("a URL of PostgreSQL has a host");
        url.set_port(Some(port)).expect("and a port");
        url
    }

    /// Where the server listens.
    pub(crate) fn server_address(&self) -> String {
        let options = self.options();
        format!("{}:{}", options.get_host(), options.get_port())
    }

    pub(crate) async fn connect(&self) -> PgConnection {
        self.options().connect().await.expect("the database answers")
    }

    /// Runs statements, past the service.
    pub(crate) async fn execute(&self, sql: &str) {
        self.connect().await.execute(AssertSqlSafe(sql.to_owned())).await.expect(sql);
    }

    /// One number, past the service.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let query = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
        query.fetch_one(&mut self.connect().await).await.expect(sql)
    }

    /// Clicks that have been written, of all links.
    pub(crate) async fn clicks(&self) -> u64 {
        self.number("SELECT coalesce(sum(clicks), 0)::bigint FROM clicks").await.unsigned_abs()
    }

    fn options(&self) -> PgConnectOptions {
        self.url().as_str().parse().expect("DATABASE_URL is a URL of PostgreSQL")
    }

    async fn on_server(&self, sql: &str) -> Result<(), sqlx::Error> {
        let mut connection = PgConnection::connect(self.server.as_str()).await?;
        connection.execute(AssertSqlSafe(sql.to_owned())).await?;
        connection.close().await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // A thread, because this may be inside a runtime, and a test that panics drops too.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
                if let Err(error) = runtime.expect("a runtime starts").block_on(self.on_server(&sql)) {
                    eprintln!("{} was not dropped: {error}", self.name);
                }
            });
        });
    }
}
