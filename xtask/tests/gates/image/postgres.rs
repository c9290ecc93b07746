//! An empty database for as long as a test wants it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::copy::{root, unmeasured};

/// A fresh database of the provider's, dropped when this is.
pub(super) struct Lease {
    pub(super) url: String,
    provider: Child,
}

impl Lease {
    /// Starts the provider with a command that says where the database is and lasts as long as its
    /// standard input is open.
    pub(super) fn take() -> Self {
        let mut command = Command::new("cargo");
        unmeasured(&mut command).current_dir(root()).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.args(["run", "--quiet", "--locked", "--package", "postgres-provider", "--"]);
        command.args(["exec", "--fresh-database", "--", "sh", "-c", "echo \"$DATABASE_URL\"; exec cat"]);
        let mut provider = command.spawn().expect("cargo starts");
        let mut url = String::new();
        let output = provider.stdout.take().expect("the output is a pipe");
        BufReader::new(output).read_line(&mut url).expect("the provider says where the database is");
        assert!(url.starts_with("postgres"), "the provider brought no database");
        Self { url: url.trim().to_owned(), provider }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.provider.stdin.take());
        let _ = self.provider.wait();
    }
}
