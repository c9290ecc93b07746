//! Tests of the load generator, on real sockets where the socket matters.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// The answer to the request of a number: its bytes, and whether the connection stays open.
type Answer = fn(u64) -> (&'static str, bool);

/// A server that answers so.
async fn serve(answer: Answer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let origin = format!("http://{}", listener.local_addr().expect("address"));
    let count = Arc::new(AtomicU64::new(0));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                // A request of these tests comes in one piece.
                while stream.read(&mut buffer).await.is_ok_and(|bytes| bytes > 0) {
                    let (bytes, keep) = answer(count.fetch_add(1, Ordering::Relaxed));
                    if stream.write_all(bytes.as_bytes()).await.is_err() || !keep {
                        break;
                    }
                }
            });
        }
    });
    origin
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

async fn run(origin: &str, requests: f64) -> Summary {
    let mut options = LoadOptions::get(origin, "/", 1000.0);
    options.limit = Duration::from_secs_f64(requests / 1000.0);
    let mut load = Load::start(options).expect("load");
    while load.pacing.join_next().await.is_some() {}
    load.stop().await
}

#[test]
fn new_connections_are_spread_evenly_among_reused_ones() {
    for percent in [0, 1, 5, 33, 50, 99, 100] {
        for start in [0, 100, 1234] {
            let new = (start..start + 100).filter(|number| is_on_new_connection(*number, percent)).count();
            assert_eq!(new, percent as usize, "{percent} % from {start}");
        }
    }
    assert!((0..10).all(|number| is_on_new_connection(number, 50) == (number % 2 == 1)));
}

#[tokio::test]
async fn every_request_is_counted_once_and_by_its_connection() {
    let origin = serve(|_| (OK, true)).await;
    let summary = run(&origin, 200.0).await;
    assert_eq!(summary.failures.len(), 0, "{:?}", summary.failures);
    assert_eq!(summary.over(Connection::New).answered, 100);
    assert_eq!(summary.over(Connection::Reused).answered, 100);
    assert_eq!(summary.total().latency.count(), 200);
}

#[tokio::test]
async fn a_failure_says_why() {
    let cases: [(Answer, Reason); 3] = [
        (|_| ("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", true), Reason::Status(502)),
        (|_| ("", false), Reason::Broken),
        (|_| ("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nshort", false), Reason::Truncated),
    ];
    for (answer, reason) in cases {
        let origin = serve(answer).await;
        let total = run(&origin, 20.0).await.total();
        assert_eq!(total.failed, BTreeMap::from([(reason, 20)]));
    }
}

#[tokio::test]
async fn nobody_listening_is_no_connection() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("port").local_addr().expect("address");
    let total = run(&format!("http://{free}"), 10.0).await.total();
    assert_eq!(total.failed, BTreeMap::from([(Reason::Connect, 10)]));
}

#[tokio::test]
async fn a_connection_that_was_closed_between_two_requests_is_no_failure() {
    let origin = serve(|_| ("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok", false)).await;
    assert_eq!(run(&origin, 100.0).await.total().failures(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stalls_delays_no_request_and_hides_no_latency() {
    let began = Instant::now();
    let mut book = Book::new(began);
    // Due every 10 ms; all are answered when the stall of a second ends.
    for number in 0..100 {
        let at = began + due(number, 100.0);
        book.note(0, Connection::New, at, began + Duration::from_secs(1), Ok(()));
    }
    let median = book.summary(began).total().latency.quantile(0.5);
    assert!(median >= Duration::from_millis(500), "{median:?}");
}

#[tokio::test]
async fn a_request_that_is_due_while_too_many_are_under_way_has_failed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let mut options = LoadOptions::get(&format!("http://{}", listener.local_addr().expect("address")), "/", 1000.0);
    options.in_flight = 3;
    options.limit = Duration::from_millis(10);
    options.timeout = Duration::from_millis(50);
    let mut load = Load::start(options).expect("load");
    while load.pacing.join_next().await.is_some() {}
    let total = load.stop().await.total();
    assert_eq!(total.failed, BTreeMap::from([(Reason::Overrun, 7), (Reason::Timeout, 3)]));
}

#[tokio::test]
async fn a_request_belongs_to_the_phase_in_which_it_was_due() {
    let began = Instant::now();
    let mut book = Book::new(began);
    let before = book.current();
    book.begin("deploy", began);
    book.note(before, Connection::Reused, began, began, Err(Reason::Broken));
    book.note(book.current(), Connection::Reused, began, began, Err(Reason::Timeout));
    let summary = book.summary(began);
    let seen: Vec<_> = summary.phases.iter().map(|phase| (phase.name.as_str(), phase.total().failures())).collect();
    assert_eq!(seen, [("", 1), ("deploy", 1)]);
    assert_eq!(summary.failures[1].phase, "deploy");
}

#[test]
fn a_load_that_makes_no_sense_is_refused() {
    let good = LoadOptions::get("http://127.0.0.1:1", "/", 1.0);
    let cases = [
        LoadOptions { rate: 0.0, ..good.clone() },
        LoadOptions { rate: f64::NAN, ..good.clone() },
        LoadOptions { requests: Vec::new(), ..good.clone() },
        LoadOptions { origin: "https://127.0.0.1".to_owned(), ..good.clone() },
        LoadOptions { origin: "not an address".to_owned(), ..good },
    ];
    for options in cases {
        assert!(Load::start(options.clone()).is_err(), "{options:?}");
    }
}
