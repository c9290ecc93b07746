//! Reaching a server, and waiting for one that is about to serve.

use std::io;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Error};

/// How long one attempt may take.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(5);

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// `cannot_connect_now`: the server starts up, shuts down or recovers. See
/// <https://www.postgresql.org/docs/15/errcodes-appendix.html>.
const CANNOT_CONNECT_NOW: &str = "57P03";

/// What is worth another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Only a server that says that it is starting up: nobody knows whether one will ever listen
    /// where none does.
    WithStarting,
    /// Also nobody listening, or hanging up: we have just started that server ourselves.
    WithAbsent,
}

/// How an attempt failed.
#[derive(Debug)]
enum Failure {
    Starting(String),
    Absent(String),
    Refused(String),
}

/// Connects, again as far as patience and the limit reach. The error is a reason for people.
pub(crate) async fn connect(
    options: &PgConnectOptions,
    patience: Patience,
    limit: Duration,
) -> Result<PgConnection, String> {
    let since = Instant::now();
    loop {
        let reason = match attempt(options).await {
            Ok(connection) => return Ok(connection),
            Err(Failure::Starting(reason)) => reason,
            Err(Failure::Absent(reason)) if patience == Patience::WithAbsent => reason,
            Err(Failure::Absent(reason) | Failure::Refused(reason)) => return Err(reason),
        };
        if since.elapsed() >= limit {
            return Err(format!("{reason}, still after {} s", limit.as_secs()));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn attempt(options: &PgConnectOptions) -> Result<PgConnection, Failure> {
    match tokio::time::timeout(ATTEMPT_LIMIT, options.connect()).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(classify(&error, &place(options))),
        Err(_) => Err(Failure::Absent(format!("no answer within {} s at {}", ATTEMPT_LIMIT.as_secs(), place(options)))),
    }
}

fn classify(error: &Error, place: &str) -> Failure {
    match error {
        Error::Database(error) if error.code().as_deref() == Some(CANNOT_CONNECT_NOW) => {
            Failure::Starting(format!("{} at {place}", error.message()))
        }
        Error::Database(error) => Failure::Refused(format!("{} at {place}", error.message())),
        Error::Io(error) if error.kind() == io::ErrorKind::Other => Failure::Absent(format!("{error} at {place}")),
        Error::Io(error) => Failure::Absent(format!("{} at {place}", error.kind())),
        error => Failure::Refused(format!("{error} at {place}")),
    }
}

/// Where a server is, without who asks and with what password.
pub(crate) fn place(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}
