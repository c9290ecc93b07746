//! `healthcheck`: asks the service on this machine whether it lives, for an image without curl.
//!
//! It needs no secret and hardly any memory, since ECS starts it every few seconds.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;

/// ECS gives a health check five seconds unless told otherwise.
const LIMIT: Duration = Duration::from_secs(3);

/// What to ask.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The address that the service listens on; it is asked over loopback
    #[arg(long, env, default_value = "0.0.0.0:8080", value_name = "ADDRESS")]
    listen_address: SocketAddr,
    /// Ask this instead
    #[arg(long, value_name = "http://ADDRESS/PATH")]
    url: Option<String>,
}

/// Succeeds when the service answers 200.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let (address, path) = match &arguments.url {
        Some(url) => parse(url)?,
        None => (loopback(arguments.listen_address), "/health"),
    };
    let status =
        ask(address, path).with_context(|| format!("failed to ask http://{address}{path} whether it lives"))?;
    if status != "200" {
        bail!("http://{address}{path} answered {status}, not 200");
    }
    Ok(())
}

fn parse(url: &str) -> anyhow::Result<(SocketAddr, &str)> {
    let rest = url.strip_prefix("http://");
    let (address, path) = rest
        .map(|rest| rest.split_at(rest.find('/').unwrap_or(rest.len())))
        .with_context(|| format!("{url:?} does not begin with http://"))?;
    let address = address.replace("localhost", "127.0.0.1");
    let address = address.parse().with_context(|| format!("{address:?} is not an address with a port"))?;
    Ok((address, if path.is_empty() { "/health" } else { path }))
}

/// A service that listens on every address listens on loopback too.
fn loopback(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listen.port())
}

fn ask(address: SocketAddr, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut head = Vec::new();
    stream.take(64).read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).context("the answer is not HTTP")?;
    Ok(status.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_asked_over_loopback() {
        for (listen, expected) in
            [("0.0.0.0:8080", "127.0.0.1:8080"), ("[::]:80", "[::1]:80"), ("127.0.0.2:1", "127.0.0.2:1")]
        {
            assert_eq!(loopback(listen.parse().unwrap()), expected.parse().unwrap(), "{listen}");
        }
    }

    #[test]
    fn a_url_is_an_address_and_perhaps_a_path() {
        for (url, expected) in [
            ("http://127.0.0.1:80/ready", Some(("127.0.0.1:80", "/ready"))),
            ("http://localhost:80", Some(("127.0.0.1:80", "/health"))),
            ("https://127.0.0.1:80/", None),
            ("http://example.com/", None),
        ] {
            let expected = expected.map(|(address, path)| (address.parse().unwrap(), path));
            assert_eq!(parse(url).ok(), expected, "{url}");
        }
    }
}
