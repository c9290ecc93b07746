//! The flags of `serve` and `migrate`, each with its variable, as text: they are checked together,
//! so that all that is wrong is told at once.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use super::{Problems, Settings, Traces, parse_duration};
use crate::cache::Bounds;
use crate::edge::Limits;
use crate::telemetry;

/// Where the database is; its URL, which holds a password, comes from `DATABASE_URL` alone.
#[derive(Debug, Clone, Default, Args)]
pub struct DatabaseArguments {
    /// Certificates (PEM) of the authorities that sign the database's certificate; when given, the
    /// connection is encrypted and the server's name verified
    #[arg(long, env = "DATABASE_CA_FILE", value_name = "FILE")]
    database_ca_file: Option<PathBuf>,
}

impl DatabaseArguments {
    /// The file, unless the variable is there and empty.
    pub(super) fn ca_file(&self) -> Option<&Path> {
        self.database_ca_file.as_deref().filter(|path| !path.as_os_str().is_empty())
    }
}

/// What `serve` can be told. `DATABASE_URL` and `API_TOKEN` come from the environment alone.
#[derive(Debug, Clone, Args)]
pub struct ServeArguments {
    #[command(flatten)]
    pub(super) database: DatabaseArguments,
    /// Where clients and the load balancer connect
    #[arg(long, env, default_value = "0.0.0.0:8080", value_name = "ADDRESS")]
    listen_address: String,
    /// Where the scraper of metrics connects
    #[arg(long, env, default_value = "0.0.0.0:9090", value_name = "ADDRESS")]
    management_address: String,
    /// From SIGTERM to the closing of the listener, while the load balancer takes notice
    #[arg(long, env, default_value = "20s", value_name = "DURATION")]
    drain_delay: String,
    /// From the closing of the listener to the end of what is still open
    #[arg(long, env, default_value = "30s", value_name = "DURATION")]
    shutdown_limit: String,
    /// How long the last clicks may take to be written, after that
    #[arg(long, env, default_value = "10s", value_name = "DURATION")]
    flush_limit: String,
    /// How long a connection may be idle and a request's head may take; longer than the idle
    /// timeout of the load balancer
    #[arg(long, env, default_value = "75s", value_name = "DURATION")]
    idle_timeout: String,
    /// The longest that a request may take
    #[arg(long, env, default_value = "10s", value_name = "DURATION")]
    request_timeout: String,
    /// The most requests worked on at once; more are refused with 503
    #[arg(long, env, default_value = "512", value_name = "COUNT")]
    max_in_flight: String,
    /// The most connections open at once; more wait in the kernel's queue
    #[arg(long, env, default_value = "8192", value_name = "COUNT")]
    max_connections: String,
    /// The most connections to the database
    #[arg(long, env, default_value = "10", value_name = "COUNT")]
    database_connections: String,
    /// The most links kept in memory
    #[arg(long, env, default_value = "10000", value_name = "COUNT")]
    cache_entries: String,
    /// How long a link is followed without asking the database again
    #[arg(long, env, default_value = "30s", value_name = "DURATION")]
    cache_fresh: String,
    /// How long a link is followed while the database is away
    #[arg(long, env, default_value = "1h", value_name = "DURATION")]
    cache_stale: String,
    /// How often clicks are written to the database
    #[arg(long, env, default_value = "1s", value_name = "DURATION")]
    click_period: String,
    /// Whether /ready fails while the database is away: true or false
    #[arg(long, env, default_value = "false", value_name = "BOOLEAN")]
    ready_requires_database: String,
    /// What is logged, in the words of tracing's filter
    #[arg(long, env, default_value = telemetry::DEFAULT_FILTER, value_name = "FILTER")]
    log: String,
    /// Where traces are sent, a collector beside the task, over plain http
    #[arg(
        long,
        env = "OTEL_EXPORTER_OTLP_ENDPOINT",
        default_value = "",
        hide_default_value = true,
        value_name = "http://HOST:PORT"
    )]
    otlp_endpoint: String,
    /// The service's name in traces
    #[arg(long, env, default_value = "app", value_name = "NAME")]
    otel_service_name: String,
}

impl ServeArguments {
    pub(super) fn settings(&self, problems: &mut Problems) -> Option<Settings> {
        let mut read = Reader(problems);
        // All are read before any is missed, so that every problem is told.
        let listen = read.parse("LISTEN_ADDRESS", &self.listen_address);
        let management = read.parse("MANAGEMENT_ADDRESS", &self.management_address);
        let drain_delay = read.duration("DRAIN_DELAY", &self.drain_delay);
        let shutdown_limit = read.duration("SHUTDOWN_LIMIT", &self.shutdown_limit);
        let flush_limit = read.duration("FLUSH_LIMIT", &self.flush_limit);
        let idle_timeout = read.some_time("IDLE_TIMEOUT", &self.idle_timeout);
        let request = read.some_time("REQUEST_TIMEOUT", &self.request_timeout);
        let in_flight = read.count("MAX_IN_FLIGHT", &self.max_in_flight);
        let max_connections = read.count("MAX_CONNECTIONS", &self.max_connections);
        let database_connections = read.count("DATABASE_CONNECTIONS", &self.database_connections);
        let entries = read.count("CACHE_ENTRIES", &self.cache_entries);
        let fresh = read.duration("CACHE_FRESH", &self.cache_fresh);
        let stale = read.duration("CACHE_STALE", &self.cache_stale);
        let click_period = read.some_time("CLICK_PERIOD", &self.click_period);
        let strict = read.parse("READY_REQUIRES_DATABASE", &self.ready_requires_database);
        let log = read.checked("LOG", telemetry::check_filter(&self.log));
        let traces = read.checked("OTEL_EXPORTER_OTLP_ENDPOINT", self.traces());
        if let (Some(fresh), Some(stale)) = (fresh, stale)
            && stale < fresh
        {
            read.checked::<()>("CACHE_STALE", Err("is shorter than CACHE_FRESH"));
        }
        Some(Settings {
            listen: listen?,
            management: management?,
            drain_delay: drain_delay?,
            shutdown_limit: shutdown_limit?,
            flush_limit: flush_limit?,
            idle_timeout: idle_timeout?,
            max_connections: max_connections? as usize,
            limits: Limits { in_flight: in_flight? as usize, request: request? },
            cache: Bounds { entries: entries?.into(), fresh: fresh?, stale: stale? },
            click_period: click_period?,
            database_connections: database_connections?,
            ready_requires_database: strict?,
            log: log.map(|()| self.log.clone())?,
            traces: traces?,
        })
    }

    fn traces(&self) -> Result<Option<Traces>, &'static str> {
        let endpoint = self.otlp_endpoint.trim_end_matches('/');
        if endpoint.is_empty() {
            return Ok(None);
        }
        if endpoint.starts_with("https://") {
            return Err("https is not supported: send to a collector beside the task over http");
        }
        let is_http = endpoint
            .parse::<axum::http::Uri>()
            .is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.host().is_some());
        if !is_http {
            return Err("is not a URL such as http://localhost:4318");
        }
        Ok(Some(Traces { endpoint: endpoint.to_owned(), service_name: self.otel_service_name.clone() }))
    }
}

/// Reads settings and remembers what is wrong with them.
struct Reader<'a>(&'a mut Problems);

impl Reader<'_> {
    fn checked<T>(&mut self, setting: &str, result: Result<T, impl Display>) -> Option<T> {
        self.0.take(setting, result)
    }

    fn parse<T: FromStr<Err: Display>>(&mut self, setting: &str, text: &str) -> Option<T> {
        let result = text.parse().map_err(|error| format!("{text:?}: {error}"));
        self.checked(setting, result)
    }

    fn duration(&mut self, setting: &str, text: &str) -> Option<Duration> {
        self.checked(setting, parse_duration(text))
    }

    fn some_time(&mut self, setting: &str, text: &str) -> Option<Duration> {
        let duration = parse_duration(text).and_then(|duration| {
            Some(duration)
                .filter(|duration| !duration.is_zero())
                .ok_or_else(|| "must be longer than nothing".to_owned())
        });
        self.checked(setting, duration)
    }

    fn count(&mut self, setting: &str, text: &str) -> Option<u32> {
        let count = text
            .parse()
            .ok()
            .filter(|count| (1..=1_000_000).contains(count))
            .ok_or_else(|| format!("{text:?} is not a whole number from 1 to 1000000"));
        self.checked(setting, count)
    }
}
