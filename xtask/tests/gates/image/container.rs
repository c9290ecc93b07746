//! A container of the image, locked up as a task on Fargate is.

use std::net::TcpListener;
use std::process::Command;

use crate::copy::run;

/// A running container, removed when this is dropped.
pub(super) struct Container {
    id: String,
    /// Of the service, on loopback.
    pub(super) port: u16,
}

const LOCKED_UP: [&str; 6] =
    ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network=host"];

impl Container {
    /// Runs a subcommand of the image to its end, which has to be a good one.
    pub(super) fn run_to_end(image: &str, database: &str, arguments: &[&str]) {
        let mut command = docker(&["run", "--rm", "--env", "DATABASE_URL"]);
        let ran = run(command.args(LOCKED_UP).arg(image).args(arguments).env("DATABASE_URL", database));
        assert_eq!(ran.code, Some(0), "{}", ran.output);
    }

    /// Starts the service.
    pub(super) fn start(image: &str, database: &str) -> Self {
        let (port, management) = (free_port(), free_port());
        let mut command = docker(&["run", "--detach"]);
        // Names only: the values come from this process's environment, where `ps` shows none.
        for name in ["DATABASE_URL", "API_TOKEN", "LISTEN_ADDRESS", "MANAGEMENT_ADDRESS", "DRAIN_DELAY"] {
            command.args(["--env", name]);
        }
        command.env("DATABASE_URL", database).env("API_TOKEN", "token-of-the-image-test").env("DRAIN_DELAY", "3s");
        command.env("LISTEN_ADDRESS", format!("127.0.0.1:{port}"));
        command.env("MANAGEMENT_ADDRESS", format!("127.0.0.1:{management}"));
        let ran = run(command.args(LOCKED_UP).arg(image));
        assert_eq!(ran.code, Some(0), "{}", ran.output);
        Self { id: ran.stdout.trim().to_owned(), port }
    }

    /// Stops it as ECS does: SIGTERM, and SIGKILL only after the stop timeout.
    pub(super) fn stop(&self) {
        let ran = run(docker(&["stop", "--time", "75"]).arg(&self.id));
        assert_eq!(ran.code, Some(0), "{}", ran.output);
    }

    /// Runs a program inside, and returns whether it succeeded.
    pub(super) fn exec(&self, program: &[&str]) -> bool {
        run(docker(&["exec"]).arg(&self.id).args(program)).code == Some(0)
    }

    /// A field of what Docker knows about it.
    pub(super) fn inspect(&self, format: &str) -> String {
        run(docker(&["inspect", "--format", format]).arg(&self.id)).stdout.trim().to_owned()
    }

    /// What it has printed.
    pub(super) fn logs(&self) -> String {
        run(docker(&["logs"]).arg(&self.id)).output
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        run(docker(&["rm", "--force"]).arg(&self.id));
    }
}

/// Whether there is an engine to run containers.
pub(super) fn engine_answers() -> bool {
    Command::new("docker").arg("info").output().is_ok_and(|output| output.status.success())
}

/// Whether the engine has an image.
pub(super) fn has_image(name: &str) -> bool {
    run(docker(&["image", "inspect"]).arg(name)).code == Some(0)
}

fn docker(arguments: &[&str]) -> Command {
    let mut command = Command::new("docker");
    command.args(arguments);
    command
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("a bound socket has an address").port()
}
