//! The way from AWS credentials to the registry's own API.

use anyhow::Context as _;
use http::HeaderValue;
use url::Url;

use crate::aws::Clients;

/// Where the registry is, and what opens it. It lasts twelve hours.
#[derive(Clone)]
pub struct Login {
    /// The registry, without a path.
    pub origin: Url,
    /// The `Authorization` header, marked as sensitive.
    pub authorization: HeaderValue,
}

// A token is a password.
impl std::fmt::Debug for Login {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Login({})", self.origin)
    }
}

impl Clients {
    /// Asks ECR for a token of its registry.
    pub async fn registry_login(&self) -> anyhow::Result<Login> {
        let answer = self.ecr.get_authorization_token().send().await.context("failed to log in to ECR's registry")?;
        let data = answer.authorization_data().first().context("ECR gave no authorization for its registry")?;
        let origin = data.proxy_endpoint().context("ECR did not say where its registry is")?;
        let origin = Url::parse(origin).with_context(|| format!("ECR's registry is at {origin:?}"))?;
        let token = data.authorization_token().context("ECR gave no token for its registry")?;
        // What is wrong with a token is not said with the token.
        let mut authorization = HeaderValue::try_from(format!("Basic {token}"))
            .ok()
            .context("ECR gave a token for its registry that fits no header")?;
        authorization.set_sensitive(true);
        Ok(Login { origin, authorization })
    }
}
