//! Traces reach a collector when there is one.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use hyper::StatusCode;
use rustix::process::Signal;
use tokio::net::TcpListener;

use crate::support::database::TestDatabase;
use crate::support::http::{get, send};
use crate::support::process::ServeProcess;

type Received = Arc<Mutex<Vec<u8>>>;

#[tokio::test]
async fn a_trace_that_a_caller_began_is_continued_and_sent() {
    let received = Received::default();
    let router = Router::new()
        .route(
            "/v1/traces",
            post(async |State(received): State<Received>, body: Bytes| {
                received.lock().expect("nobody panics").extend_from_slice(&body);
            }),
        )
        .with_state(Arc::clone(&received));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port 0 is always free");
    let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
    tokio::spawn(async move { axum::serve(listener, router).await });

    let database = TestDatabase::migrated().await;
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("BUILD_COMMIT", "0123abcd")];
    let service = ServeProcess::ready(&database.url(), &settings).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let mut request = get("/l/unknown");
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    request.headers_mut().insert("traceparent", parent.parse().expect("it is"));
    assert_eq!(send(service.address, request).await.status, StatusCode::NOT_FOUND);
    // What was not sent yet is sent before the process ends.
    service.process.signal(Signal::TERM);
    let ended = service.process.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let id = u128::from_str_radix(trace, 16).expect("it is hexadecimal").to_be_bytes();
    let received = received.lock().expect("nobody panics");
    let holds = |bytes: &[u8]| received.windows(bytes.len()).any(|window| window == bytes);
    assert!(holds(&id), "the trace id is not in {} bytes", received.len());
    assert!(holds(b"/l/{slug}"));
    assert!(holds(b"0123abcd"));
    assert!(ended.stdout.contains(r#""commit":"0123abcd""#), "{ended:?}");
}
