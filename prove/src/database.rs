//! A database of its own on the server in `DATABASE_URL`, gone when it is no longer needed.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

/// What the server says of an error, without where in its own sources it says so.
pub(crate) fn said(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// An empty database and a connection to it.
pub(crate) struct Database {
    server: PgConnectOptions,
    name: String,
    /// The connection.
    pub(crate) connection: PgConnection,
}

impl Database {
    pub(crate) async fn make(server: &PgConnectOptions) -> anyhow::Result<Self> {
        let name = format!("prove_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut admin = server.connect().await.context("failed to connect to the server in DATABASE_URL")?;
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0"))).await?;
        admin.close().await?;
        let mut connection = server.clone().database(&name).connect().await?;
        // Nothing that is written here outlives the proof.
        connection.execute("SET synchronous_commit = off").await?;
        Ok(Self { server: server.clone(), name, connection })
    }

    /// How it is reached.
    pub(crate) fn options(&self) -> PgConnectOptions {
        self.server.clone().database(&self.name)
    }

    /// Another connection to it.
    pub(crate) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        self.options().connect().await
    }

    /// Runs a file as a migration is run: in one transaction, unless it says otherwise.
    pub(crate) async fn run(&mut self, text: &str) -> Result<(), sqlx::Error> {
        if text.starts_with("-- no-transaction") {
            self.connection.execute(AssertSqlSafe(text.to_owned())).await?;
            return Ok(());
        }
        let mut transaction = self.connection.begin().await?;
        transaction.execute(AssertSqlSafe(text.to_owned())).await?;
        transaction.commit().await
    }

    /// Removes it, whoever is still connected.
    pub(crate) async fn remove(self) -> anyhow::Result<()> {
        self.connection.close().await?;
        let mut admin = self.server.connect().await?;
        admin.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name))).await?;
        admin.close().await?;
        Ok(())
    }
}
