//! The settings whose values may never be shown: problems name them, nothing quotes them.

use std::path::Path;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::{DatabaseArguments, Environment, Problems};
use crate::authorization::{ApiToken, MIN_TOKEN_LENGTH};

/// The variable that holds the database's URL, its password included.
pub(super) const DATABASE_URL: &str = "DATABASE_URL";

/// The variable that holds the token of the API.
pub(super) const API_TOKEN: &str = "API_TOKEN";

/// The way to the database: with a CA file, over TLS with the server's certificate and name
/// verified, whatever the URL says.
pub(super) fn database(
    problems: &mut Problems,
    arguments: &DatabaseArguments,
    environment: Environment<'_>,
) -> Option<PgConnectOptions> {
    let options = problems.take(DATABASE_URL, parse_url(environment(DATABASE_URL)));
    let Some(ca_file) = arguments.ca_file() else {
        return options;
    };
    let authorities = problems.take("DATABASE_CA_FILE", read_ca_file(ca_file))?;
    options.map(|options| options.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert_from_pem(authorities))
}

pub(super) fn token(problems: &mut Problems, environment: Environment<'_>) -> Option<ApiToken> {
    let token = match environment(API_TOKEN) {
        None => Err("is not set; it is the secret that callers of the API send".to_owned()),
        Some(token) if token.len() < MIN_TOKEN_LENGTH => Err(format!("is shorter than {MIN_TOKEN_LENGTH} characters")),
        Some(token) if !token.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err("has a character that cannot travel in a header: use printable ASCII".to_owned())
        }
        Some(token) => Ok(ApiToken::new(&token)),
    };
    problems.take(API_TOKEN, token)
}

fn parse_url(url: Option<String>) -> Result<PgConnectOptions, String> {
    let url =
        url.filter(|url| !url.is_empty()).ok_or("is not set; write postgres://user:password@host:5432/database")?;
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err("does not begin with postgres://".to_owned());
    }
    // The parser's own error may quote a part of the URL, and so of the password.
    url.parse().map_err(|_| "is not a URL as in postgres://user:password@host:5432/database".to_owned())
}

fn read_ca_file(path: &Path) -> Result<Vec<u8>, String> {
    let shown = path.display();
    let pem = std::fs::read(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let has_certificate = String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----");
    if has_certificate { Ok(pem) } else { Err(format!("{shown} holds no certificate in PEM format")) }
}
