//! The server that `DATABASE_URL` names: somebody set it up, we check that it serves our purpose.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection as _, Row as _};

use crate::connect::{self, Patience, place};
use crate::provide::Surroundings;
use crate::purge;
use crate::refusal::Refusal;
use crate::version::Version;

/// How long a server may say that it is starting up.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How long a question to the server may take.
const QUESTION_LIMIT: Duration = Duration::from_secs(10);

const REMEDY: &str = "DATABASE_URL=postgres://user:password@host:5432/postgres, of a role that may create databases";

/// Reaches the server and says its URL and what it is. Databases that interrupted tests left there
/// are removed on the way.
pub(crate) async fn reach(surroundings: &Surroundings) -> Result<(String, String), Refusal> {
    let url = surroundings.database_url.as_deref().ok_or_else(|| Refusal::new("it is not set", REMEDY))?;
    let options = parse(url)?;
    let mut connection = connect::connect(&options, Patience::WithStarting, START_LIMIT)
        .await
        .map_err(|reason| Refusal::new(reason, format!("start that server, or mend it: {REMEDY}")))?;
    let checked = tokio::time::timeout(QUESTION_LIMIT, check(&mut connection, &options))
        .await
        .map_err(|_| Refusal::new(format!("no answer to a query at {}", place(&options)), REMEDY))?;
    let version = checked?;
    purge::purge(&mut connection, surroundings.now).await;
    // The server learns of our leaving when the socket closes, should it not listen now.
    let _ = connection.close().await;
    let description =
        format!("PostgreSQL {version}{} at {} as {}", version.remark(), place(&options), options.get_username());
    Ok((url.to_owned(), description))
}

/// Reads the URL. The reason names no part of it: the password may be the part that is wrong.
fn parse(url: &str) -> Result<PgConnectOptions, Refusal> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(Refusal::new("it does not begin with postgres://", REMEDY));
    }
    PgConnectOptions::from_str(url).map_err(|_| Refusal::new("it is not a URL of a PostgreSQL server", REMEDY))
}

async fn check(connection: &mut PgConnection, options: &PgConnectOptions) -> Result<Version, Refusal> {
    let row = sqlx::query(
        "select current_setting('server_version_num')::int4, rolcreatedb or rolsuper \
         from pg_roles where rolname = current_user",
    )
    .fetch_one(connection)
    .await
    .map_err(|error| Refusal::new(format!("{error} at {}", place(options)), REMEDY))?;
    let number = u32::try_from(row.get::<i32, _>(0)).unwrap_or_default();
    judge(Version::from_number(number), row.get(1), options)
}

/// Whether a server of this version, where our role may or may not create databases, will do.
fn judge(version: Version, may_create: bool, options: &PgConnectOptions) -> Result<Version, Refusal> {
    let (place, role) = (place(options), options.get_username());
    if !version.suffices() {
        return Err(Refusal::new(
            format!("PostgreSQL {version} at {place} is older than 15"),
            "name a server of version 15",
        ));
    }
    if !may_create {
        return Err(Refusal::new(
            format!("the role {role} may not create databases at {place}"),
            format!("ALTER ROLE \"{role}\" CREATEDB"),
        ));
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_place_nor_a_refusal_holds_the_password() {
        let cases = [
            ("postgres://app:hunter2@127.0.0.1:5433/x", Ok("127.0.0.1:5433")),
            ("postgresql://app:hunter2@db.example/x?sslmode=require", Ok("db.example:5432")),
            ("postgres://app@localhost/x?host=/run/postgresql&password=hunter2", Ok("/run/postgresql")),
            ("postgres://app:hunter2@db:port/x", Err("it is not a URL of a PostgreSQL server")),
            ("postgres://app@db/x?sslmode=hunter2", Err("it is not a URL of a PostgreSQL server")),
            ("mysql://app:hunter2@db/x", Err("it does not begin with postgres://")),
            ("hunter2", Err("it does not begin with postgres://")),
        ];
        for (url, expected) in cases {
            let seen = parse(url);
            let seen = seen.as_ref().map(place).map_err(Refusal::reason);
            assert_eq!(seen, expected.map(str::to_owned), "{url}");
        }
    }

    #[test]
    fn a_server_has_to_be_new_enough_and_let_us_create_databases() {
        let options = parse("postgres://app:hunter2@db/x").expect("a URL");
        let cases = [
            (150_019, true, Ok("15.19")),
            (170_002, true, Ok("17.2")),
            (140_012, true, Err("PostgreSQL 14.12 at db:5432 is older than 15")),
            (150_019, false, Err("the role app may not create databases at db:5432")),
        ];
        for (number, may_create, expected) in cases {
            let seen = judge(Version::from_number(number), may_create, &options)
                .map(|version| version.to_string())
                .map_err(|refusal| refusal.reason().to_owned());
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(seen, expected, "{number} {may_create}");
        }
    }
}
