//! What a failed query means: is the database away, or is it our fault?

use sqlx::Error;
use thiserror::Error as ThisError;

use crate::problem::Problem;

/// A query that brought no answer.
#[derive(Debug, ThisError)]
pub enum Unavailable {
    /// The server is away, busy, or of an older schema: the caller may come back.
    #[error("the database is away: {reason}")]
    Away {
        /// What was seen, for the log.
        reason: String,
    },
    /// The query itself failed; a fault of the service, or a constraint that the caller knows.
    #[error(transparent)]
    Query(Error),
}

impl Unavailable {
    pub(super) fn known() -> Self {
        Self::Away { reason: "the probe did not reach it lately".to_owned() }
    }

    pub(super) fn silent() -> Self {
        Self::Away { reason: "no answer in time".to_owned() }
    }

    pub(super) fn from_error(error: Error) -> Self {
        if is_broken(&error) || is_transient(&error) {
            Self::Away { reason: error.to_string() }
        } else {
            Self::Query(error)
        }
    }
}

impl From<Unavailable> for Problem {
    fn from(unavailable: Unavailable) -> Self {
        match unavailable {
            Unavailable::Away { reason } => {
                tracing::warn!(reason, "the database is away");
                Self::unavailable("the database is away; try again")
            }
            Unavailable::Query(error) => {
                tracing::error!(%error, "a query failed");
                Self::internal()
            }
        }
    }
}

/// Whether the connection is of no further use, and others of its age probably neither.
pub(super) fn is_broken(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => true,
        // Class 08 is about connections; 57P01 to 57P05 are a server that goes down or ends us.
        Error::Database(error) => {
            matches!(error.code().as_deref(), Some(code) if code.starts_with("08") || code.starts_with("57P"))
        }
        _ => false,
    }
}

/// Whether the same query may succeed later. The codes are [PostgreSQL's][codes].
///
/// [codes]: https://www.postgresql.org/docs/15/errcodes-appendix.html
fn is_transient(error: &Error) -> bool {
    let Error::Database(error) = error else {
        return matches!(error, Error::PoolTimedOut | Error::PoolClosed);
    };
    let Some(code) = error.code() else {
        return false;
    };
    match code.as_ref() {
        // A statement or a lock took too long; a deadlock, a serialisation failure; read-only
        // because of a failover; no such database yet; tables or columns that a migration brings.
        "57014" | "55P03" | "40001" | "40P01" | "25006" | "3D000" | "42P01" | "42703" => true,
        // Out of connections, disk or memory; a password that is being rotated.
        code => code.starts_with("53") || code.starts_with("28"),
    }
}
