//! What carries the requests of the flows: the network, unless a caller brings something else.

mod network;

use std::pin::Pin;

pub use network::Network;

/// An answer on its way, or why there is none, for people and without a secret.
pub type Exchange<'a> = Pin<Box<dyn Future<Output = Result<http::Response<Vec<u8>>, String>> + Send + 'a>>;

/// Carries requests. Redirects are answers and not followed, and nothing is sent twice.
pub trait Transport: Send + Sync {
    /// Sends a request and reads its whole answer. The limit is the caller's, who drops the exchange.
    fn exchange(&self, request: http::Request<Vec<u8>>) -> Exchange<'_>;
}
