//! Tests of tasks as processes, with small shell programs as images.

use std::sync::mpsc;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::registry::testing::registry;
use crate::registry::{Blob, Digest, Refused};

/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(20);

pub(crate) fn launch(task: &str) -> Launch {
    Launch {
        task: task.to_owned(),
        service: None,
        task_definition: "myapp:1".to_owned(),
        container: "app".to_owned(),
        repository: "myapp".to_owned(),
        digest: String::new(),
        entry_point: None,
        command: None,
        environment: BTreeMap::new(),
        port: Some(8080),
        stop_timeout: Duration::from_secs(10),
        fault: None,
    }
}

/// Reports, sent on.
pub(crate) struct Collected(pub(crate) mpsc::Sender<(TaskArn, Report)>);

impl Reports for Collected {
    fn report(&self, task: &TaskArn, report: Report) {
        let _ = self.0.send((task.clone(), report));
    }
}

struct Stage {
    registry: Registry,
    processes: Processes,
    reports: mpsc::Receiver<(TaskArn, Report)>,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::create_dir(folder.path().join("images")).expect("folder");
        open_to_all(folder.path());
        let registry = registry();
        let (sender, reports) = mpsc::channel();
        let options = ProcessOptions {
            folder: folder.path().to_owned(),
            program: PathBuf::from("/bin/false"),
            templates: [("LISTEN_ADDRESS".to_owned(), "{address}:8080".to_owned())].into(),
            seed: 77,
        };
        let processes = Processes::new(options, registry.clone(), Arc::new(Collected(sender)));
        Self { registry, processes, reports, _folder: folder }
    }

    /// Starts a task of an image whose program is this shell script.
    fn start(&self, script: &str, change: impl FnOnce(&mut Launch)) {
        let mut launch = launch("task");
        launch.digest = push_script(&self.registry, script).to_string();
        change(&mut launch);
        self.processes.start(launch);
    }

    /// The next report that is not a line of output.
    async fn next(&self) -> Report {
        loop {
            match self.any().await {
                Report::Log { .. } => {}
                other => return other,
            }
        }
    }

    async fn any(&self) -> Report {
        let since = Instant::now();
        loop {
            if let Ok((_, report)) = self.reports.try_recv() {
                return report;
            }
            assert!(since.elapsed() < LIMIT, "no report in time");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Every line until the end of the task, and how it ended.
    async fn to_the_end(&self) -> (Vec<String>, Report) {
        let mut lines = Vec::new();
        loop {
            match self.any().await {
                Report::Log { line } => lines.push(line),
                Report::Running { .. } => {}
                end => return (lines, end),
            }
        }
    }
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711)).expect("permissions");
}

/// Puts an image into the repository whose one file is a shell script at /app.
pub(crate) fn push_script(registry: &Registry, script: &str) -> Digest {
    push_program(registry, format!("#!/bin/sh\n{script}\n").as_bytes())
}

/// Pushes an image of this program alone; its digest.
pub(crate) fn push_program(registry: &Registry, program: &[u8]) -> Digest {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(program.len() as u64);
    header.set_mode(0o755);
    archive.append_data(&mut header, "app", program).expect("file");
    let mut state = registry.lock();
    let repository = state.repositories.get_mut("myapp").expect("repository");
    let mut put = |bytes: Vec<u8>| {
        let digest = Digest::of(&bytes);
        let size = bytes.len();
        repository.blobs.insert(digest.clone(), Blob::of_parts(&[bytes.into()]).expect("blob"));
        json!({ "digest": digest, "size": size, "mediaType": "application/vnd.oci.image.layer.v1.tar" })
    };
    let layer = put(archive.into_inner().expect("archive"));
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let config = json!({
        "architecture": architecture, "os": "linux",
        "config": { "Entrypoint": ["/app"], "Cmd": ["serve"], "Env": ["PATH=/usr/bin:/bin", "A=image"], "User": "65532" },
        "rootfs": { "type": "layers", "diff_ids": [layer["digest"]] },
    });
    let mut config = put(config.to_string().into_bytes());
    config["mediaType"] = "application/vnd.oci.image.config.v1+json".into();
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config, "layers": [layer],
    });
    match repository.put(&manifest.to_string().into(), None, None, None, Timestamp::UNIX_EPOCH) {
        Ok(digest) | Err(Refused::Unchanged(digest)) => digest,
        Err(other) => panic!("{other:?}"),
    }
}

fn running(report: &Report) -> std::net::SocketAddr {
    match report {
        Report::Running { address: Some(address) } => *address,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_task_is_told_its_address_and_its_environment_and_what_it_writes_is_heard() {
    let stage = Stage::new();
    stage.start("echo \"$A $B $1\"; echo \"$LISTEN_ADDRESS\" >&2; exit 3", |launch| {
        launch.environment.insert("B".to_owned(), "task".to_owned());
        launch.command = Some(vec!["migrate".to_owned()]);
    });
    let address = running(&stage.next().await);
    let (mut lines, end) = stage.to_the_end().await;
    // Two streams have no order between them.
    lines.sort();
    assert_eq!(lines, [address.to_string(), "image task migrate".to_owned()]);
    assert_eq!(end, Report::Exited { code: 3 });
}

#[tokio::test]
async fn a_task_is_not_root_and_sees_nothing_of_the_clouds_own_environment() {
    let stage = Stage::new();
    stage.start("id -u; env | grep -c CARGO; :", |_| {});
    let (lines, end) = stage.to_the_end().await;
    assert_ne!(lines[0], "0");
    assert_eq!(lines[1], "0");
    assert_eq!(end, Report::Exited { code: 0 });
}

#[tokio::test]
async fn stopping_is_a_sigterm_that_the_program_may_answer() {
    let stage = Stage::new();
    stage.start("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done", |_| {});
    running(&stage.next().await);
    assert_eq!(stage.any().await, Report::Log { line: "ready".to_owned() });
    stage.processes.stop(&"task".to_owned());
    let (lines, end) = stage.to_the_end().await;
    assert_eq!((lines, end), (vec!["bye".to_owned()], Report::Exited { code: 0 }));
}

#[tokio::test]
async fn a_program_that_does_not_stop_is_killed_after_its_timeout_with_all_its_children() {
    let stage = Stage::new();
    stage.start("trap '' TERM; sleep 600 & echo $!; while :; do sleep 0.01; done", |launch| {
        launch.stop_timeout = Duration::from_millis(100);
    });
    running(&stage.next().await);
    let Report::Log { line: child } = stage.any().await else { panic!("no line") };
    stage.processes.stop(&"task".to_owned());
    assert_eq!(stage.to_the_end().await.1, Report::Exited { code: 137 });
    let since = Instant::now();
    while Path::new(&format!("/proc/{child}/exe")).exists() {
        assert!(since.elapsed() < LIMIT, "the child lives");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_end_by_a_signal_is_128_and_its_number() {
    let stage = Stage::new();
    stage.start("kill -SEGV $$", |_| {});
    assert_eq!(stage.to_the_end().await.1, Report::Exited { code: 139 });
}

#[tokio::test]
async fn a_planted_crash_has_the_planted_code_and_a_planted_reason_is_the_reason() {
    let stage = Stage::new();
    let crash = TaskFault::Crash { after: Duration::from_millis(20), code: 101 };
    stage.start("exec sleep 600", |launch| launch.fault = Some(crash));
    running(&stage.next().await);
    assert_eq!(stage.next().await, Report::Exited { code: 101 });
    let reason = "CannotPullContainerError: the rehearsal says so".to_owned();
    stage.start("exit 0", |launch| launch.fault = Some(TaskFault::CannotStart { reason: reason.clone() }));
    assert_eq!(stage.next().await, Report::CannotStart { reason });
}

#[tokio::test]
async fn a_task_that_is_killed_is_gone_at_once_with_the_code_that_it_is_given() {
    let stage = Stage::new();
    stage.start("trap '' TERM; while :; do sleep 1; done", |_| {});
    running(&stage.next().await);
    stage.processes.kill(&"task".to_owned(), 137);
    assert_eq!(stage.next().await, Report::Exited { code: 137 });
    stage.processes.kill(&"nobody".to_owned(), 1);
}

#[tokio::test]
async fn an_image_or_a_program_that_is_not_there_cannot_start() {
    let stage = Stage::new();
    stage.start("exit 0", |launch| launch.digest = Digest::of(b"nothing").to_string());
    let Report::CannotStart { reason } = stage.next().await else { panic!("it started") };
    assert!(reason.starts_with("CannotPullContainerError: "), "{reason}");
    stage.start("exit 0", |launch| launch.entry_point = Some(vec!["/missing".to_owned()]));
    let Report::CannotStart { reason } = stage.next().await else { panic!("it started") };
    assert!(reason.starts_with("CannotStartContainerError: ") && reason.contains("/missing"), "{reason}");
}

#[tokio::test]
async fn everything_stops_when_the_cloud_does() {
    let stage = Stage::new();
    for number in 0..4 {
        stage.start("exec sleep 600", |launch| launch.task = format!("task {number}"));
    }
    for _ in 0..4 {
        running(&stage.next().await);
    }
    stage.processes.stop_all().await;
    for _ in 0..4 {
        assert_eq!(stage.next().await, Report::Exited { code: 143 });
    }
}
