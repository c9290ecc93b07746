//! AWS's JSON protocol, 1.0 and 1.1: `X-Amz-Target` names the operation, the body is JSON both ways,
//! an error has its code in `__type`.

use bytes::Bytes;
use http::{Response, StatusCode};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A call of an operation.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// `UpdateService` for one.
    pub(crate) operation: &'a str,
    /// The members of the request.
    pub(crate) input: &'a Value,
    /// When it was made.
    pub(crate) now: Timestamp,
}

impl Call<'_> {
    /// The request as a type; what it does not name is ignored, as AWS does.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        if !self.input.is_object() {
            return Err(Error::serialization("the body is not a JSON object"));
        }
        T::deserialize(self.input).map_err(|error| Error::serialization(&error.to_string()))
    }
}

/// An error as AWS's documents name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    /// The status of the answer.
    pub(crate) status: StatusCode,
    /// `ServiceNotFoundException` for one.
    pub(crate) code: &'static str,
    /// What a person reads.
    pub(crate) message: String,
}

impl Error {
    /// The client's mistake, 400.
    pub(crate) fn client(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }

    /// A body that is no such request.
    pub(crate) fn serialization(message: &str) -> Self {
        Self::client("SerializationException", message)
    }

    /// An operation that AWS has, or may have, and this cloud has not.
    pub(crate) fn not_implemented(service: &str, operation: &str) -> Self {
        Self {
            status: StatusCode::NOT_IMPLEMENTED,
            code: "NotImplementedException",
            message: format!("the rehearsal cloud does not implement {service}:{operation}"),
        }
    }
}

/// What comes of a call.
pub(crate) type Answer = Result<Value, Error>;

/// The answer as AWS sends it.
pub(crate) fn response(answer: &Answer, request_id: &str, content_type: &str) -> Response<Bytes> {
    let (status, body) = match answer {
        Ok(value) => (StatusCode::OK, value.to_string()),
        Err(error) => (error.status, json!({ "__type": error.code, "message": error.message }).to_string()),
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Ok(value) = content_type.parse() {
        headers.insert(http::header::CONTENT_TYPE, value);
    }
    if let Ok(value) = request_id.parse() {
        headers.insert("x-amzn-requestid", value);
    }
    if let Err(error) = answer {
        headers.insert("x-amzn-errortype", http::HeaderValue::from_static(error.code));
    }
    response
}

/// A moment as this protocol writes it: seconds since 1970, as a number with milliseconds.
pub(crate) fn epoch(time: Timestamp) -> Value {
    json!(time.as_millisecond() as f64 / 1000.0)
}
