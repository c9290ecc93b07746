//! `rehearsal guard`: tasks die with their cloud.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(20);

fn wait(child: &mut Child) {
    let since = Instant::now();
    while child.try_wait().expect("status").is_none() {
        assert!(since.elapsed() < LIMIT, "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn tasks_die_with_the_owner_of_their_folder_and_others_do_not() {
    let base = tempfile::tempdir().expect("folder");
    let folder = base.path().join("slipway-rehearsal-test");
    let images = folder.join("images");
    fs::create_dir_all(&images).expect("folder");
    let lock = File::create(folder.join("owner.lock")).expect("file");
    lock.lock().expect("lock");
    let script = images.join("app");
    fs::write(&script, "sleep 600\n").expect("file");
    let mut task = Command::new("/bin/sh").arg(&script).process_group(0).spawn().expect("a task");
    let mut stranger = Command::new("/bin/sleep").arg("600").process_group(0).spawn().expect("a stranger");
    let mut guard = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .arg("guard")
        .arg(&folder)
        .stdin(Stdio::null())
        .spawn()
        .expect("a guard");
    assert!(task.try_wait().expect("status").is_none(), "it died before its owner");
    drop(lock);
    wait(&mut task);
    wait(&mut guard);
    assert!(!folder.exists());
    assert!(stranger.try_wait().expect("status").is_none(), "a stranger was killed");
    stranger.kill().expect("kill");
    stranger.wait().expect("wait");
}
