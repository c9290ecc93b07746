//! What a provider makes, in one directory, so that whoever outlives it can clear it away.
//!
//! The directory holds `owner.lock`, which the living owner keeps locked; `data` and `server.log`
//! of a cluster; and `container`, a mark that says that a container carries the directory's label.
//! The kernel drops the lock with its process, however that ended, so a lock that can be taken is
//! the proof that nobody needs the directory any more.

use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{container, server_process};

const PREFIX: &str = "slipway-postgres-";
const LOCK: &str = "owner.lock";
const CONTAINER: &str = "container";
const DATA: &str = "data";

/// How long a directory may resist its removal, while the last of its server's processes end.
const REMOVAL_LIMIT: Duration = Duration::from_secs(5);

/// A directory of the living owner that made it.
#[derive(Debug)]
pub struct Estate {
    directory: PathBuf,
    lock: File,
    guard: Option<Child>,
}

impl Estate {
    /// Makes a directory below the first of `bases` that will do, locks it, and starts `program`
    /// as its guard, which clears it when this process ends without having done so.
    pub fn claim(bases: &[PathBuf], program: &Path) -> io::Result<Self> {
        let base = bases
            .iter()
            .find(|base| suits(base))
            .ok_or_else(|| io::Error::other("no temporary directory that every account may enter"))?;
        // It gets its name when it is locked already: a directory with the name but without an
        // owner is what others clear away.
        let newborn = tempfile::Builder::new().prefix(".slipway-postgres-new-").tempdir_in(base)?;
        let lock = File::create(newborn.path().join(LOCK))?;
        lock.lock()?;
        if is_root() {
            // The server's account has to reach its data, but needs to list nothing.
            fs::set_permissions(newborn.path(), Permissions::from_mode(0o711))?;
        }
        let directory = base.join(format!("{PREFIX}{}", uuid::Uuid::new_v4().simple()));
        fs::rename(newborn.path(), &directory)?;
        // The name that the temporary directory would remove is gone.
        let _ = newborn.keep();
        let guard = start_guard(program, &directory)
            .inspect_err(|error| eprintln!("postgres: no guard against being killed: {error}"))
            .ok();
        Ok(Self { directory, lock, guard })
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the data of a cluster go.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.join(DATA)
    }

    /// Notes that containers with the label of this directory may exist from now on.
    pub(crate) fn expect_container(&self) -> io::Result<()> {
        File::create(self.directory.join(CONTAINER)).map(drop)
    }

    /// Stops and removes everything that was made, and waits for the guard to see it.
    pub async fn clear(self) -> io::Result<()> {
        let Self { directory, lock, guard } = self;
        let cleared = clear(&directory).await;
        drop(lock);
        if let Some(mut guard) = guard {
            guard.wait()?;
        }
        cleared
    }
}

/// Clears what dead owners of this account left below the bases. What resists is named and left
/// for the next time: it is no reason to fail now.
pub(crate) async fn clear_dead(bases: &[PathBuf]) {
    for directory in bases.iter().flat_map(|base| estates_below(base)) {
        let Owner::Dead(_lock) = owner_of(&directory) else {
            continue;
        };
        match clear(&directory).await {
            Ok(()) => eprintln!("postgres: cleared the leftover {}", directory.display()),
            Err(error) => eprintln!("postgres: cannot clear the leftover {}: {error}", directory.display()),
        }
    }
}

/// What the guard does: waits until the owner is gone, however long that takes, and clears what it
/// left. A directory that is gone with its owner was cleared by it.
pub(crate) async fn guard(directory: &Path) -> io::Result<()> {
    let lock = match File::open(directory.join(LOCK)) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    lock.lock()?;
    if directory.exists() {
        clear(directory).await?;
    }
    Ok(())
}

fn start_guard(program: &Path, directory: &Path) -> io::Result<Child> {
    // In a process group of its own, so that the terminal's ^C leaves it alone; without our
    // standard streams, so that nobody who reads them to their end waits for it.
    Command::new(program)
        .arg("guard")
        .arg(directory)
        .env_remove("DATABASE_URL")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

/// Whether a base exists and, for root, whether the server's account can reach what lies below it.
fn suits(base: &Path) -> bool {
    base.is_dir()
        && (!is_root()
            || base.ancestors().all(|folder| fs::metadata(folder).is_ok_and(|metadata| metadata.mode() & 0o001 != 0)))
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The estates of this account below a base. Those of others are theirs to clear; a link is
/// somebody's trap in a directory that everybody may write to.
fn estates_below(base: &Path) -> Vec<PathBuf> {
    let me = rustix::process::geteuid().as_raw();
    let Ok(entries) = fs::read_dir(base) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .filter(|entry| entry.metadata().is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == me))
        .map(|entry| entry.path())
        .collect()
}

/// Whether an estate's owner lives.
enum Owner {
    Living,
    /// With the lock, now ours. Without one, somebody was killed while removing the directory.
    Dead(Option<File>),
}

fn owner_of(directory: &Path) -> Owner {
    match File::open(directory.join(LOCK)) {
        Ok(lock) => match lock.try_lock() {
            Ok(()) => Owner::Dead(Some(lock)),
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => Owner::Living,
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Owner::Dead(None),
        Err(_) => Owner::Living,
    }
}

async fn clear(directory: &Path) -> io::Result<()> {
    if directory.join(CONTAINER).exists() {
        container::remove_those_of(directory).await.map_err(io::Error::other)?;
    }
    server_process::stop(&directory.join(DATA)).await?;
    remove(directory).await
}

/// Removes a directory, again while processes that are about to end still write into it.
async fn remove(directory: &Path) -> io::Result<()> {
    let since = Instant::now();
    loop {
        match fs::remove_dir_all(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !directory.exists() => {
                return Ok(());
            }
            Err(error) if since.elapsed() > REMOVAL_LIMIT => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            Ok(()) => return Ok(()),
        }
    }
}
