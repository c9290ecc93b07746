//! Whoever does not hold the token is refused, whatever they ask for.

use http::Method;
use serde_json::json;

use super::life_of_a_link::clean_up;
use crate::client::{Client, Request};
use crate::journey::{Journey, Stopped};
use crate::report::FlowReport;
use crate::{Secret, Target};

pub(crate) async fn without_a_token(target: &Target, client: &Client<'_>, slug: &str) -> FlowReport {
    run(target, client, slug, None).await.report("refused without a token")
}

pub(crate) async fn with_a_wrong_token(target: &Target, client: &Client<'_>, slug: &str, wrong: &Secret) -> FlowReport {
    run(target, client, slug, Some(wrong)).await.report("refused with a wrong token")
}

async fn run<'a>(target: &'a Target, client: &'a Client<'a>, slug: &str, token: Option<&Secret>) -> Journey<'a> {
    let mut journey = Journey::new(target, client);
    if walk(&mut journey, slug, token).await.is_err() {
        // A door that was open has let something in; it is in the steps if it cannot be removed.
        let _ = clean_up(&mut journey, slug).await;
    }
    journey
}

async fn walk(journey: &mut Journey<'_>, slug: &str, token: Option<&Secret>) -> Result<(), Stopped> {
    let path = format!("/v1/links/{slug}");
    let body = json!({ "target_url": format!("https://example.com/{slug}"), "slug": slug });
    let requests = [
        ("create", Request::new(Method::POST, "/v1/links").with_body(body)),
        ("list", Request::new(Method::GET, "/v1/links")),
        ("read", Request::new(Method::GET, &path)),
        ("see counts", Request::new(Method::GET, format!("{path}/stats"))),
        ("delete", Request::new(Method::DELETE, &path)),
    ];
    for (name, request) in requests {
        let request = match token {
            Some(token) => request.with_token(token),
            None => request,
        };
        journey.step(name, request, |answer| answer.expect_problem(401)).await?;
    }
    Ok(())
}
