//! What is logged, and what never is.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::database::TestDatabase;
use crate::support::http::{post, send};
use crate::support::in_process::TOKEN;
use crate::support::process::ServeProcess;

#[tokio::test]
async fn lines_are_json_with_the_request_id_and_without_secrets() {
    let database = TestDatabase::migrated().await;
    let service = ServeProcess::ready(&database.url(), &[("LOG", "debug")]).await;
    let mut request = post("/v1/links", &json!({ "slug": "logged", "target_url": "https://example.com" }));
    request.headers_mut().insert("x-request-id", "an-id-to-look-for".parse().expect("it is"));
    assert_eq!(send(service.address, request).await.status, 201);
    service.process.signal(Signal::TERM);
    let ended = service.process.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let lines: Vec<Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).expect("every line is JSON")).collect();
    let of_request = |line: &&Value| line["span"]["request_id"] == "an-id-to-look-for";
    let line = lines.iter().filter(of_request).find(|line| line["message"] == "answered");
    let line = line.expect("the request was logged");
    assert_eq!((&line["status"], &line["span"]["route"]), (&json!(201), &json!("/v1/links")));

    let text = ended.stdout + &ended.stderr;
    assert!(!text.contains(TOKEN));
    if let Some(password) = database.url().password() {
        assert!(!text.contains(password));
    }
}
