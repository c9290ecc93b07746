//! A link is made, read, followed, seen counted, and deleted, and is gone then.

use http::Method;
use serde_json::json;

use crate::Target;
use crate::client::{Client, Request};
use crate::journey::{Journey, Stopped};
use crate::report::FlowReport;

pub(crate) async fn run(target: &Target, client: &Client<'_>, slug: &str) -> FlowReport {
    let mut journey = Journey::new(target, client);
    // What happened is in the journey's steps.
    let _ = walk(&mut journey, slug).await;
    journey.report("the life of a link")
}

async fn walk(journey: &mut Journey<'_>, slug: &str) -> Result<(), Stopped> {
    // A name that is reserved for examples (RFC 2606), and nothing that anybody fetches.
    let destination = format!("https://example.com/{slug}");
    let used = match create(journey, slug, &destination).await {
        Ok(()) => make_use(journey, slug, &destination).await,
        Err(stopped) => Err(stopped),
    };
    if let Err(stopped) = used {
        clean_up(journey, slug).await?;
        return Err(stopped);
    }
    delete(journey, slug).await
}

async fn create(journey: &mut Journey<'_>, slug: &str, destination: &str) -> Result<(), Stopped> {
    let body = json!({ "target_url": destination, "slug": slug });
    let request = Request::new(Method::POST, "/v1/links").with_token(&journey.token()).with_body(body);
    journey
        .step("create", request, |answer| {
            answer.expect_status(&[201])?;
            answer.expect_location(&format!("/v1/links/{slug}"))
        })
        .await
}

async fn make_use(journey: &mut Journey<'_>, slug: &str, destination: &str) -> Result<(), Stopped> {
    let request = link(journey, Method::GET, slug);
    journey
        .step("read", request, |answer| {
            answer.expect_status(&[200])?;
            answer.expect_field("target_url", destination)
        })
        .await?;
    journey
        .step("follow", follow(slug), |answer| {
            answer.expect_status(&[307])?;
            answer.expect_location(destination)
        })
        .await?;
    let stats = Request::new(Method::GET, format!("/v1/links/{slug}/stats"));
    let request = stats.with_token(&journey.token());
    journey
        .eventually("see it counted", request, |answer| {
            answer.expect_status(&[200])?;
            answer.expect_at_least("total", 1)
        })
        .await
}

async fn delete(journey: &mut Journey<'_>, slug: &str) -> Result<(), Stopped> {
    let request = link(journey, Method::DELETE, slug);
    journey.step("delete", request, |answer| answer.expect_status(&[204])).await?;
    let request = link(journey, Method::GET, slug);
    journey.step("read no more", request, |answer| answer.expect_problem(404)).await?;
    // Other tasks follow it for as long as their caches are fresh.
    journey.eventually("follow no more", follow(slug), |answer| answer.expect_problem(404)).await
}

/// Removes what may have been made: an answer that was wrong or late does not mean that nothing was.
pub(super) async fn clean_up(journey: &mut Journey<'_>, slug: &str) -> Result<(), Stopped> {
    let request = link(journey, Method::DELETE, slug);
    journey.step("clean up", request, |answer| answer.expect_status(&[204, 404])).await
}

fn link(journey: &Journey<'_>, method: Method, slug: &str) -> Request {
    Request::new(method, format!("/v1/links/{slug}")).with_token(&journey.token())
}

fn follow(slug: &str) -> Request {
    Request::new(Method::GET, format!("/l/{slug}"))
}
