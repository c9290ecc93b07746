//! IAM: whether a role exists.

use anyhow::Context as _;

use super::{Call, Refusal};
use crate::aws::Clients;

impl Clients {
    /// Whether the role of this ARN exists. A [`Refusal`] is in the error when IAM refused to say.
    pub async fn role_exists(&self, arn: &str) -> anyhow::Result<bool> {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "GetRole")
            .append_pair("Version", "2010-05-08")
            .append_pair("RoleName", name)
            .finish();
        let call = Call {
            service: "iam",
            region: "us-east-1",
            host: "iam.amazonaws.com".to_owned(),
            target: None,
            content_type: "application/x-www-form-urlencoded",
            body,
        };
        let answer = self.signed(&call).await.with_context(|| format!("failed to look for the role {name}"))?;
        match Refusal::in_answer(&answer) {
            None => Ok(true),
            Some(refusal) if refusal.code == "NoSuchEntity" => Ok(false),
            Some(refusal) => Err(refusal).with_context(|| format!("failed to look for the role {name}")),
        }
    }
}
