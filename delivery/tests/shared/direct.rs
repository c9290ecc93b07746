//! Calls of the cloud as somebody else makes them, past the engine.

use http::Request;
use rehearsal::Cloud;
use serde_json::Value;

/// Asks a service of the cloud, `PREFIX.Operation`; the text of its answer, which must be a good one.
pub(crate) async fn ask(cloud: &Cloud, target: &str, body: &Value) -> String {
    let request = Request::post("/")
        .header("x-amz-target", target)
        .header("content-type", "application/x-amz-json-1.1")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=a/20261124/ap-northeast-1/x/aws4_request, SignedHeaders=host, Signature=0",
        )
        .body(body.to_string().into())
        .expect("a request");
    let answer = cloud.handle(request).await;
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    assert!(answer.status().is_success(), "{target}: {} {text}", answer.status());
    text
}
