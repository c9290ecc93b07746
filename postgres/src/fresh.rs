//! A database of its own for a command that wants an empty one.

use std::path::Path;
use std::str::FromStr as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

use crate::connect::{Patience, connect};
use crate::purge::PREFIX;

/// How long the server may take to let us in: it has just been reached.
const LIMIT: Duration = Duration::from_secs(10);

/// An empty database on a server, to be dropped when the command has ended.
///
/// It is named like a test's, so that one whose provider was killed is removed as theirs are.
pub(crate) struct Fresh {
    server: PgConnectOptions,
    name: String,
    /// With the password in it, as that of the server.
    pub(crate) url: String,
}

impl Fresh {
    /// Applies the up files in a folder, as sqlx does it: for whoever wants the schema and not the
    /// service's own way to it.
    pub(crate) async fn migrate(&self, folder: &Path) -> anyhow::Result<()> {
        let place = folder.display();
        let migrator =
            Migrator::new(folder).await.with_context(|| format!("failed to read the migrations in {place}"))?;
        let mut connection = connect(&self.server.clone().database(&self.name), Patience::WithStarting, LIMIT)
            .await
            .map_err(anyhow::Error::msg)?;
        migrator.run(&mut connection).await.with_context(|| format!("failed to apply the migrations in {place}"))?;
        connection.close().await?;
        Ok(())
    }

    /// Makes the database on the server of this URL.
    pub(crate) async fn create(server: &str, now: SystemTime) -> anyhow::Result<Self> {
        let server = PgConnectOptions::from_str(server).context("the server's URL cannot be read")?;
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let name = format!("{PREFIX}{seconds}_{}", uuid::Uuid::new_v4().simple());
        let url = server.clone().database(&name).to_url_lossy().to_string();
        let fresh = Self { server, name, url };
        // From `template0`: nobody can have left anything in it, or be connected to it.
        fresh
            .execute(format!("create database \"{}\" template template0", fresh.name))
            .await
            .context("failed to make an empty database")?;
        Ok(fresh)
    }

    /// Drops the database, whoever is still connected to it.
    pub(crate) async fn drop(self) -> anyhow::Result<()> {
        let statement = format!("drop database if exists \"{}\" with (force)", self.name);
        self.execute(statement).await.with_context(|| format!("failed to drop {}", self.name))
    }

    /// Executes a statement in which only the name is ours: letters, digits and underscores.
    async fn execute(&self, statement: String) -> anyhow::Result<()> {
        let mut connection = connect(&self.server, Patience::WithStarting, LIMIT).await.map_err(anyhow::Error::msg)?;
        connection.execute(AssertSqlSafe(statement)).await?;
        connection.close().await?;
        Ok(())
    }
}
