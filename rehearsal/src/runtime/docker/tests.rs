//! Tests of tasks as containers; without a Docker engine they say so and end.

use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Instant;

use jiff::Timestamp;
use tokio::net::TcpListener;

use super::*;
use crate::registry::Mutability;
use crate::runtime::process::tests::{Collected, launch, push_program, push_script};
use crate::{Cloud, CloudOptions, Scale, serve};

/// How long anything here may take.
const LIMIT: Duration = Duration::from_mins(1);

fn engine_answers() -> bool {
    let answers = Blocking::new("docker").args(["version", "--format", "{{.Server.Version}}"]).output();
    let answers = answers.is_ok_and(|output| output.status.success());
    if !answers {
        eprintln!("skipped: no Docker engine answers");
    }
    answers
}

fn containers_of(folder: &Path) -> String {
    let filter = format!("label={LABEL}={}", folder.display());
    let listed = Blocking::new("docker").args(["ps", "--all", "--quiet", "--filter", &filter]).output();
    String::from_utf8_lossy(&listed.expect("docker").stdout).into_owned()
}

/// A registry that is served, and containers of what is in it.
struct Stage {
    host: String,
    registry: Registry,
    containers: Containers,
    reports: mpsc::Receiver<(TaskArn, Report)>,
    folder: tempfile::TempDir,
    serving: tokio::task::JoinHandle<()>,
}

impl Stage {
    async fn new() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let host = socket.local_addr().expect("address").to_string();
        let cloud = Cloud::new(CloudOptions {
            region: "ap-northeast-1".to_owned(),
            account: "123456789012".to_owned(),
            scale: Scale::REAL,
            seed: 1,
            registry_host: host.clone(),
            start: Timestamp::UNIX_EPOCH,
        });
        let registry = cloud.registry();
        registry.create_repository("myapp", Mutability::immutable_except(&[]), Timestamp::UNIX_EPOCH);
        let login = serve::stage::login(&cloud).await.expect("a login");
        let serving = tokio::spawn(serve::origin::serve(socket, cloud));

        let folder = tempfile::tempdir().expect("folder");
        let options = ProcessOptions {
            folder: folder.path().to_owned(),
            program: PathBuf::from("/bin/false"),
            templates: BTreeMap::new(),
            seed: 99,
        };
        let (sender, reports) = mpsc::channel();
        let reporting = Arc::new(Collected(sender));
        let containers = Containers::new(options, &host, &login, registry.clone(), reporting).await.expect("an engine");
        Self { host, registry, containers, reports, folder, serving }
    }

    /// Collects reports until they are enough.
    async fn until(&self, enough: impl Fn(&[(TaskArn, Report)]) -> bool) -> Vec<(TaskArn, Report)> {
        let mut seen = Vec::new();
        let since = Instant::now();
        while !enough(&seen) {
            assert!(since.elapsed() < LIMIT, "no end in time: {seen:?}");
            match self.reports.try_recv() {
                Ok(report) => seen.push(report),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        seen
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_pulled_by_digest_from_the_clouds_registry_and_leaves_no_container() {
    if !engine_answers() {
        return;
    }
    let stage = Stage::new().await;
    let Stage { host, registry, containers, folder, .. } = &stage;
    let digest = push_script(registry, "exit 0").to_string();
    let name = format!("{host}/myapp@{digest}");
    // The program is a script, and there is no shell in the image that could run it.
    containers.start(Launch { digest: digest.clone(), ..launch("no shell") });
    containers.start(Launch { digest, entry_point: Some(vec!["/missing".to_owned()]), ..launch("missing") });
    let seen = stage.until(|seen| has_ended(seen, "no shell") && has_ended(seen, "missing")).await;
    assert_eq!(containers_of(folder.path()), "");
    let is_there = || !list(&["image", "ls", "--quiet", "--digests", &name]).is_empty();
    assert!(is_there(), "it was never pulled");
    remove_containers_of(folder.path(), host);
    assert!(!is_there(), "it was left behind");
    let of =
        |task: &str| seen.iter().filter(|(of, _)| of == task).map(|(_, report)| report.clone()).collect::<Vec<_>>();
    let missing = of("missing");
    let [Report::CannotStart { reason }] = missing.as_slice() else { panic!("{missing:?}") };
    assert!(reason.starts_with("CannotStartContainerError: ") && reason.contains("/missing"), "{reason}");
    let no_shell = of("no shell");
    assert!(matches!(no_shell.first(), Some(Report::Running { address: Some(_) })), "{no_shell:?}");
    assert!(matches!(no_shell.last(), Some(Report::Exited { code: 1.. })), "{no_shell:?}");
    stage.serving.abort();
}

/// A program for Linux on x86-64 that waits for ever: `pause` again and again.
fn waits() -> Vec<u8> {
    let code = [0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7];
    let at = 0x40_0000_u64;
    let words = |words: &[u64]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    let mut program = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 62, 0, 1, 0, 0, 0];
    program.extend(words(&[at + 120, 64, 0]));
    program.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    // One segment to load, which may be read and executed: the whole file.
    program.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    program.extend(words(&[0, at, at, 120 + code.len() as u64, 120 + code.len() as u64, 0x1000]));
    program.extend(code);
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_is_killed_is_gone_at_once_with_the_code_that_it_is_given() {
    if !engine_answers() || cfg!(not(target_arch = "x86_64")) {
        return;
    }
    let stage = Stage::new().await;
    let digest = push_program(&stage.registry, &waits()).to_string();
    stage.containers.start(Launch { digest, ..launch("waits") });
    let begun = |seen: &[(TaskArn, Report)]| matches!(seen.first(), Some((_, Report::Running { .. })));
    stage.until(|seen| begun(seen) || has_ended(seen, "waits")).await;
    stage.containers.kill(&"waits".to_owned(), 99);
    let seen = stage.until(|seen| has_ended(seen, "waits")).await;
    assert!(matches!(seen.last(), Some((_, Report::Exited { code: 99 }))), "{seen:?}");
    assert_eq!(containers_of(stage.folder.path()), "");
    remove_containers_of(stage.folder.path(), &stage.host);
    stage.serving.abort();
}

fn has_ended(seen: &[(TaskArn, Report)], task: &str) -> bool {
    let ended = |report: &Report| matches!(report, Report::CannotStart { .. } | Report::Exited { .. });
    seen.iter().any(|(of, report)| of == task && ended(report))
}
