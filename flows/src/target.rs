//! What the flows run against, and how patient they are.

use std::time::Duration;

use reqwest::Url;
use thiserror::Error;

use crate::Secret;

/// A deployment of the service.
#[derive(Clone, Debug)]
pub struct Target {
    pub(crate) base_url: Url,
    pub(crate) token: Secret,
    pub(crate) deadline: Duration,
    pub(crate) timeout: Duration,
}

/// Why a base URL cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidTarget {
    /// Flows speak HTTP.
    #[error("the base URL's scheme is `{0}`, not http or https")]
    Scheme(String),
    /// A base URL appears in reports, so it may not hold a secret.
    #[error("the base URL holds a user name or a password: leave them out")]
    Credentials,
    /// A query or a fragment has no meaning in front of a path.
    #[error("the base URL has a query or a fragment: leave it out")]
    Query,
}

impl Target {
    /// How long clicks may take to be counted, and deleted links to be forgotten, unless set.
    pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(30);

    /// How long one request may take, unless set.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

    /// The deployment at a base URL, which may have a path, and the token of its API.
    pub fn new(base_url: Url, token: Secret) -> Result<Self, InvalidTarget> {
        if !["http", "https"].contains(&base_url.scheme()) {
            return Err(InvalidTarget::Scheme(base_url.scheme().to_owned()));
        }
        if !base_url.username().is_empty() || base_url.password().is_some() {
            return Err(InvalidTarget::Credentials);
        }
        if base_url.query().is_some() || base_url.fragment().is_some() {
            return Err(InvalidTarget::Query);
        }
        Ok(Self { base_url, token, deadline: Self::DEFAULT_DEADLINE, timeout: Self::DEFAULT_TIMEOUT })
    }

    /// Sets how long what happens later than the answer may take: clicks are counted in batches,
    /// and another task may follow a deleted link while its cache is fresh.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets how long one request may take, its body included.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The URL of a path of the service, which begins with a slash.
    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.base_url.clone();
        let whole = format!("{}{path}", url.path().trim_end_matches('/'));
        url.set_path(&whole);
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(base: &str) -> Result<Target, InvalidTarget> {
        Target::new(base.parse().expect("a URL"), Secret::new("t"))
    }

    #[test]
    fn a_path_goes_below_the_base() {
        for (base, expected) in [
            ("http://localhost:8080", "http://localhost:8080/l/a"),
            ("http://localhost:8080/", "http://localhost:8080/l/a"),
            ("https://example.com/api", "https://example.com/api/l/a"),
            ("https://example.com/api/", "https://example.com/api/l/a"),
        ] {
            let target = target(base).expect(base);
            assert_eq!(target.url("/l/a").as_str(), expected);
        }
    }

    #[test]
    fn a_base_url_is_http_and_holds_no_secret() {
        for (base, expected) in [
            ("ftp://example.com", InvalidTarget::Scheme("ftp".to_owned())),
            ("https://a:b@example.com", InvalidTarget::Credentials),
            ("https://a@example.com", InvalidTarget::Credentials),
            ("https://example.com/?token=a", InvalidTarget::Query),
            ("https://example.com/#a", InvalidTarget::Query),
        ] {
            assert_eq!(target(base).expect_err(base), expected);
        }
    }
}
