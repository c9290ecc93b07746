//! The AWS CLI.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::served::Served;

/// What a call came to.
#[derive(Debug)]
pub(crate) struct Said {
    code: Option<i32>,
    output: String,
    error: String,
}

impl Served {
    /// Calls the AWS CLI with nothing in its environment but what leads here.
    pub(crate) fn aws(&self, arguments: &[&str]) -> Said {
        let program = std::env::var_os("SLIPWAY_TEST_AWS_CLI").map(PathBuf::from);
        let program = program.expect("run these tests with `cargo xtask test --clients`");
        let home = program.parent().and_then(|folder| folder.parent()).expect("it is in a folder");
        let output = Command::new(&program)
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.temporary.path())
            .env("PYTHONPATH", home)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("AWS_PAGER", "")
            .env("AWS_MAX_ATTEMPTS", "2")
            .envs(&self.environment)
            .output()
            .expect("the AWS CLI");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Said { code: output.status.code(), output: text(output.stdout), error: text(output.stderr) }
    }
}

impl Said {
    /// What it printed, when it succeeded.
    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        &self.output
    }

    /// The same as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.text()).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Fails unless AWS's code is in the error.
    #[track_caller]
    pub(crate) fn refused(&self, code: &str) {
        assert_ne!(self.code, Some(0), "{self:?}");
        assert!(self.error.contains(&format!("({code})")), "{self:?}");
    }
}
