//! What `scan` is for, on the image of this repository: with scanners on the PATH that find nothing,
//! find something and break, a crate with an advisory, and an exception that has run out.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::copy::{Copy, Ran, root, run, unmeasured};

const REFUSED: i32 = 10;
const COULD_NOT_TELL: i32 = 11;

/// A scanner as a script, which prints what lies beside it.
const TRIVY: &str = r#"#!/bin/sh
here=$(dirname "$0")
case "$1" in
  version) cat "$here/version.json" ;;
  image) cat "$here/report.json"; exit "$(cat "$here/code")" ;;
esac
"#;

/// A copy with the image, and a folder with a scanner and advisories that find nothing.
struct Scene {
    copy: Copy,
    folder: TempDir,
}

impl Scene {
    fn with_nothing_to_find() -> Self {
        build_the_image_once();
        let scene = Self { copy: Copy::of_repository(), folder: TempDir::new().expect("a temporary folder") };
        scene.write("bin/trivy", TRIVY);
        let trivy = scene.folder.path().join("bin/trivy");
        fs::set_permissions(trivy, fs::Permissions::from_mode(0o755)).expect("it is ours");
        let database = json!({ "Version": 2, "UpdatedAt": today() + "T00:00:00Z" });
        scene.write("bin/version.json", &json!({ "Version": "0.74.0", "VulnerabilityDB": database }).to_string());
        scene.write("bin/code", "0");
        scene.report(&json!([]));
        scene.advisory("no-such-crate");
        scene
    }

    /// What the scanner finds.
    fn report(&self, results: &Value) {
        let report = json!({
            "SchemaVersion": 2,
            "CreatedAt": today() + "T00:00:00Z",
            "ArtifactType": "container_image",
            "Metadata": { "ImageID": config_of_the_image() },
            "Results": results,
        });
        self.write("bin/report.json", &report.to_string());
    }

    /// An advisory of today that concerns every version of a crate.
    fn advisory(&self, package: &str) {
        let text = format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2026-9999\"\npackage = \"{package}\"\ndate = \"{}\"\n\
             cvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"\n[versions]\npatched = []\n```\n\n# It leaks\n\nBadly.\n",
            today()
        );
        let _ = fs::remove_dir_all(self.folder.path().join("db"));
        self.write(&format!("db/crates/{package}/RUSTSEC-2026-9999.md"), &text);
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.folder.path().join(path);
        fs::create_dir_all(file.parent().expect("it is in a folder")).expect("a folder");
        fs::write(file, text).expect("a file");
    }

    fn scan(&self) -> Ran {
        let path = std::env::var("PATH").expect("a PATH");
        let mut command = self.copy.command();
        command.env("PATH", format!("{}:{path}", self.folder.path().join("bin").display()));
        run(command.args(["scan", "--advisory-db"]).arg(self.folder.path().join("db")))
    }
}

#[test]
fn a_scanner_that_finds_nothing_passes_and_one_that_breaks_does_not() {
    let scene = Scene::with_nothing_to_find();
    scene.scan().expect(0, "trivy");
    scene.write("bin/code", "1");
    scene.scan().expect(COULD_NOT_TELL, "could not tell");
}

#[test]
fn a_high_finding_of_the_scanner_is_refused() {
    let scene = Scene::with_nothing_to_find();
    let finding =
        json!({ "VulnerabilityID": "CVE-2026-0001", "PkgName": "libfoo", "Severity": "HIGH", "Title": "bad" });
    scene.report(&json!([{ "Target": "app", "Vulnerabilities": [finding] }]));
    scene.scan().expect(REFUSED, "CVE-2026-0001");
}

#[test]
fn a_vulnerable_crate_in_the_binary_is_refused() {
    let scene = Scene::with_nothing_to_find();
    scene.advisory("axum");
    scene.scan().expect(REFUSED, "RUSTSEC-2026-9999");
}

#[test]
fn an_exception_with_a_reason_is_taken_until_it_expires() {
    let scene = Scene::with_nothing_to_find();
    scene.advisory("axum");
    let exception = |expires: &str| {
        format!("[[exception]]\nid = \"RUSTSEC-2026-9999\"\nreason = \"not reachable\"\nexpires = \"{expires}\"\n")
    };
    scene.copy.write("scan-exceptions.toml", exception(&today()));
    scene.scan().expect(0, "not reachable");
    scene.copy.write("scan-exceptions.toml", exception("2026-01-31"));
    scene.scan().expect(REFUSED, "expired");
}

/// The image under `target/image` of the original.
fn build_the_image_once() {
    if root().join("target/image/index.json").is_file() {
        return;
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let ran = run(unmeasured(&mut command).current_dir(root()).arg("build"));
    assert_eq!(ran.code, Some(0), "{}", ran.output);
}

fn config_of_the_image() -> String {
    let layout = root().join("target/image");
    let index = read(&layout.join("index.json"));
    let digest = |value: &Value| value["digest"].as_str().expect("a descriptor has a digest").to_owned();
    let manifest = digest(&index["manifests"][0]);
    let manifest = read(&layout.join("blobs").join(manifest.replace(':', "/")));
    digest(&manifest["config"])
}

fn read(file: &Path) -> Value {
    serde_json::from_slice(&fs::read(file).expect("the layout has this file")).expect("it is JSON")
}

/// The date of today in UTC, as `date` has it.
fn today() -> String {
    let ran = run(Command::new("date").args(["-u", "+%F"]));
    ran.stdout.trim().to_owned()
}
