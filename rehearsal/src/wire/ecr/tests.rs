//! ECR's API as a client sees it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::serve;
use crate::clock::Scale;
use crate::model::{Identity, State};
use crate::registry::manifest::{OCI_INDEX, OCI_MANIFEST};
use crate::registry::testing::push;
use crate::registry::{Digest, Mutability, seed};
use crate::wire::json::{Call, Error};

/// A cloud with an immutable repository `myapp` but for tags that end in `-latest`.
fn cloud() -> State {
    let identity = Identity {
        region: "ap-northeast-1".to_owned(),
        account: "123456789012".to_owned(),
        registry_host: "127.0.0.1:5000".to_owned(),
    };
    let state = State::new(identity, Scale::REAL, 1);
    let mutability = Mutability::immutable_except(&["*-latest"]);
    state.account.registry.create_repository("myapp", mutability, Timestamp::UNIX_EPOCH);
    state
}

fn call(state: &mut State, operation: &str, input: &Value) -> Result<Value, Error> {
    serve(state, &Call { operation, input, now: Timestamp::UNIX_EPOCH })
}

#[track_caller]
fn done(state: &mut State, operation: &str, input: &Value) -> Value {
    call(state, operation, input).expect("the call is answered")
}

#[track_caller]
fn code(state: &mut State, operation: &str, input: &Value) -> &'static str {
    call(state, operation, input).expect_err("the call is refused").code
}

/// The manifest of an image whose blobs are there.
fn manifest(state: &State, release: &str) -> String {
    let mut registry = state.account.registry.lock();
    let repository = registry.repositories.get_mut("myapp").expect("myapp");
    let bytes = seed::image(repository, &[("RELEASE", release)]).expect("a manifest");
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn bad_calls_get_the_codes_of_the_documents() {
    let mut state = cloud();
    push(&state.account.registry, "myapp", Some("v1"), "one");
    let image = manifest(&state, "two");
    let nowhere = Digest::of(b"nowhere");
    let of = |media_type: &str| json!({ "mediaType": media_type, "digest": nowhere, "size": 1 });
    let no_layers = json!({ "schemaVersion": 2, "config": of("c") }).to_string();
    let no_images = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [of(OCI_MANIFEST)] }).to_string();
    let put =
        |manifest: &str, tag: &str| json!({ "repositoryName": "myapp", "imageManifest": manifest, "imageTag": tag });
    let other_digest = json!({ "repositoryName": "myapp", "imageManifest": image, "imageDigest": nowhere });
    let filters = json!([{ "filterType": "WILDCARD", "filter": "*" }]);
    let cases = [
        ("DescribeImages", json!({ "repositoryName": 7 }), "SerializationException"),
        ("PutImage", json!({ "repositoryName": ["myapp"] }), "SerializationException"),
        ("BatchGetImage", json!({ "imageIds": "v1" }), "SerializationException"),
        ("CreateRepository", json!([]), "SerializationException"),
        ("GetAuthorizationToken", json!("now"), "SerializationException"),
        ("DescribeImages", json!({}), "InvalidParameterException"),
        ("DescribeImages", json!({ "repositoryName": "other" }), "RepositoryNotFoundException"),
        ("DescribeImages", json!({ "repositoryName": "myapp", "registryId": "1" }), "RepositoryNotFoundException"),
        ("DescribeImages", json!({ "repositoryName": "myapp", "maxResults": 0 }), "InvalidParameterException"),
        ("DescribeImages", json!({ "repositoryName": "myapp", "nextToken": "x" }), "InvalidParameterException"),
        (
            "DescribeImages",
            json!({ "repositoryName": "myapp", "imageIds": [{ "imageTag": "v2" }] }),
            "ImageNotFoundException",
        ),
        (
            "DescribeImages",
            json!({ "repositoryName": "myapp", "imageIds": [{ "imageDigest": "v2" }] }),
            "InvalidParameterException",
        ),
        (
            "DescribeImages",
            json!({ "repositoryName": "myapp", "filter": { "tagStatus": "SOME" } }),
            "InvalidParameterException",
        ),
        ("DescribeRepositories", json!({ "repositoryNames": ["other"] }), "RepositoryNotFoundException"),
        ("CreateRepository", json!({}), "InvalidParameterException"),
        ("CreateRepository", json!({ "repositoryName": "MyApp" }), "InvalidParameterException"),
        ("CreateRepository", json!({ "repositoryName": "myapp" }), "RepositoryAlreadyExistsException"),
        (
            "CreateRepository",
            json!({ "repositoryName": "new", "imageTagMutability": "SOLID" }),
            "InvalidParameterException",
        ),
        (
            "CreateRepository",
            json!({ "repositoryName": "new", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION" }),
            "InvalidParameterException",
        ),
        (
            "CreateRepository",
            json!({ "repositoryName": "new", "imageTagMutabilityExclusionFilters": filters }),
            "InvalidParameterException",
        ),
        ("PutImageTagMutability", json!({ "repositoryName": "myapp" }), "InvalidParameterException"),
        ("DeleteRepository", json!({ "repositoryName": "myapp" }), "RepositoryNotEmptyException"),
        ("BatchGetImage", json!({ "repositoryName": "myapp" }), "InvalidParameterException"),
        ("BatchDeleteImage", json!({ "repositoryName": "myapp", "imageIds": [] }), "InvalidParameterException"),
        ("BatchCheckLayerAvailability", json!({ "repositoryName": "myapp" }), "InvalidParameterException"),
        ("ListImageReferrers", json!({ "repositoryName": "myapp" }), "InvalidParameterException"),
        (
            "ListImageReferrers",
            json!({ "repositoryName": "myapp", "subjectId": { "imageDigest": "v1" } }),
            "ValidationException",
        ),
        ("PutImage", json!({ "repositoryName": "myapp" }), "InvalidParameterException"),
        ("PutImage", put("{", "v2"), "InvalidParameterException"),
        ("PutImage", put(&image, "-"), "InvalidParameterException"),
        ("PutImage", put(&image, "v1"), "ImageTagAlreadyExistsException"),
        ("PutImage", put(&manifest(&state, "one"), "v1"), "ImageAlreadyExistsException"),
        ("PutImage", other_digest, "ImageDigestDoesNotMatchException"),
        ("PutImage", put(&no_layers, "v2"), "LayersNotFoundException"),
        ("PutImage", put(&no_images, "v2"), "ReferencedImagesNotFoundException"),
        ("StartImageScan", json!({}), "NotImplementedException"),
    ];
    for (operation, input, expected) in cases {
        assert_eq!(code(&mut state, operation, &input), expected, "{operation} {input}");
    }
    let error = call(&mut state, "StartImageScan", &json!({})).expect_err("it is not implemented");
    assert!(error.message.contains("ecr:StartImageScan"), "{}", error.message);
}

#[test]
fn an_image_gets_another_tag_by_its_manifest_alone() {
    let mut state = cloud();
    let digest = push(&state.account.registry, "myapp", Some("v1"), "one");
    let got =
        done(&mut state, "BatchGetImage", &json!({ "repositoryName": "myapp", "imageIds": [{ "imageTag": "v1" }] }));
    let manifest = &got["images"][0]["imageManifest"];
    assert_eq!(Digest::of(manifest.as_str().expect("text").as_bytes()), digest);
    let put = json!({ "repositoryName": "myapp", "imageManifest": manifest, "imageTag": "production-latest" });
    let image = done(&mut state, "PutImage", &put);
    assert_eq!(image["image"]["imageId"], json!({ "imageDigest": digest, "imageTag": "production-latest" }));
    let described = done(&mut state, "DescribeImages", &json!({ "repositoryName": "myapp" }));
    assert_eq!(described["imageDetails"][0]["imageTags"], json!(["production-latest", "v1"]));

    let next = push(&state.account.registry, "myapp", Some("v2"), "two");
    let bytes = state.account.registry.repository("myapp").expect("myapp").manifests[&next].bytes.clone();
    let text = String::from_utf8_lossy(&bytes);
    done(
        &mut state,
        "PutImage",
        &json!({ "repositoryName": "myapp", "imageManifest": text, "imageTag": "production-latest" }),
    );
    let moved = json!({ "repositoryName": "myapp", "imageIds": [{ "imageTag": "production-latest" }] });
    assert_eq!(done(&mut state, "DescribeImages", &moved)["imageDetails"][0]["imageDigest"], json!(next));
}

#[test]
fn images_are_described_with_all_that_ecr_tells() {
    let mut state = cloud();
    let digest = push(&state.account.registry, "myapp", Some("v1"), "one");
    let described = done(&mut state, "DescribeImages", &json!({ "repositoryName": "myapp" }));
    let size = described["imageDetails"][0]["imageSizeInBytes"].as_u64();
    assert!(size.is_some_and(|size| size > 2048), "the layer is a tar archive: {size:?}");
    let expected = json!({
        "registryId": "123456789012", "repositoryName": "myapp", "imageDigest": digest, "imageTags": ["v1"],
        "imageSizeInBytes": size, "imagePushedAt": 0.0, "imageManifestMediaType": OCI_MANIFEST,
        "artifactMediaType": "application/vnd.oci.image.config.v1+json", "imageStatus": "ACTIVE",
    });
    assert_eq!(described["imageDetails"][0], expected);
}

#[test]
fn images_are_deleted_by_tag_and_by_digest_with_a_code_for_each_failure() {
    let mut state = cloud();
    let registry = state.account.registry.clone();
    let one = push(&registry, "myapp", Some("v1"), "one");
    let again =
        String::from_utf8_lossy(&registry.repository("myapp").expect("myapp").manifests[&one].bytes).into_owned();
    done(
        &mut state,
        "PutImage",
        &json!({ "repositoryName": "myapp", "imageManifest": again, "imageTag": "v1-latest" }),
    );
    let two = push(&registry, "myapp", Some("v2"), "two");
    let child = push(&registry, "myapp", None, "three");
    let index = json!({
        "schemaVersion": 2, "mediaType": OCI_INDEX,
        "manifests": [{ "mediaType": OCI_MANIFEST, "digest": child, "size": 1 }],
    });
    done(
        &mut state,
        "PutImage",
        &json!({ "repositoryName": "myapp", "imageManifest": index.to_string(), "imageTag": "many" }),
    );
    let cases = [
        (json!({}), "MissingDigestAndTag"),
        (json!({ "imageDigest": "sha256:1" }), "InvalidImageDigest"),
        (json!({ "imageTag": "v3" }), "ImageNotFound"),
        (json!({ "imageDigest": Digest::of(b"nowhere") }), "ImageNotFound"),
        (json!({ "imageDigest": one, "imageTag": "v2" }), "ImageTagDoesNotMatchDigest"),
        (json!({ "imageDigest": child }), "ImageReferencedByManifestList"),
    ];
    let delete = |id: &Value| json!({ "repositoryName": "myapp", "imageIds": [id] });
    for (id, code) in &cases {
        let answer = done(&mut state, "BatchDeleteImage", &delete(id));
        let failure = &answer["failures"][0];
        assert_eq!((&failure["failureCode"], &failure["imageId"]), (&json!(code), id));
        assert_eq!(answer["imageIds"], json!([]));
    }
    let gone = |state: &mut State, id: Value| done(state, "BatchDeleteImage", &delete(&id))["imageIds"].clone();
    let tagged = |tag: &str| json!({ "imageDigest": one, "imageTag": tag });
    assert_eq!(gone(&mut state, json!({ "imageTag": "v1-latest" })), json!([tagged("v1-latest")]));
    assert!(registry.repository("myapp").expect("myapp").find("v1").is_some(), "the other tag keeps the image");
    assert_eq!(gone(&mut state, json!({ "imageTag": "v1" })), json!([tagged("v1")]));
    assert!(registry.repository("myapp").expect("myapp").find(one.as_str()).is_none(), "the last tag was its last");
    assert_eq!(gone(&mut state, json!({ "imageDigest": two })), json!([{ "imageDigest": two, "imageTag": "v2" }]));
}

#[test]
fn an_immutable_tag_is_a_lock_that_its_holder_alone_gives_back() {
    let mut state = cloud();
    let (mine, theirs) = (manifest(&state, "mine"), manifest(&state, "theirs"));
    let lock =
        |manifest: &str| json!({ "repositoryName": "myapp", "imageManifest": manifest, "imageTag": "lock-staging" });
    let release = |manifest: &str| json!({ "repositoryName": "myapp", "imageIds": [{ "imageDigest": Digest::of(manifest.as_bytes()) }] });
    done(&mut state, "PutImage", &lock(&mine));
    assert_eq!(code(&mut state, "PutImage", &lock(&theirs)), "ImageTagAlreadyExistsException");
    let other = done(&mut state, "BatchDeleteImage", &release(&theirs));
    assert_eq!(other["failures"][0]["failureCode"], "ImageNotFound");
    assert_eq!(code(&mut state, "PutImage", &lock(&mine)), "ImageAlreadyExistsException");
    done(&mut state, "BatchDeleteImage", &release(&mine));
    done(&mut state, "PutImage", &lock(&theirs));
}

#[test]
fn lists_come_in_pages_and_by_tag_status() {
    let mut state = cloud();
    for tag in ["a", "b", "c"] {
        push(&state.account.registry, "myapp", Some(tag), tag);
    }
    let untagged = push(&state.account.registry, "myapp", None, "d");
    let mut seen = Vec::new();
    let mut input = json!({ "repositoryName": "myapp", "maxResults": 3 });
    loop {
        let answer = done(&mut state, "ListImages", &input);
        seen.extend(answer["imageIds"].as_array().expect("ids").clone());
        let Some(token) = answer.get("nextToken") else { break };
        input["nextToken"] = token.clone();
    }
    assert_eq!(seen.len(), 4);
    let only = json!({ "repositoryName": "myapp", "filter": { "tagStatus": "UNTAGGED" } });
    assert_eq!(done(&mut state, "ListImages", &only)["imageIds"], json!([{ "imageDigest": untagged }]));
    assert_eq!(done(&mut state, "DescribeImages", &only)["imageDetails"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_repository_is_made_changed_described_and_deleted() {
    let mut state = cloud();
    let filters = json!([{ "filterType": "WILDCARD", "filter": "*-latest" }]);
    let made = done(&mut state, "CreateRepository", &json!({ "repositoryName": "team/new" }));
    assert_eq!(made["repository"]["repositoryUri"], "127.0.0.1:5000/team/new");
    assert_eq!(made["repository"]["imageTagMutability"], "MUTABLE");
    let setting = json!({
        "repositoryName": "team/new", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": filters,
    });
    done(&mut state, "PutImageTagMutability", &setting);
    let described = done(&mut state, "DescribeRepositories", &json!({ "repositoryNames": ["team/new"] }));
    assert_eq!(described["repositories"][0]["imageTagMutabilityExclusionFilters"], filters);
    let all = done(&mut state, "DescribeRepositories", &json!({}));
    assert_eq!(all["repositories"].as_array().map(Vec::len), Some(2));
    done(&mut state, "DeleteRepository", &json!({ "repositoryName": "team/new" }));
    push(&state.account.registry, "myapp", Some("v1"), "one");
    done(&mut state, "DeleteRepository", &json!({ "repositoryName": "myapp", "force": true }));
    assert_eq!(done(&mut state, "DescribeRepositories", &json!({}))["repositories"], json!([]));
}

#[test]
fn a_password_opens_the_registry_that_the_token_names() {
    let mut state = cloud();
    let answer = done(&mut state, "GetAuthorizationToken", &json!({}));
    let data = &answer["authorizationData"][0];
    assert_eq!((&data["proxyEndpoint"], &data["expiresAt"]), (&json!("http://127.0.0.1:5000"), &json!(43200.0)));
    let token = data["authorizationToken"].as_str().expect("text");
    let request = http::Request::get("/v2/").header("authorization", format!("Basic {token}"));
    let request = request.body(bytes::Bytes::new()).expect("a request");
    assert_eq!(state.account.registry.distribute(&request, Timestamp::UNIX_EPOCH).status(), 200);
}
