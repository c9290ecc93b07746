//! Verdicts beside their images.

use std::time::Duration;

use bytes::Bytes;
use delivery::environment::Environment;
use delivery::evidence::{Check, Evidence, Judgement, Verdict};
use delivery::exit;
use delivery::release::{Digest, Release};
use delivery::secret::Redactor;
use rehearsal::faults::ApiFault;
use serde_json::json;

use crate::cloud::{REPOSITORY, Scene, commit, start};

fn verdict(release: &Release, environment: Environment, judgement: Judgement, minute: u64) -> Verdict {
    Verdict {
        environment,
        judgement,
        release: release.clone(),
        reason: String::new(),
        service_deployment: Some("arn:aws:ecs:ap-northeast-1:123456789012:service-deployment/c/s/1".to_owned()),
        checks: vec![Check::new("smoke: GET /health", Judgement::Passed, "200").with_numbers(1.0, 4.0, "attempts")],
        by: "arn:aws:sts::123456789012:assumed-role/deployer/run".to_owned(),
        began: start(),
        ended: start() + Duration::from_secs(60 * minute),
        schema: None,
        survivor: None,
    }
}

async fn about(scene: &Scene, digest: &Digest) -> Evidence {
    Evidence::about(&scene.registry, digest).await.expect("an answer")
}

#[tokio::test(start_paused = true)]
async fn verdicts_are_read_back_newest_last_and_promote_believes_the_newest() {
    let scene = Scene::new();
    let (release, other) = (scene.seed(&commit('a')), scene.seed(&commit('b')));
    let redactor = Redactor::default();
    let ordered = [
        verdict(&release, Environment::Staging, Judgement::Failed, 1),
        verdict(&release, Environment::Staging, Judgement::Passed, 2),
        verdict(&release, Environment::Production, Judgement::Passed, 3),
    ];
    for index in [2, 0, 1] {
        ordered[index].record(&scene.registry, &redactor).await.expect("it is recorded");
    }
    let evidence = about(&scene, &release.digest).await;
    assert_eq!(evidence.verdicts, ordered);
    assert_eq!(evidence.unreadable, Vec::<String>::new());
    assert_eq!(evidence.admits(&release).expect("it passed"), &ordered[1]);
    let ending = about(&scene, &other.digest).await.admits(&other).expect_err("nobody judged it");
    assert_eq!(ending.code(), exit::REFUSED);
}

#[tokio::test(start_paused = true)]
async fn a_verdict_is_stored_once_whatever_happens_to_a_request() {
    let faults = [ApiFault::ServerError, ApiFault::Hang, ApiFault::LostAnswer];
    for operation in ["GET", "HEAD", "POST", "PUT", "GetAuthorizationToken"] {
        for fault in faults {
            let scene = Scene::new();
            let release = scene.seed(&commit('a'));
            let verdict = verdict(&release, Environment::Staging, Judgement::Passed, 1);
            scene.fault(operation, fault, 0, 1);
            for _ in 0..2 {
                let recorded = verdict.record(&scene.registry, &Redactor::default()).await;
                recorded.unwrap_or_else(|error| panic!("{operation} {fault:?}: {error:#}"));
            }
            scene.fault(operation, fault, 0, 1);
            let evidence = about(&scene, &release.digest).await;
            assert_eq!(evidence.verdicts, [verdict], "{operation} {fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_does_not_answer_is_no_absence_of_verdicts() {
    let scene = Scene::new();
    let release = scene.seed(&commit('a'));
    scene.fault("GET", ApiFault::ServerError, 0, u64::MAX);
    Evidence::about(&scene.registry, &release.digest).await.expect_err("nobody knows");
}

/// Puts a document about an image by hand: its kind, the type of its content, and the content.
async fn plant(scene: &Scene, about: &Digest, kind: &str, media_type: &str, content: &str) {
    let login = scene.clients.registry_login().await.expect("a login");
    let put = async |method: &str, uri: String, media_type: &str, body: &str| {
        let request = http::Request::builder().method(method).uri(uri);
        let request = request.header("authorization", &login.authorization).header("content-type", media_type);
        scene.cloud.handle(request.body(Bytes::from(body.to_owned())).expect("a request")).await
    };
    for blob in [content, "{}"] {
        let uploads = format!("/v2/{REPOSITORY}/blobs/uploads/?digest={}", Digest::of(blob.as_bytes()));
        let begun = put("POST", uploads, "application/octet-stream", blob).await;
        if begun.status() == http::StatusCode::ACCEPTED {
            let location = begun.headers()["location"].to_str().expect("a location").to_owned();
            let separator = if location.contains('?') { '&' } else { '?' };
            let uri = format!("{location}{separator}digest={}", Digest::of(blob.as_bytes()));
            let uri = uri.replace("http://127.0.0.1:5000", "");
            let done = put("PUT", uri, "application/octet-stream", blob).await;
            assert!(done.status().is_success(), "{done:?}");
        } else {
            assert!(begun.status().is_success(), "{begun:?}");
        }
    }
    let descriptor = |media_type: &str, bytes: &str| json!({ "mediaType": media_type, "digest": Digest::of(bytes.as_bytes()), "size": bytes.len() });
    let image = scene.cloud.registry().repository(REPOSITORY).expect("a repository");
    let (_, stored) = image.find(about.as_str()).expect("an image");
    let manifest_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({
        "schemaVersion": 2, "mediaType": manifest_type, "artifactType": kind,
        "config": descriptor("application/vnd.oci.empty.v1+json", "{}"),
        "layers": [descriptor(media_type, content)],
        "subject": { "mediaType": manifest_type, "digest": about, "size": stored.bytes.len() },
    });
    let manifest = manifest.to_string();
    let uri = format!("/v2/{REPOSITORY}/manifests/{}", Digest::of(manifest.as_bytes()));
    let done = put("PUT", uri, manifest_type, &manifest).await;
    assert!(done.status().is_success(), "{done:?}");
}

const OURS: &str = "application/vnd.slipway.verdict.v1+json";
const STATEMENT: &str = "application/vnd.in-toto+json";

#[tokio::test(start_paused = true)]
async fn what_is_malformed_or_foreign_never_counts_as_a_pass() {
    let scene = Scene::new();
    let (release, other) = (scene.seed(&commit('a')), scene.seed(&commit('b')));
    let good = |release: &Release| {
        let verdict = verdict(release, Environment::Staging, Judgement::Passed, 1);
        json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{ "name": REPOSITORY, "digest": { "sha256": release.digest.hex() } }],
            "predicateType": delivery::evidence::PREDICATE_TYPE,
            "predicate": verdict,
        })
    };
    let changed = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut statement = good(&release);
        change(&mut statement);
        statement.to_string()
    };
    let malformed = [
        (OURS, STATEMENT, "passed".to_owned()),
        (OURS, STATEMENT, "{}".to_owned()),
        (OURS, STATEMENT, good(&other).to_string()),
        (OURS, STATEMENT, changed(&|one| one["predicateType"] = json!("https://slsa.dev/provenance/v1"))),
        (OURS, STATEMENT, changed(&|one| one["_type"] = json!("https://in-toto.io/Statement/v0.1"))),
        (OURS, STATEMENT, changed(&|one| one["predicate"]["judgement"] = json!("PASSED"))),
        (OURS, STATEMENT, changed(&|one| one["predicate"]["environment"] = json!("anywhere"))),
        (OURS, STATEMENT, changed(&|one| one["predicate"]["surprise"] = json!(1))),
        (OURS, STATEMENT, changed(&|one| one["subject"] = json!([]))),
        (OURS, STATEMENT, changed(&|one| one["predicate"]["release"]["digest"] = json!(other.digest))),
        (OURS, "text/plain", good(&release).to_string()),
    ];
    for (kind, media_type, content) in malformed {
        let scene = Scene::new();
        let release = scene.seed(&commit('a'));
        plant(&scene, &release.digest, kind, media_type, &content).await;
        let evidence = about(&scene, &release.digest).await;
        assert_eq!((evidence.verdicts.len(), evidence.unreadable.len()), (0, 1), "{content}");
        let ending = evidence.admits(&release).expect_err("it is no verdict");
        assert_eq!(ending.code(), exit::COULD_NOT_TELL, "{content}");
    }
    plant(&scene, &release.digest, "application/vnd.cyclonedx+json", STATEMENT, &good(&release).to_string()).await;
    let evidence = about(&scene, &release.digest).await;
    assert_eq!(evidence, Evidence::default(), "a document of others is none of ours");
    assert_eq!(evidence.admits(&release).expect_err("nobody judged it").code(), exit::REFUSED);
    plant(&scene, &release.digest, OURS, STATEMENT, &good(&release).to_string()).await;
    about(&scene, &release.digest).await.admits(&release).expect("the untouched one is a pass");
}
