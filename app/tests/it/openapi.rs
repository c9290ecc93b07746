//! The document that `/openapi.json` serves.

use serde_json::Value;

use crate::support::database::TestDatabase;
use crate::support::in_process::TestService;

#[tokio::test]
async fn the_document_tells_every_answer_of_every_route() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &[]).await;
    let answer = service.get("/openapi.json").await;
    assert_eq!(answer.header("content-type"), "application/json");
    let document: Value = answer.json();
    for (route, method, statuses) in [
        ("/health", "get", "200 431 500 503"),
        ("/ready", "get", "200 431 500 503"),
        ("/l/{slug}", "get", "307 400 404 431 500 503"),
        ("/v1/links", "get", "200 400 401 431 500 503"),
        ("/v1/links", "post", "201 400 401 408 409 413 415 422 431 500 503"),
        ("/v1/links/{slug}", "get", "200 400 401 404 431 500 503"),
        ("/v1/links/{slug}", "delete", "204 400 401 404 431 500 503"),
        ("/v1/links/{slug}/stats", "get", "200 400 401 404 431 500 503"),
    ] {
        let responses = document["paths"][route][method]["responses"].as_object();
        let responses = responses.unwrap_or_else(|| panic!("no {method} {route}"));
        let found: Vec<_> = responses.keys().map(String::as_str).collect();
        assert_eq!(found.join(" "), statuses, "{method} {route}");
        for (status, response) in responses {
            // What hyper says before there is a request passes no edge.
            for name in ["x-request-id", "x-commit"] {
                let has_header = response["headers"][name].is_object();
                assert_eq!(has_header, status != "431", "{method} {route} {status} {name}");
            }
        }
    }
}
