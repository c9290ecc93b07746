//! Load that accounts for every request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hyper::StatusCode;
use hyper::header::{CONNECTION, HeaderValue};
use tokio::task::JoinSet;

use super::http::{Answer, Connection, get};

/// Clients that use a new connection for each request, and as many that keep theirs.
const CLIENTS_OF_A_KIND: usize = 8;

/// What became of the requests.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Answered with a redirect.
    pub(crate) redirected: AtomicU64,
    /// Refused a connection: a balancer would have asked another task.
    pub(crate) refused: AtomicU64,
    /// Answered otherwise, cut, or not answered: lost.
    pub(crate) lost: AtomicU64,
}

impl Account {
    pub(crate) fn redirected(&self) -> u64 {
        self.redirected.load(Ordering::Relaxed)
    }
}

/// Load on one path.
pub(crate) struct Load {
    pub(crate) account: Arc<Account>,
    is_over: Arc<AtomicBool>,
    clients: JoinSet<()>,
}

impl Load {
    /// Starts clients that follow the link without a pause.
    pub(crate) fn start(address: SocketAddr, path: &'static str) -> Self {
        let account = Arc::new(Account::default());
        let is_over = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        for number in 0..2 * CLIENTS_OF_A_KIND {
            let (account, is_over) = (Arc::clone(&account), Arc::clone(&is_over));
            let keeps = number % 2 == 0;
            clients.spawn(async move {
                let mut kept = None;
                while !is_over.load(Ordering::Relaxed) {
                    kept = request(address, path, kept.filter(|_| keeps), &account).await;
                }
            });
        }
        Self { account, is_over, clients }
    }

    /// Sends no more requests and waits for the answers to those that were sent.
    pub(crate) async fn finish(self) -> Arc<Account> {
        self.is_over.store(true, Ordering::Relaxed);
        self.clients.join_all().await;
        self.account
    }
}

/// One request; gives the connection back when it may be used again.
async fn request(address: SocketAddr, path: &str, kept: Option<Connection>, account: &Account) -> Option<Connection> {
    let mut connection = match kept {
        Some(connection) => connection,
        None => match Connection::open(address).await {
            Ok(connection) => connection,
            Err(_) => {
                account.refused.fetch_add(1, Ordering::Relaxed);
                return None;
            }
        },
    };
    match connection.send(get(path)).await {
        Ok(answer) if answer.status == StatusCode::TEMPORARY_REDIRECT => {
            account.redirected.fetch_add(1, Ordering::Relaxed);
            (!says_close(&answer)).then_some(connection)
        }
        other => {
            eprintln!("lost: {other:?}");
            account.lost.fetch_add(1, Ordering::Relaxed);
            None
        }
    }
}

fn says_close(answer: &Answer) -> bool {
    answer.headers.get(CONNECTION) == Some(&HeaderValue::from_static("close"))
}
