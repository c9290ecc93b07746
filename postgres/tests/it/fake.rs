//! Servers that are not: a PostgreSQL that is still starting up, a Docker engine without an image.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Says that many times that it is starting up, and leads to a server then.
pub(crate) async fn starts_up_before(server: SocketAddr, times: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        for attempt in 0.. {
            let (mut client, _) = listener.accept().await.expect("a client");
            if attempt < times {
                say_starting(&mut client).await;
            } else {
                let mut server = TcpStream::connect(server).await.expect("the server");
                // Whoever hangs up first, hangs up.
                let _ = copy_bidirectional(&mut client, &mut server).await;
            }
        }
    });
    address
}

/// Says for ever that it is starting up, and tells of every attempt.
pub(crate) async fn starts_up_for_ever() -> (SocketAddr, mpsc::UnboundedReceiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (attempt, attempts) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.expect("a client");
            say_starting(&mut client).await;
            // Nobody listens any more once the test has seen enough.
            let _ = attempt.send(());
        }
    });
    (address, attempts)
}

/// Answers a startup message with `cannot_connect_now`. See
/// <https://www.postgresql.org/docs/15/protocol-message-formats.html>.
async fn say_starting(client: &mut TcpStream) {
    let length = client.read_u32().await.expect("a length");
    let mut startup = vec![0; length as usize - 4];
    client.read_exact(&mut startup).await.expect("a startup message");
    let fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0";
    client.write_u8(b'E').await.expect("a client");
    client.write_u32(u32::try_from(fields.len() + 4).expect("a length")).await.expect("a client");
    client.write_all(fields).await.expect("a client");
}

/// A Docker engine that has no image and cannot pull one.
pub(crate) async fn engine_without_images() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.expect("a client");
            tokio::spawn(answer_as_engine(client));
        }
    });
    address
}

async fn answer_as_engine(mut client: TcpStream) {
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match client.read(&mut chunk).await {
            Ok(count) if count > 0 => request.extend_from_slice(&chunk[..count]),
            _ => return,
        }
    }
    let (status, body) = if request.starts_with(b"GET /_ping") || find(&request, b"/_ping ") {
        ("200 OK", "OK")
    } else if find(&request, b"/images/create") {
        ("500 Internal Server Error", r#"{"message":"the registry is on fire"}"#)
    } else {
        ("404 Not Found", r#"{"message":"no such thing"}"#)
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    // The provider may have given up.
    let _ = client.write_all(format!("{head}{body}").as_bytes()).await;
}

fn find(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
