//! What the API answers.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::database::TestDatabase;
use crate::support::eventually;
use crate::support::http::{get, post, request, send, with_token};
use crate::support::in_process::TestService;

#[tokio::test]
async fn a_link_is_made_shown_followed_and_deleted() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &[]).await;

    let made = service.post(&json!({ "slug": "rust", "target_url": "https://example.com/rust?q=1#top" })).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(made.header("location"), "/v1/links/rust");
    let link: Value = made.json();
    assert_eq!(link["target_url"], "https://example.com/rust?q=1#top");

    let shown = service.api(Method::GET, "/v1/links/rust").await;
    assert_eq!((shown.status, shown.json::<Value>()), (StatusCode::OK, link));

    let followed = service.get("/l/rust").await;
    assert_eq!(followed.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(followed.header("location"), "https://example.com/rust?q=1#top");
    assert_eq!(followed.header("cache-control"), "no-store");

    assert_eq!(service.api(Method::DELETE, "/v1/links/rust").await.status, StatusCode::NO_CONTENT);
    service.api(Method::DELETE, "/v1/links/rust").await.assert_problem(404, "no link has this slug");
    service.api(Method::GET, "/v1/links/rust").await.assert_problem(404, "no link has this slug");
    service.api(Method::GET, "/v1/links/rust/stats").await.assert_problem(404, "no link has this slug");
    service.get("/l/rust").await.assert_problem(404, "no link has this slug");
}

#[tokio::test]
async fn a_slug_is_drawn_when_none_is_given_and_refused_when_it_is_in_use() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &[]).await;

    for body in
        [json!({ "target_url": "https://a.example" }), json!({ "target_url": "http://b.example", "slug": null })]
    {
        let made: Value = service.post(&body).await.json();
        let slug = made["slug"].as_str().expect("a slug was drawn").to_owned();
        assert_eq!(slug.len(), 8);
        assert_eq!(service.get(&format!("/l/{slug}")).await.status, StatusCode::TEMPORARY_REDIRECT);
    }

    service.create("mine").await;
    let taken = service.post(&json!({ "slug": "mine", "target_url": "https://other.example" })).await;
    taken.assert_problem(409, "in use");
    assert_eq!(taken.json::<Value>()["type"], "urn:problem:slug-taken");
}

#[tokio::test]
async fn the_list_is_walked_page_by_page_newest_first() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &[]).await;
    for number in 0..5 {
        service.create(&format!("link-{number}")).await;
    }

    let mut seen = Vec::new();
    let mut path = "/v1/links?limit=2".to_owned();
    loop {
        let page: Value = service.api(Method::GET, &path).await.json();
        let links = page["links"].as_array().expect("a page has links");
        assert!(links.len() <= 2);
        seen.extend(links.iter().map(|link| link["slug"].as_str().expect("text").to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/links?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["link-4", "link-3", "link-2", "link-1", "link-0"]);

    let filtered = "/v1/links?target_url=https%3A%2F%2Fexample.com%2Flink-3";
    let page: Value = service.api(Method::GET, filtered).await.json();
    assert_eq!(page["links"][0]["slug"], "link-3");
    assert_eq!(page["links"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn clicks_are_shown_day_by_day_and_a_head_request_is_no_click() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &["--click-period=50ms"]).await;
    service.create("counted").await;
    database
        .execute(
            "INSERT INTO clicks (link_id, day, clicks)
            SELECT id, now() AT TIME ZONE 'UTC' - interval '10 days', 5 FROM links",
        )
        .await;

    for _ in 0..3 {
        assert_eq!(service.get("/l/counted").await.status, StatusCode::TEMPORARY_REDIRECT);
    }
    let head = send(service.address, request(Method::HEAD, "/l/counted")).await;
    assert_eq!(head.status, StatusCode::TEMPORARY_REDIRECT);

    eventually("three clicks are written", async || database.clicks().await == 8).await;
    let stats: Value = service.api(Method::GET, "/v1/links/counted/stats").await.json();
    assert_eq!(stats["total"], 8);
    let days: Vec<_> = stats["days"].as_array().expect("days").iter().map(|day| day["clicks"].clone()).collect();
    assert_eq!(days, [5, 3]);
    let recent: Value = service.api(Method::GET, "/v1/links/counted/stats?days=2").await.json();
    assert_eq!((recent["total"].clone(), recent["days"].as_array().map(Vec::len)), (json!(8), Some(1)));
}

#[tokio::test]
async fn the_api_is_closed_to_whoever_does_not_hold_the_token() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &[]).await;
    let routes = [
        (Method::GET, "/v1/links"),
        (Method::POST, "/v1/links"),
        (Method::GET, "/v1/links/any"),
        (Method::DELETE, "/v1/links/any"),
        (Method::GET, "/v1/links/any/stats"),
    ];
    for (method, path) in routes {
        let missing = send(service.address, request(method.clone(), path)).await;
        missing.assert_problem(401, "a token is needed");
        assert_eq!(missing.header("www-authenticate"), "Bearer");

        let mut wrong = with_token(request(method, path));
        wrong.headers_mut().insert("authorization", "Bearer something-else-entirely".parse().expect("it is"));
        let wrong = send(service.address, wrong).await;
        wrong.assert_problem(401, "not the one");
        assert_eq!(wrong.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    }
}

#[tokio::test]
async fn bad_input_is_a_problem_that_says_what_is_wrong() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &[]).await;
    let url = "\"target_url\":\"https://example.com\"";
    let long = format!("{{\"target_url\":\"https://example.com/{}\"}}", "a".repeat(2048));
    for (body, status, detail) in [
        ("", 400, "not JSON"),
        ("{", 400, "not JSON"),
        ("[]", 422, "the body"),
        ("{}", 422, "missing field `target_url`"),
        ("{\"target_url\":7}", 422, "target_url: "),
        ("{\"target_url\":\"ftp://example.com\"}", 422, "must begin with"),
        ("{\"target_url\":\"https://example.com/\\u0000\"}", 422, "control character"),
        (&long, 422, "longer than 2048"),
        (&format!("{{{url},\"slug\":\"a/b\"}}"), 422, "slug: "),
        (&format!("{{{url},\"slug\":\"\\u0000\"}}"), 422, "slug: "),
        (&format!("{{{url},\"extra\":1}}"), 422, "unknown field `extra`"),
        (&"x".repeat(16 * 1024 + 1), 413, "longer than"),
    ] {
        service.post(body).await.assert_problem(status, detail);
    }

    let mut form = post("/v1/links", "a=b");
    form.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().expect("it is"));
    send(service.address, form).await.assert_problem(415, "application/json");

    for (path, detail) in [
        ("/v1/links?limit=0", "1 to 100"),
        ("/v1/links?limit=99999999999999999999", "limit"),
        ("/v1/links?limit=x", "limit"),
        ("/v1/links?cursor=nonsense", "cursor"),
        ("/v1/links?cursor=ffffffffffffffff", "cursor"),
        ("/v1/links?unknown=1", "unknown field"),
        ("/v1/links/a%00b", "a slug is"),
        ("/v1/links/%FF", "UTF-8"),
        ("/v1/links/any/stats?days=0", "1 to 366"),
    ] {
        service.api(Method::GET, path).await.assert_problem(400, detail);
    }
    service.get("/l/a%20b").await.assert_problem(400, "a slug is");
}

#[tokio::test]
async fn unknown_routes_and_methods_are_problems_too() {
    let database = TestDatabase::migrated().await;
    let service = TestService::ready(&database.url(), &[]).await;
    service.get("/").await.assert_problem(404, "no such route");
    service.get("/v1/links/").await.assert_problem(404, "no such route");
    for (path, allow) in [
        ("/v1/links", "GET,HEAD,POST"),
        ("/v1/links/a", "GET,HEAD,DELETE"),
        ("/l/a", "GET,HEAD"),
        ("/health", "GET,HEAD"),
        ("/openapi.json", "GET,HEAD"),
    ] {
        let answer = send(service.address, request(Method::PUT, path)).await;
        answer.assert_problem(405, "does not have that method");
        assert_eq!(answer.header("allow"), allow, "{path}");
    }
    send(service.management, get("/nothing")).await.assert_problem(404, "no such route");
    send(service.management, request(Method::POST, "/metrics")).await.assert_problem(405, "method");
}
