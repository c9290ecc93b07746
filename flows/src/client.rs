//! The HTTP client: one exchange with a limit.

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method};
use serde_json::Value;

use crate::answer::Answer;
use crate::{Secret, Target, Transport};

/// How much of a body is read: more than any answer of ours has.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;

/// A request of a flow.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) token: Option<Secret>,
    pub(crate) body: Option<Value>,
}

impl Request {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), token: None, body: None }
    }

    pub(crate) fn with_token(mut self, token: &Secret) -> Self {
        self.token = Some(token.clone());
        self
    }

    pub(crate) fn with_body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

/// Speaks to one target, over whatever carries its requests.
pub(crate) struct Client<'a> {
    transport: &'a dyn Transport,
}

impl<'a> Client<'a> {
    pub(crate) fn over(transport: &'a dyn Transport) -> Self {
        Self { transport }
    }

    /// Sends a request and reads its answer within a limit. The reason for none is for people.
    pub(crate) async fn exchange(&self, target: &Target, request: &Request, limit: Duration) -> Result<Answer, String> {
        let exchange = self.transport.exchange(on_the_wire(target, request)?);
        match tokio::time::timeout(limit, exchange).await {
            Ok(answer) => {
                let (head, mut body) = answer?.into_parts();
                body.truncate(BODY_LIMIT);
                Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
            }
            Err(_) => Err(format!("no answer within {} ms", limit.as_millis())),
        }
    }
}

/// The request as a transport gets it.
fn on_the_wire(target: &Target, request: &Request) -> Result<http::Request<Vec<u8>>, String> {
    let mut builder = http::Request::builder()
        .method(request.method.clone())
        .uri(target.url(&request.path).as_str())
        .header(USER_AGENT, concat!("slipway-flows/", env!("CARGO_PKG_VERSION")));
    if let Some(token) = &request.token {
        // What is wrong with a token is not said with the token.
        let bearer = HeaderValue::try_from(format!("Bearer {}", token.reveal()));
        let mut bearer = bearer.map_err(|_| "the token fits no header".to_owned())?;
        bearer.set_sensitive(true);
        builder = builder.header(AUTHORIZATION, bearer);
    }
    let body = match &request.body {
        Some(body) => {
            builder = builder.header(CONTENT_TYPE, "application/json");
            body.to_string().into_bytes()
        }
        None => Vec::new(),
    };
    builder.body(body).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_fits_no_header_is_not_repeated() {
        let token = Secret::new("hunter2\n");
        let target = Target::new("http://localhost".parse().expect("a URL"), token.clone()).expect("a target");
        let request = Request::new(Method::GET, "/l/a").with_token(&token);
        let reason = on_the_wire(&target, &request).expect_err("no header has two lines");
        assert_eq!(reason, "the token fits no header");
    }
}
