//! Calls to the cloud, in the protocols that infrastructure code speaks.

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{Request, header};
use serde_json::{Value, json};

use crate::Cloud;

/// Calls the cloud as a client in a region does.
pub(super) struct Caller<'a> {
    pub(super) cloud: &'a Cloud,
    pub(super) region: &'a str,
}

impl Caller<'_> {
    /// Calls an operation of a service of the JSON protocol.
    pub(super) async fn call(&self, service: &str, operation: &str, input: &Value) -> anyhow::Result<Value> {
        let request = self
            .request()
            .header("x-amz-target", format!("{service}.{operation}"))
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
            .body(Bytes::from(input.to_string()))
            .context("failed to make a request")?;
        let response = self.cloud.handle(request).await;
        let body = String::from_utf8_lossy(response.body()).into_owned();
        if !response.status().is_success() {
            bail!("{operation} of {input}: {} {body}", response.status());
        }
        serde_json::from_str(&body).with_context(|| format!("{operation} was answered with {body:?}"))
    }

    /// Makes a role that a service of AWS may take.
    pub(super) async fn create_role(&self, name: &str, who: &str) -> anyhow::Result<()> {
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": who },
            }],
        });
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "CreateRole")
            .append_pair("Version", "2010-05-08")
            .append_pair("RoleName", name)
            .append_pair("AssumeRolePolicyDocument", &trust.to_string())
            .finish();
        let request = self
            .request()
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form))
            .context("failed to make a request")?;
        let response = self.cloud.handle(request).await;
        if !response.status().is_success() {
            let body = String::from_utf8_lossy(response.body()).into_owned();
            bail!("CreateRole of {name}: {} {body}", response.status());
        }
        Ok(())
    }

    fn request(&self) -> http::request::Builder {
        let credential = format!("rehearsal/20260101/{}/rehearsal/aws4_request", self.region);
        let signature = "0".repeat(64);
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature={signature}");
        Request::post("/").header(header::AUTHORIZATION, authorization)
    }
}
