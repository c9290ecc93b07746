//! Clients that do not behave.

use hyper::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::database::TestDatabase;
use crate::support::in_process::TestService;

#[tokio::test]
async fn a_connection_that_stays_silent_or_half_way_through_its_head_is_closed() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &["--idle-timeout=200ms"]).await;
    for head in ["", "GET /health HTTP/1.1\r\nHo"] {
        let mut stream = TcpStream::connect(service.address).await.expect("the service accepts");
        stream.write_all(head.as_bytes()).await.expect("it reads");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    assert_eq!(service.get("/health").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &[]).await;
    let mut stream = TcpStream::connect(service.address).await.expect("the service accepts");
    let head = format!("GET /health HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(64 * 1024));
    // The service may stop reading before we stop writing.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert_eq!(service.get("/health").await.status, StatusCode::OK);
}

#[tokio::test]
async fn more_connections_than_allowed_wait_for_their_turn() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &["--max-connections=1", "--idle-timeout=300ms"]).await;
    let _silent = TcpStream::connect(service.address).await.expect("the service accepts");
    // Answered once the silent one has been closed.
    assert_eq!(service.get("/health").await.status, StatusCode::OK);
}
