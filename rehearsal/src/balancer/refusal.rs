//! The answers that the balancer gives itself, in AWS's words.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, SERVER};
use http::{Response, StatusCode};
use http_body_util::Full;

/// Why there is no answer of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// No target is registered.
    #[error("no target is registered")]
    NoTarget,
    /// The target does not accept a connection.
    #[error("the target accepts no connection")]
    Connect,
    /// A connection took too long to be made.
    #[error("no connection in time")]
    ConnectTimeout,
    /// The target ended the connection, or said what is no answer, with the request under way.
    #[error("the target broke the connection")]
    Broken,
    /// The target said nothing for too long.
    #[error("no answer in time")]
    AnswerTimeout,
    /// A fault of the rehearsal, in the target's stead.
    #[error("a fault of the rehearsal")]
    Planted,
}

impl Refusal {
    /// The status that the client gets.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::NoTarget => StatusCode::SERVICE_UNAVAILABLE,
            Self::Connect | Self::Broken => StatusCode::BAD_GATEWAY,
            Self::ConnectTimeout | Self::AnswerTimeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Planted => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) fn is_of_connection(self) -> bool {
        matches!(self, Self::Connect | Self::ConnectTimeout)
    }

    /// The answer.
    pub(super) fn response(self) -> Response<Full<Bytes>> {
        let status = self.status();
        let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
        let page = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
             </body>\r\n</html>\r\n"
        );
        let mut response = Response::new(Full::new(Bytes::from(page)));
        *response.status_mut() = status;
        let server = if self == Self::Planted { "rehearsal" } else { "awselb/2.0" };
        response.headers_mut().insert(SERVER, HeaderValue::from_static(server));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
        response
    }
}
