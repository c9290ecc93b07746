//! moto, up as long as the test, on a port of its own.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use delivery::aws::{Clients, Transport};

/// How long it may take to come up: it is an interpreter with much to read.
const LIMIT: Duration = Duration::from_mins(1);

pub(crate) struct Moto {
    child: Child,
    pub(crate) clients: Clients,
}

impl Moto {
    pub(crate) fn start() -> Self {
        let program = std::env::var_os("SLIPWAY_TEST_MOTO_SERVER").map(PathBuf::from);
        let program = program.expect("run these tests with `cargo xtask test --clients`");
        let home = program.parent().and_then(|folder| folder.parent()).expect("it is in a folder");
        let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let child = Command::new(&program)
            .args(["--host", "127.0.0.1", "--port", &address.port().to_string()])
            .env("PYTHONPATH", home)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto");
        let endpoint = format!("http://{address}");
        let clients = Clients::over(Transport::over_the_network(), &endpoint, "ap-northeast-1").expect("clients");
        let mut moto = Self { child, clients };
        let since = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert_eq!(moto.child.try_wait().expect("its state"), None, "it ended instead of coming up");
            assert!(since.elapsed() < LIMIT, "it does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        moto
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
