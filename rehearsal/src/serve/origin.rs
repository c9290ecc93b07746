//! The port where AWS is: HTTP/1.1 in front of the cloud's `answer`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::{Cloud, ConnectionLost};

/// The largest body that is taken: a layer that comes in one piece.
const LARGEST_BODY: usize = 4 << 30;

/// How long to wait when no connection can be accepted, for want of file descriptors say.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until it is dropped.
pub(crate) async fn serve(socket: TcpListener, cloud: Cloud) {
    // Dropped with this future, and the connections with it.
    let mut connections = JoinSet::new();
    let cloud = Arc::new(cloud);
    loop {
        tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&cloud)));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, cloud: Arc<Cloud>) {
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |request| answer(Arc::clone(&cloud), request));
    // An error ends the connection: the client's fault, or a lost answer that was asked for.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), answer).await;
}

async fn answer(cloud: Arc<Cloud>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, ConnectionLost> {
    let (head, body) = request.into_parts();
    match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => Ok(cloud.answer(Request::from_parts(head, body.to_bytes())).await?.map(Full::new)),
        Err(_) => {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            Ok(response)
        }
    }
}
