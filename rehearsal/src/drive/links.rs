//! Links that are made in production while it changes: each leads where it did for ever after, whichever
//! release made it and whichever is asked.

use http::Method;
use serde_json::{Value, json};

use super::act::Act;
use super::ask::{Question, ask};
use super::place::Place;
use super::stage::Stage;

/// The links of a story.
#[derive(Debug)]
pub(crate) struct Links {
    url: String,
    token: String,
    made: Vec<Link>,
}

#[derive(Debug)]
struct Link {
    slug: String,
    target: String,
}

impl Links {
    /// None yet, in the production of this stage.
    pub(crate) fn of(stage: &Stage) -> anyhow::Result<Self> {
        let url = stage.view.url(Place::Production)?.to_owned();
        Ok(Self { url, token: stage.token.clone(), made: Vec::new() })
    }

    /// Makes one.
    pub(crate) async fn make(&mut self, slug: &str) -> anyhow::Result<()> {
        let target = target(slug);
        let body = json!({ "slug": slug, "target_url": target });
        self.ask(Method::POST, "/v1/links", Some(body)).await?;
        self.made.push(Link { slug: slug.to_owned(), target });
        Ok(())
    }

    /// Removes one.
    pub(crate) async fn remove(&mut self, slug: &str) -> anyhow::Result<()> {
        self.ask(Method::DELETE, &format!("/v1/links/{slug}"), None).await?;
        self.made.retain(|link| link.slug != slug);
        Ok(())
    }

    /// Each of them is there, and leads where it did.
    pub(crate) async fn lead_where_they_did(&self, act: &mut Act) {
        let mut wrong = Vec::new();
        for link in &self.made {
            match self.ask(Method::GET, &format!("/v1/links/{}", link.slug), None).await {
                Ok(answer) if answer["target_url"] == link.target => {}
                Ok(answer) => wrong.push(format!("{} is {answer}", link.slug)),
                Err(error) => wrong.push(format!("{}: {error:#}", link.slug)),
            }
        }
        let slugs: Vec<_> = self.made.iter().map(|link| link.slug.as_str()).collect();
        let what = format!("the links {} lead where they did", slugs.join(", "));
        act.check(what, wrong.is_empty(), wrong.join("; "));
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        ask(&self.url, &Question { method, path, token: Some(&self.token), body }).await
    }
}

/// Where a link of this name leads.
pub(super) fn target(slug: &str) -> String {
    format!("https://example.com/{slug}")
}
