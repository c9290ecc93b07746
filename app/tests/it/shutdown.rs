//! The end of a task: nothing is lost, and nobody can hold it up.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hyper::StatusCode;
use rustix::process::Signal;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::database::TestDatabase;
use crate::support::eventually;
use crate::support::http::{Connection, get, post, send};
use crate::support::in_process::TestService;
use crate::support::load::Load;
use crate::support::process::ServeProcess;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sigterm_under_load_loses_no_request_and_no_click() {
    let database = TestDatabase::migrated().await;
    let service = ServeProcess::ready(&database.url(), &[("DRAIN_DELAY", "3s")]).await;
    let body = json!({ "slug": "busy", "target_url": "https://example.com" });
    assert_eq!(send(service.address, post("/v1/links", &body)).await.status, StatusCode::CREATED);

    let load = Load::start(service.address, "/l/busy");
    eventually("the load has begun", async || load.account.redirected() > 500).await;
    service.process.signal(Signal::TERM);
    eventually("the balancer could see", async || {
        send(service.address, get("/ready")).await.status == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    // The balancer looks twice before it believes: until then its requests come and are answered.
    assert_eq!(send(service.address, get("/health")).await.status, StatusCode::OK);
    let seen = load.account.redirected();
    eventually("requests are answered while draining", async || load.account.redirected() > seen + 500).await;
    let account = load.finish().await;

    let ended = service.process.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(account.lost.load(Ordering::Relaxed), 0);
    assert_eq!(account.refused.load(Ordering::Relaxed), 0);
    assert_eq!(database.clicks().await, account.redirected());
}

#[tokio::test]
async fn answers_close_their_connections_while_draining() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &["--drain-delay=2s"]).await;
    let mut kept = Connection::open(service.address).await.expect("the service accepts");
    let before = kept.send(get("/health")).await.expect("the service answers");
    assert!(!before.headers.contains_key("connection"));

    service.stopper.stop();
    eventually("it is draining", async || service.get("/ready").await.status == StatusCode::SERVICE_UNAVAILABLE).await;
    let during = kept.send(get("/health")).await.expect("the service answers");
    assert_eq!((during.status, during.header("connection")), (StatusCode::OK, "close"));
    kept.send(get("/health")).await.expect_err("the connection is closed");
    assert_eq!(service.stopped().await.requests_cut, 0);
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_the_exit() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &["--shutdown-limit=20s"]).await;
    let mut kept = Connection::open(service.address).await.expect("the service accepts");
    kept.send(get("/health")).await.expect("the service answers");
    let started = Instant::now();
    let outcome = service.stop().await;
    assert_eq!(outcome.requests_cut, 0);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_head_that_never_ends_holds_the_exit_no_longer_than_the_limit() {
    let database = TestDatabase::migrated().await;
    let service = ServeProcess::ready(&database.url(), &[("SHUTDOWN_LIMIT", "500ms")]).await;
    let mut stream = TcpStream::connect(service.address).await.expect("the service accepts");
    stream.write_all(b"GET /health HTTP/1.1\r\nHo").await.expect("it reads");
    let started = Instant::now();
    service.process.signal(Signal::TERM);
    let ended = service.process.ended().await;
    // It was no request yet, so nothing was cut.
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_request_that_does_not_end_in_time_is_cut_and_told() {
    let database = TestDatabase::migrated().await;
    let service = ServeProcess::ready(&database.url(), &[("SHUTDOWN_LIMIT", "300ms")]).await;
    let mut stream = begin_post(&service).await;
    service.process.signal(Signal::TERM);
    let ended = service.process.ended().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("1 requests cut and 0 clicks lost"), "{ended:?}");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 2"));
}

#[tokio::test]
async fn a_request_under_way_is_answered_after_the_signal() {
    let database = TestDatabase::migrated().await;
    let service = ServeProcess::ready(&database.url(), &[]).await;
    let mut stream = begin_post(&service).await;
    service.process.signal(Signal::TERM);
    eventually("the listener is closed", async || TcpStream::connect(service.address).await.is_err()).await;
    stream.write_all(b"\"target_url\":\"https://example.com\"}").await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(service.process.ended().await.code, Some(0));
}

#[tokio::test]
async fn a_second_signal_exits_at_once() {
    let database = TestDatabase::migrated().await;
    let service = ServeProcess::ready(&database.url(), &[("DRAIN_DELAY", "1h")]).await;
    service.process.signal(Signal::INT);
    eventually("it is draining", async || {
        send(service.address, get("/ready")).await.status == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    service.process.signal(Signal::TERM);
    let ended = service.process.ended().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("a second signal"), "{ended:?}");
}

/// Sends the head of a request and the first byte of its body, and waits until it is worked on.
async fn begin_post(service: &ServeProcess) -> TcpStream {
    let mut request = post("/v1/links", "");
    let mut head = String::from("POST /v1/links HTTP/1.1\r\nHost: a\r\nContent-Length: 36\r\nExpect: 100-continue\r\n");
    for (name, value) in request.headers_mut().drain() {
        let name = name.expect("no name comes twice");
        let value = value.to_str().expect("ours are text");
        head.extend([name.as_str(), ": ", value, "\r\n"]);
    }
    let mut stream = TcpStream::connect(service.address).await.expect("the service accepts");
    stream.write_all(format!("{head}\r\n").as_bytes()).await.expect("it reads");
    // The service asks for the body once a handler wants it.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.expect("it asks");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{").await.expect("it reads");
    stream
}
