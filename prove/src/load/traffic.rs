//! Readers and writers of tables, who note the longest that they waited.

use std::fmt;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::bulk;
use crate::seed::columns::Table;

/// What each does between two statements, so that it is a small load.
const PAUSE: Duration = Duration::from_millis(5);

/// Blocks of a table that are read and written, the first ones.
const BLOCKS: u64 = 64;

/// The longest that anybody waited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stall {
    pub(super) longest: Duration,
    pub(super) who: String,
}

impl fmt::Display for Stall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ms", self.longest.as_millis())?;
        if self.who.is_empty() { Ok(()) } else { write!(formatter, " of {}", self.who) }
    }
}

#[derive(Clone, Copy, Debug)]
enum Role {
    Reader,
    Updater,
    Inserter,
}

/// Readers and writers until told to stop.
pub(super) struct Traffic {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<Stall>>,
}

impl Traffic {
    /// A reader, one who changes rows and one who adds some, for each table.
    pub(super) async fn start(database: &PgConnectOptions, tables: &[Table], rows: u64) -> anyhow::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = Vec::new();
        for table in tables {
            for role in [Role::Reader, Role::Updater, Role::Inserter] {
                let connection = database.connect().await?;
                let statements = Statements::of(role, table, rows);
                tasks.push(tokio::spawn(go_on(connection, statements, stopped.clone())));
            }
        }
        Ok(Self { stop, tasks })
    }

    /// The longest stall; who waits still is waited for.
    pub(super) async fn stop(self) -> Stall {
        let _ = self.stop.send(true);
        let mut worst = Stall::default();
        for task in self.tasks {
            if let Ok(stall) = task.await
                && stall.longest > worst.longest
            {
                worst = stall;
            }
        }
        worst
    }
}

/// What one of them says, number by number.
struct Statements {
    who: String,
    make: Box<dyn Fn(u64) -> String + Send>,
}

impl Statements {
    fn of(role: Role, table: &Table, rows: u64) -> Self {
        let name = table.name.clone();
        let place = |number: u64| format!("'({},{})'::tid", number % BLOCKS, 1 + number % 20);
        // Values as they are: a row is written, and nothing that a condition might refuse.
        let column = table.columns.iter().find(|column| !column.is_filled).map(|column| column.name.clone());
        match (role, column) {
            (Role::Inserter, _) => {
                let table = table.clone();
                Self {
                    who: format!("who adds to {name}"),
                    // Behind all that are there; what somebody has added before is left out.
                    make: Box::new(move |number| bulk::another(&table, rows + 1 + number)),
                }
            }
            (Role::Updater, Some(column)) => Self {
                who: format!("a writer of {name}"),
                make: Box::new(move |number| {
                    format!("UPDATE {name} SET {column} = {column} WHERE ctid = {}", place(number))
                }),
            },
            _ => Self {
                who: format!("a reader of {name}"),
                make: Box::new(move |number| format!("SELECT * FROM {name} WHERE ctid = {}", place(number))),
            },
        }
    }
}

async fn go_on(mut connection: PgConnection, statements: Statements, mut stopped: watch::Receiver<bool>) -> Stall {
    let mut stall = Stall { longest: Duration::ZERO, who: statements.who };
    for number in 0.. {
        let sql = (statements.make)(number);
        let since = Instant::now();
        // What the new schema refuses is another part's finding; how long it takes to say so counts.
        let _ = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await;
        stall.longest = stall.longest.max(since.elapsed());
        if tokio::time::timeout(PAUSE, stopped.changed()).await.is_ok() {
            break;
        }
    }
    stall
}
