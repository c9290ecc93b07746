//! `docker push` and `docker pull`.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use crate::served::Served;

/// Whether there is an engine; where everything has to be there, that there is none is a failure.
fn engine_answers() -> bool {
    let answers = Command::new("docker").args(["version", "--format", "{{.Server.Version}}"]).output();
    let answers = answers.is_ok_and(|output| output.status.success());
    if !answers {
        let reason = "skipped: no Docker engine answers";
        assert!(std::env::var_os("POSTGRES_TESTS_SKIP_NOTHING").is_none(), "{reason}");
        eprintln!("{reason}");
    }
    answers
}

/// The engine, with a login of this test's own; the images that it got are removed at the end.
struct Engine<'a> {
    served: &'a Served,
    images: Vec<String>,
}

impl Engine<'_> {
    fn docker(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new("docker")
            .args(arguments)
            .env("DOCKER_CONFIG", self.served.temporary.path().join("docker"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("docker");
        // It may end before it has read everything.
        let _ = child.stdin.take().expect("its input").write_all(input);
        child.wait_with_output().expect("docker")
    }

    #[track_caller]
    fn done(&self, arguments: &[&str], input: &[u8]) -> String {
        let output = self.docker(arguments, input);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "docker {arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    /// An image of one file, made from nothing.
    fn import(&mut self, name: &str, content: &str) {
        let folder = self.served.temporary.path().join(content);
        fs::create_dir(&folder).expect("folder");
        fs::write(folder.join("file"), content).expect("file");
        let archive = Command::new("tar").args(["-c", "-C"]).arg(&folder).arg("file").output().expect("tar");
        self.done(&["import", "-", name], &archive.stdout);
        self.images.push(name.to_owned());
    }
}

impl Drop for Engine<'_> {
    fn drop(&mut self) {
        let images: Vec<&str> = self.images.iter().map(String::as_str).collect();
        self.docker(&[&["rmi", "--force"][..], &images].concat(), b"");
    }
}

#[test]
fn an_image_is_pushed_and_pulled_and_its_tag_stays() {
    if !engine_answers() {
        return;
    }
    let served = Served::small();
    let mut engine = Engine { served: &served, images: Vec::new() };
    let host = served.host.clone();
    let image = format!("{host}/myapp:one");
    engine.import(&image, "first");
    let denied = engine.docker(&["push", &image], b"");
    assert!(!denied.status.success(), "it was pushed without a login");
    engine.done(&["login", "--username", "AWS", "--password-stdin", &host], served.password().as_bytes());
    engine.done(&["push", &image], b"");

    let describe = ["ecr", "describe-images", "--repository-name", "myapp", "--image-ids", "imageTag=one"];
    let images = served.aws(&describe).json();
    let digest = images["imageDetails"][0]["imageDigest"].as_str().expect("a digest").to_owned();
    let by_digest = format!("{host}/myapp@{digest}");
    for name in [&image, &by_digest] {
        engine.done(&["rmi", "--force", &image], b"");
        let said = engine.done(&["pull", name], b"");
        assert!(said.contains(&digest), "{said}");
        engine.images.push(name.clone());
        let known = engine.done(&["image", "inspect", "--format", "{{json .RepoDigests}}", name], b"");
        assert!(known.contains(&digest), "{known}");
    }
    engine.import(&image, "second");
    let moved = engine.docker(&["push", &image], b"");
    let said = String::from_utf8_lossy(&moved.stderr).into_owned();
    assert!(!moved.status.success() && said.contains("immutable"), "{said}");
    let missing = engine.docker(&["pull", &format!("{host}/myapp:none")], b"");
    assert!(!missing.status.success(), "what is not there was pulled");
}
