//! The assembly: the same bytes for the same input, and refusals that help.

use std::fs;

use image::layout::Image;
use serde_json::json;

use crate::support::{Elf, Project};

const WITH_FILES: &str = r#"
[image]
name = "myapp"
files = [
  { source = "certificates/rds.pem", target = "/etc/ssl/rds.pem" },
  { source = "run.sh", target = "/opt/run", mode = "0755" },
]
[service]
"of other programs" = true
[environments.staging]
cluster = "myapp-staging-cluster"
"#;

fn with_files() -> Project {
    let project = Project::new();
    project.write("delivery.toml", WITH_FILES);
    project.write("certificates/rds.pem", "a certificate");
    project.write("run.sh", "a program");
    project
}

#[test]
fn the_same_input_gives_the_same_bytes_in_any_folder_at_any_time() {
    let (first, second) = (with_files(), with_files());
    let old = fs::File::options().write(true).open(second.path("app")).expect("opens");
    old.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("the past");
    let summaries = [&first, &second].map(|project| project.assemble(&[]).expect_code(0).json());
    assert_eq!(summaries[0], summaries[1]);
    let index = |project: &Project| fs::read(project.path("target/image/index.json")).expect("an index");
    assert_eq!(index(&first), index(&second));

    second.write("app", Elf { machine: 183, ..Elf::default() }.bytes());
    let other = second.assemble(&[]).expect_code(0).json();
    assert_ne!(other["digest"], summaries[0]["digest"]);
    assert_eq!(other["architecture"], "arm64");
}

#[test]
fn two_commits_with_the_same_binary_are_two_images_that_share_their_layer() {
    let project = with_files();
    let [first, second] = [("0123abcd", "1760000000"), ("4567cdef", "1760000001")].map(|(commit, time)| {
        project.origin_of(&["assemble", "--binary", "app"], commit, time, &[]).expect_code(0);
        Image::read(&project.path("target/image")).expect("a layout")
    });
    assert_ne!(first.digest(), second.digest());
    assert_ne!(first.config_blob, second.config_blob);
    assert_eq!(first.layers, second.layers);
}

#[test]
fn the_image_holds_the_binary_the_named_files_and_the_folders_above_them() {
    let project = with_files();
    project.assemble(&[]).expect_code(0);
    let shown = project.image(&["inspect", "--json"]).expect_code(0).json();
    let files: Vec<String> = shown["files"]
        .as_array()
        .expect("files")
        .iter()
        .map(|file| {
            let field = |name: &str| file[name].as_str().expect(name).to_owned();
            format!("{} {} {} {}", field("path"), field("kind"), field("mode"), field("owner"))
        })
        .collect();
    assert_eq!(
        files,
        [
            "/app file 0755 0:0",
            "/etc folder 0755 0:0",
            "/etc/ssl folder 0755 0:0",
            "/etc/ssl/rds.pem file 0644 0:0",
            "/opt folder 0755 0:0",
            "/opt/run file 0755 0:0",
        ]
    );
}

#[test]
fn the_configuration_is_the_contract_of_the_production_image() {
    let project = Project::new();
    project.assemble(&[]).expect_code(0);
    let shown = project.image(&["inspect", "--json"]).expect_code(0).json();
    let configuration = &shown["configuration"];
    assert_eq!(configuration["created"], "2025-10-09T08:53:20Z");
    assert_eq!(configuration["os"], "linux");
    assert_eq!(
        configuration["config"],
        json!({
            "User": "65532:65532",
            "ExposedPorts": { "8080/tcp": {}, "9090/tcp": {} },
            "Env": [
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "BUILD_COMMIT=0123abcd",
            ],
            "Entrypoint": ["/app"],
            "Cmd": ["serve"],
            "Healthcheck": {
                "Test": ["CMD", "/app", "healthcheck"],
                "Interval": 10_000_000_000_u64,
                "Timeout": 3_000_000_000_u64,
                "StartPeriod": 15_000_000_000_u64,
                "Retries": 3,
            },
            "WorkingDir": "/",
            "Labels": {
                "org.opencontainers.image.revision": "0123abcd",
                "org.opencontainers.image.source": "https://example.org/myapp",
                "org.opencontainers.image.title": "myapp",
                "org.opencontainers.image.version": "0.1.0",
            },
            "StopSignal": "SIGTERM",
        })
    );
    let text = project.image(&["inspect"]).expect_code(0).output;
    assert!(text.contains("/app") && text.contains("linux/amd64"), "{text}");
}

#[test]
fn what_cannot_be_an_image_is_refused_by_name() {
    let project = Project::new();
    let refuse = |more: &[&str], expected: &str| {
        let ran = project.origin(&["assemble", "--binary", "app"], more).expect_code(1);
        assert!(ran.errors.contains(expected), "{}", ran.errors);
    };
    project.write("app", Elf { crates: None, ..Elf::default() }.bytes());
    refuse(&[], "cannot make an image of app: the binary has no .dep-v0 section");
    fs::remove_file(project.path("app")).expect("removed");
    refuse(&[], "cannot read the binary app");
    project.write("app", Elf::default().bytes());
    refuse(&["--settings", "nowhere.toml"], "cannot read the settings in nowhere.toml");
    project.write(
        "delivery.toml",
        "[image]\nname = \"a\"\nfiles = [{ source = \"x\", target = \"/x\" }, { source = \"y\", target = \"/y\" }]",
    );
    refuse(&[], "cannot read x for /x");
    refuse(&[], "cannot read y for /y");
}

#[test]
fn a_tag_is_checked_before_anything_is_read() {
    for (tag, good) in [("v1.0-rc_1", true), ("a", true), ("-a", false), (".a", false), ("a/b", false), ("", false)] {
        assert_eq!(image::plan::check_tag(tag).is_ok(), good, "{tag:?}");
    }
    assert!(image::plan::check_tag(&"a".repeat(129)).is_err());
}

#[test]
fn staged_files_are_those_of_the_image_with_their_modes_and_times() {
    use std::os::unix::fs::MetadataExt as _;
    let project = with_files();
    let stage = ["stage", "--binary", "app", "--root", "out/root"];
    project.image(&stage).expect_code(0);
    for (path, mode) in [("app", 0o100_755), ("etc/ssl", 0o40_755), ("etc/ssl/rds.pem", 0o100_644)] {
        let metadata = fs::metadata(project.path("out/root").join(path)).expect(path);
        assert_eq!((metadata.mode(), metadata.mtime()), (mode, 0), "{path}");
    }
    let again = project.image(&stage).expect_code(1);
    assert!(again.errors.contains("must not exist yet"), "{}", again.errors);
}
