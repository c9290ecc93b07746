//! One request on a connection of its own, with nothing between the test and the socket.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Sends a GET request to a port on loopback.
///
/// # Errors
/// Those of the connection; an answer that is none is `InvalidData`.
pub(super) fn get(port: u16, path: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let none = || io::Error::new(io::ErrorKind::InvalidData, format!("not an answer: {answer:?}"));
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(none)?;
    let body = answer.split_once("\r\n\r\n").ok_or_else(none)?.1.to_owned();
    Ok(Answer { status, body })
}
