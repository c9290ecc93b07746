//! Parameter Store: which parameters exist. Their values are never asked for.

use std::collections::BTreeSet;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::json;

use super::{Call, Refusal};
use crate::aws::Clients;

/// How many values a filter may have.
const NAMES_A_CALL: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    parameters: Vec<Parameter>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    name: String,
}

impl Clients {
    /// Those of the names that parameters have. A [`Refusal`] is in the error when the store refused
    /// to say.
    ///
    /// `DescribeParameters` and not `GetParameters`: it tells no value, decrypted or not.
    pub async fn parameters_that_exist(&self, names: &[String]) -> anyhow::Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        for names in names.chunks(NAMES_A_CALL) {
            let mut token: Option<String> = None;
            loop {
                let page = self.page_of_parameters(names, token.as_deref()).await?;
                found.extend(page.parameters.into_iter().map(|parameter| parameter.name));
                match page.next_token.filter(|next| !next.is_empty() && token.as_ref() != Some(next)) {
                    Some(next) => token = Some(next),
                    None => break,
                }
            }
        }
        Ok(found)
    }

    async fn page_of_parameters(&self, names: &[String], token: Option<&str>) -> anyhow::Result<Page> {
        let mut body = json!({ "ParameterFilters": [{ "Key": "Name", "Option": "Equals", "Values": names }] });
        if let Some(token) = token {
            body["NextToken"] = json!(token);
        }
        let call = Call {
            service: "ssm",
            region: self.region(),
            host: format!("ssm.{}.amazonaws.com", self.region()),
            target: Some("AmazonSSM.DescribeParameters"),
            content_type: "application/x-amz-json-1.1",
            body: body.to_string(),
        };
        let answer = self.signed(&call).await.context("failed to look for parameters")?;
        match Refusal::in_answer(&answer) {
            None => serde_json::from_slice(answer.body()).context("in the list of parameters"),
            Some(refusal) => Err(refusal).context("failed to look for parameters"),
        }
    }
}
