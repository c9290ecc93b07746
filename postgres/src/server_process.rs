//! Stopping the server of a data directory, whoever started it.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long a server may take for an immediate shutdown: it gives its own processes five seconds
/// (`SIGKILL_CHILDREN_AFTER_SECS` in PostgreSQL's postmaster).
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(7);

/// How long the kernel may take to end a killed server.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// Stops the server of a data directory at once, as `pg_ctl -m immediate` does; nothing to do when
/// there is none.
pub(crate) async fn stop(data: &Path) -> io::Result<()> {
    let Some(pid) = server_of(data) else {
        return Ok(());
    };
    for (signal, limit) in [(Signal::QUIT, SHUTDOWN_LIMIT), (Signal::KILL, KILL_LIMIT)] {
        match kill_process(pid, signal) {
            Ok(()) => {}
            Err(rustix::io::Errno::SRCH) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let since = Instant::now();
        while since.elapsed() < limit {
            if !serves(pid, data) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    Err(io::Error::other(format!("the server with process id {} does not end", pid.as_raw_nonzero())))
}

/// The process that serves a data directory: the one that `postmaster.pid` names, when it is still
/// the server and not a stranger who got its number.
fn server_of(data: &Path) -> Option<Pid> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let number: i32 = text.lines().next()?.trim().parse().ok()?;
    // PostgreSQL writes a negative number for a single-user server, which is none of ours.
    let pid = (number > 1).then(|| Pid::from_raw(number)).flatten()?;
    serves(pid, data).then_some(pid)
}

/// Whether a living process names the data directory in its arguments, as our servers do.
fn serves(pid: Pid, data: &Path) -> bool {
    arguments_of(pid).is_some_and(|arguments| arguments.contains(&*data.to_string_lossy()))
}

fn arguments_of(pid: Pid) -> Option<String> {
    let number = pid.as_raw_nonzero();
    if Path::new("/proc/self/cmdline").exists() {
        let arguments = fs::read(format!("/proc/{number}/cmdline")).ok()?;
        return Some(String::from_utf8_lossy(&arguments).into_owned());
    }
    let output = Command::new("ps").args(["-o", "args=", "-p", &number.to_string()]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stranger_with_the_number_of_a_dead_server_is_left_alone() {
        let data = tempfile::tempdir().expect("temporary directory");
        let mut stranger = Command::new("sleep").arg("60").spawn().expect("sleep");
        let text = format!("{}\n{}\n", stranger.id(), data.path().display());
        fs::write(data.path().join("postmaster.pid"), text).expect("file");
        stop(data.path()).await.expect("nothing to stop");
        assert!(stranger.try_wait().expect("status").is_none(), "was killed");
        stranger.kill().expect("kill");
        stranger.wait().expect("wait");
    }

    #[tokio::test]
    async fn what_a_torn_file_says_is_no_process() {
        for text in ["", "x", "-7", "0", "1"] {
            let data = tempfile::tempdir().expect("temporary directory");
            fs::write(data.path().join("postmaster.pid"), text).expect("file");
            stop(data.path()).await.expect("nothing to stop");
        }
    }
}
