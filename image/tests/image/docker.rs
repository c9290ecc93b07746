//! Docker's formats: archives that engines read, and archives that engines wrote.

use std::process::Command;

use image::docker::saved;
use image::file::File;
use image::layer;
use serde_json::{Value, json};

use crate::support::{Elf, Project};

/// How an archive of `docker save` is laid out.
#[derive(Clone, Copy, Debug)]
enum Engine {
    /// Before 25: `<id>.json` and `<id>/layer.tar`.
    Old,
    /// Since 25: an OCI layout beside `manifest.json`.
    New,
}

/// The archive that an engine would save of an image with this configuration and these layers.
fn save(engine: Engine, config: &Value, layers: &[Vec<File>]) -> Vec<u8> {
    let mut files = Vec::new();
    let mut names = Vec::new();
    let mut diff_ids = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        let tar = layer::write(layer, 1_700_000_000 + number as u64).expect("a layer");
        let digest = image::digest::Digest::of(&tar);
        let name = match engine {
            Engine::Old => format!("{number}/layer.tar"),
            Engine::New => format!("blobs/sha256/{}", digest.hex()),
        };
        files.push(File::regular(&name, 0o644, tar));
        names.push(name);
        diff_ids.push(digest.to_string());
    }
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "created": "2026-11-22T11:00:00Z",
        "config": config,
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    let place = match engine {
        Engine::Old => "0123.json",
        Engine::New => "blobs/sha256/0123",
    };
    files.push(File::regular(place, 0o644, config.to_string().into_bytes()));
    let manifest = json!([{ "Config": place, "RepoTags": ["a:b"], "Layers": names }]);
    files.push(File::regular("manifest.json", 0o644, manifest.to_string().into_bytes()));
    layer::write(&files, 0).expect("an archive")
}

/// The configuration that the Dockerfile gives, as an engine writes it.
fn config(project: &Project) -> Value {
    project.assemble(&[]).expect_code(0);
    let mut config = project.image(&["inspect", "--json"]).expect_code(0).json()["configuration"]["config"].take();
    for (key, value) in [
        ("Hostname", json!("")),
        ("Image", json!("sha256:of-the-build-container")),
        ("ArgsEscaped", json!(true)),
        ("AttachStdin", json!(false)),
        ("OnBuild", Value::Null),
        ("WorkingDir", json!("")),
    ] {
        config[key] = value;
    }
    config
}

fn binary() -> File {
    File::regular("app", 0o755, Elf::default().bytes())
}

fn convert(project: &Project, archive: &[u8]) -> crate::support::Ran {
    project.write("saved.tar", archive);
    project.origin(&["from-docker", "--archive", "saved.tar", "--json"], &[])
}

#[test]
fn the_image_of_either_builder_is_the_same_in_either_engines_format() {
    for engine in [Engine::Old, Engine::New] {
        let project = Project::new();
        let config = config(&project);
        let assembled = project.assemble(&[]).expect_code(0).json();
        let converted = convert(&project, &save(engine, &config, &[vec![binary()]]));
        assert_eq!(converted.expect_code(0).json(), assembled, "{engine:?}");
        project.image(&["inspect"]).expect_code(0);
    }
}

#[test]
fn every_difference_between_the_builders_is_listed() {
    let project = Project::new();
    project.write("delivery.toml", "[image]\nname = \"myapp\"\nfiles = [{ source = \"ca\", target = \"/ca\" }]");
    project.write("ca", "a certificate");
    let mut config = config(&project);
    config["User"] = json!("root");
    config["Env"][1] = json!("BUILD_COMMIT=another");
    config["Labels"]["org.opencontainers.image.revision"] = json!("another");
    config["Volumes"] = json!({ "/data": {} });
    config["ExposedPorts"] = json!({ "8080/tcp": {} });
    let files = vec![File { user: 1000, mode: 0o777, ..binary() }, File::folder("tmp")];
    let errors = convert(&project, &save(Engine::New, &config, &[files])).expect_code(1).errors;
    for expected in [
        "/app: expected file 0755 0:0, found file 0777 1000:0",
        "/ca: missing",
        "/tmp: only in the Dockerfile's image",
        r#"config User: expected "65532:65532", found "root""#,
        r#"config Env: expected ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","BUILD_COMMIT=0123abcd"]"#,
        r#"config Labels org.opencontainers.image.revision: expected "0123abcd", found "another""#,
        r#"config Volumes: expected nothing, found {"/data":{}}"#,
        "config ExposedPorts 9090/tcp: expected {}, found nothing",
    ] {
        assert!(errors.contains(expected), "{expected}: {errors}");
    }
    assert_eq!(errors.lines().count(), 9, "{errors}");
}

#[test]
fn a_dockerfile_that_may_add_files_keeps_its_layers() {
    let project = Project::new();
    project.write("delivery.toml", "[image]\nname = \"myapp\"\ndockerfile_adds_files = true");
    let config = config(&project);
    let library = File::regular("lib/libpq.so", 0o644, b"a library".to_vec());
    let removed = File::regular("lib/doc", 0o644, b"a manual".to_vec());
    let whiteout = File::regular("lib/.wh.doc", 0o644, Vec::new());
    let layers = [vec![File::folder("lib"), library, removed], vec![whiteout, binary()]];
    convert(&project, &save(Engine::New, &config, &layers)).expect_code(0);
    let shown = project.image(&["inspect", "--json"]).expect_code(0).json();
    let paths: Vec<_> = shown["files"].as_array().expect("files").iter().map(|file| &file["path"]).collect();
    assert_eq!(paths, ["/app", "/lib", "/lib/libpq.so"]);
    assert_eq!(shown["configuration"]["created"], "2026-11-22T11:00:00Z");
}

#[test]
fn whiteouts_hide_what_lower_layers_hold_and_nothing_of_their_own() {
    let file = |path: &str| File::regular(path, 0o644, Vec::new());
    let lower = vec![File::folder("a"), file("a/b"), file("a/c"), file("d"), File::folder("e"), file("e/f")];
    let upper = vec![file("a/.wh..wh..opq"), file("a/new"), file(".wh.d"), file("e")];
    let left: Vec<String> = layer::flatten(vec![lower, upper]).into_iter().map(|file| file.path).collect();
    assert_eq!(left, ["a", "a/new", "e"]);
}

#[test]
fn what_is_no_saved_image_is_refused_by_what_is_wrong() {
    let project = Project::new();
    let config = config(&project);
    let good = |layers: &[Vec<File>]| save(Engine::Old, &config, layers);
    let one = |name: &str, text: &str| layer::write(&[File::regular(name, 0o644, text.into())], 0).expect("a tar");
    for (archive, expected) in [
        (b"no archive".repeat(200), "is no archive of `docker save`"),
        (one("other", ""), "it has no manifest.json"),
        (one("manifest.json", "[]"), "it holds 0 images"),
        (one("manifest.json", "{}"), "in manifest.json"),
        (one("manifest.json", r#"[{"Config":"c","Layers":[]}]"#), "it has no c"),
        (good(&[vec![File::folder("etc")]]), "has no /app"),
        (
            good(&[vec![File::regular("app", 0o755, Elf { interpreter: true, ..Elf::default() }.bytes())]]),
            "does not hold what it should: the binary is linked dynamically",
        ),
    ] {
        let errors = convert(&project, &archive).expect_code(1).errors;
        assert!(errors.contains(expected), "{expected}: {errors}");
    }
    let mut tampered = good(&[vec![binary()]]);
    let at = tampered.windows(8).position(|bytes| bytes == b".dep-v0\0").expect("in the binary");
    tampered[at] = b'-';
    let error = format!("{:#}", saved::read(&tampered).expect_err("tampered with"));
    assert!(error.contains("layer 0/layer.tar is sha256:"), "{error}");
}

#[test]
fn an_archive_for_docker_load_serves_both_kinds_of_engines() {
    let project = Project::new();
    project.assemble(&[]).expect_code(0);
    project.image(&["docker-archive", "--output", "load.tar"]).expect_code(0);
    let archive = std::fs::read(project.path("load.tar")).expect("an archive");
    // The reader of saved archives follows manifest.json, as an engine before 25 does.
    assert_eq!(saved::read(&archive).expect("readable").files.len(), 1);
    let files = layer::read(&archive).expect("an archive");
    let json = |name: &str| -> Value {
        let file = files.iter().find(|file| file.path == name).expect(name);
        serde_json::from_slice(file.bytes().expect("a file")).expect("JSON")
    };
    assert_eq!(json("manifest.json")[0]["RepoTags"], json!(["myapp:0123abcd"]));
    let index = json("index.json");
    assert_eq!(index["manifests"][0]["annotations"]["io.containerd.image.name"], "myapp:0123abcd");
    project.image(&["docker-archive", "--output", "-", "--name", "other"]).expect_code(0);
}

#[test]
fn a_docker_engine_loads_the_image_as_it_was_assembled() {
    let docker = |arguments: &[&str]| Command::new("docker").args(arguments).output();
    match docker(&["version", "--format", "{{.Server.Version}}"]) {
        Ok(output) if output.status.success() => {}
        _ => {
            eprintln!("skipped: no Docker engine answers here");
            return;
        }
    }
    let project = Project::new();
    let summary = project.assemble(&[]).expect_code(0).json();
    let name = format!("slipway-image-test-{}", std::process::id());
    project.image(&["docker-archive", "--output", "load.tar", "--name", &name]).expect_code(0);
    let archive = project.path("load.tar");
    let loaded = docker(&["load", "--quiet", "--input", archive.to_str().expect("UTF-8")]).expect("docker starts");
    assert!(loaded.status.success(), "{loaded:?}");
    let full = format!("{name}:0123abcd");
    let seen = docker(&["image", "inspect", &full]).expect("docker starts");
    docker(&["image", "rm", &full]).expect("docker starts");
    let seen: Value = serde_json::from_slice(&seen.stdout).expect("JSON");
    // An engine calls an image by its configuration, one with containerd's store by its manifest.
    assert!([&summary["config"], &summary["digest"]].contains(&&seen[0]["Id"]), "{seen}");
    assert_eq!(seen[0]["Config"]["User"], "65532:65532");
}
