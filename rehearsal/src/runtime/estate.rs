//! The folder of a cloud, and everything that lives from it: whoever outlives the cloud can end
//! and remove all of it.
//!
//! The folder holds `owner.lock`, which the living owner keeps locked. The kernel drops the lock
//! with its process, however that ended, so a lock that can be taken is the proof that nobody needs
//! the folder any more. A guard, started with the cloud, waits for it; when the guard was killed
//! too, the next cloud clears the folder.
//!
//! **Invariant**: a task's process has the folder's name in its command line or its program there,
//! and leads a process group; a container has the folder's name as a label.

use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::docker;

const PREFIX: &str = "slipway-rehearsal-";
const LOCK: &str = "owner.lock";
const CONTAINERS: &str = "containers";

/// How long what was killed may resist.
const LIMIT: Duration = Duration::from_secs(10);

/// The folder of a living cloud.
#[derive(Debug)]
pub struct Estate {
    folder: PathBuf,
    lock: File,
    guard: Option<Child>,
}

impl Estate {
    /// Makes the folder below `base` and locks it, clears what dead clouds left there, and starts
    /// `program` as its guard.
    pub fn claim(base: &Path, program: &Path) -> io::Result<Self> {
        clear_dead(base);
        // It gets its name when it is locked: a folder with the name and without an owner is what
        // others clear away.
        let newborn = tempfile::Builder::new().prefix(".slipway-rehearsal-new-").tempdir_in(base)?;
        let lock = File::create(newborn.path().join(LOCK))?;
        lock.lock()?;
        // Tasks run under another account, which has to reach its files and needs to list nothing.
        fs::set_permissions(newborn.path(), Permissions::from_mode(0o711))?;
        let folder = base.join(format!("{PREFIX}{}", uuid::Uuid::new_v4().simple()));
        fs::rename(newborn.path(), &folder)?;
        let _ = newborn.keep();
        let guard = start_guard(program, &folder)?;
        Ok(Self { folder, lock, guard: Some(guard) })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Notes that there may be containers with the folder's label, and images of this registry.
    pub(super) fn expect_containers(folder: &Path, registry: &str) -> io::Result<()> {
        fs::write(folder.join(CONTAINERS), registry)
    }

    /// Ends and removes everything, and waits for the guard to see it.
    pub fn clear(mut self) -> io::Result<()> {
        let cleared = clear(&self.folder);
        let _ = self.lock.unlock();
        if let Some(mut guard) = self.guard.take() {
            guard.wait()?;
        }
        cleared
    }
}

impl Drop for Estate {
    fn drop(&mut self) {
        // The guard clears; it is waited for, so that it is done when its owner is.
        if let Some(mut guard) = self.guard.take() {
            let _ = self.lock.unlock();
            let _ = guard.wait();
        }
    }
}

/// What the guard does: waits until the owner is gone, however long that takes, and clears.
pub fn guard(folder: &Path) -> io::Result<()> {
    let lock = match File::open(folder.join(LOCK)) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    lock.lock()?;
    if folder.exists() { clear(folder) } else { Ok(()) }
}

fn start_guard(program: &Path, folder: &Path) -> io::Result<Child> {
    // In a process group of its own, so that the terminal's ^C leaves it alone; without our streams,
    // so that nobody who reads them to their end waits for it.
    Command::new(program)
        .arg("guard")
        .arg(folder)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

/// Clears what dead clouds of this account left. What resists is left for the next time.
fn clear_dead(base: &Path) {
    let me = rustix::process::geteuid().as_raw();
    let Ok(entries) = fs::read_dir(base) else { return };
    let folders = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .filter(|entry| entry.metadata().is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == me));
    for folder in folders.map(|entry| entry.path()) {
        let dead = match File::open(folder.join(LOCK)) {
            Ok(lock) => match lock.try_lock() {
                Ok(()) => Some(Some(lock)),
                Err(TryLockError::WouldBlock | TryLockError::Error(_)) => None,
            },
            Err(error) => (error.kind() == io::ErrorKind::NotFound).then_some(None),
        };
        // The lock is held while the folder is cleared.
        if let Some(_lock) = dead {
            let _ = clear(&folder);
        }
    }
}

fn clear(folder: &Path) -> io::Result<()> {
    if let Ok(registry) = fs::read_to_string(folder.join(CONTAINERS)) {
        docker::remove_containers_of(folder, &registry);
    }
    let since = Instant::now();
    loop {
        let living = processes_of(folder);
        for process in &living {
            let _ = kill_process_group(*process, Signal::KILL);
        }
        let removed = if living.is_empty() { remove(folder) } else { Err(io::Error::other("processes still live")) };
        match removed {
            Err(error) if since.elapsed() > LIMIT => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
            Ok(()) => return Ok(()),
        }
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.exists() => Ok(()),
        other => other,
    }
}

/// The processes that were started from the folder, this one and guards excepted.
fn processes_of(folder: &Path) -> Vec<Pid> {
    let found = if Path::new("/proc/self/cmdline").exists() { from_proc(folder) } else { from_ps(folder) };
    let me = rustix::process::getpid();
    found.into_iter().filter(|process| *process != me).collect()
}

fn from_proc(folder: &Path) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_string_lossy().parse::<i32>().ok());
    numbers
        .filter(|number| {
            let at = Path::new("/proc").join(number.to_string());
            let line = fs::read(at.join("cmdline")).unwrap_or_default();
            let line: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
            let program = fs::read_link(at.join("exe"));
            is_of(folder, &line.iter().map(|part| String::from_utf8_lossy(part)).collect::<Vec<_>>().join(" "))
                || program.is_ok_and(|program| program.starts_with(folder))
        })
        .filter_map(Pid::from_raw)
        .collect()
}

fn from_ps(folder: &Path) -> Vec<Pid> {
    let Ok(output) = Command::new("ps").args(["-axo", "pid=,args="]).output() else { return Vec::new() };
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.trim_start().split_once(' '))
        .filter(|(_, arguments)| is_of(folder, arguments))
        .filter_map(|(number, _)| Pid::from_raw(number.parse().ok()?))
        .collect()
}

/// Whether a command line is a task's: it names something below the folder. The guard's names the
/// folder itself.
fn is_of(folder: &Path, arguments: &str) -> bool {
    arguments.contains(&format!("{}/", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_is_not_taken_for_a_task() {
        let folder = Path::new("/tmp/slipway-rehearsal-1");
        let cases = [
            ("/tmp/slipway-rehearsal-1/images/a/app serve", true),
            ("/bin/sh /tmp/slipway-rehearsal-1/images/a/app", true),
            ("rehearsal guard /tmp/slipway-rehearsal-1", false),
            ("/tmp/slipway-rehearsal-12/images/a/app", false),
        ];
        for (arguments, expected) in cases {
            assert_eq!(is_of(folder, arguments), expected, "{arguments}");
        }
    }
}
