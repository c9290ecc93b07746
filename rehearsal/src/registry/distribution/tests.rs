//! The protocol as a client sees it: each code of the specification, and the ways that a blob arrives.

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::registry::manifest::{DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};
use crate::registry::testing::{push, registry};
use crate::registry::{Digest, Mutability, Registry, seed};

/// Sends a request as user `AWS`, with the headers of the list.
#[track_caller]
fn send(
    registry: &Registry,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Response<Bytes> {
    registry.lock().passwords.insert("secret".to_owned());
    let mut request = Request::builder().method(method).uri(path).header("authorization", "Basic QVdTOnNlY3JldA==");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    registry.distribute(&request.body(body.into()).expect("a request"), Timestamp::UNIX_EPOCH)
}

fn header<'a>(response: &'a Response<Bytes>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

fn json_of(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).expect("JSON")
}

#[test]
fn every_code_of_the_specification_is_given_for_its_reason() {
    let registry = registry();
    let pushed = push(&registry, "myapp", Some("v1"), "one");
    let other = seed::image(registry.lock().repositories.get_mut("myapp").expect("myapp"), &[("RELEASE", "two")]);
    let other = other.expect("a manifest");
    let nowhere = Digest::of(b"nowhere");
    let descriptor = |media_type: &str| json!({ "mediaType": media_type, "digest": nowhere, "size": 1 });
    let no_blobs = json!({ "schemaVersion": 2, "config": descriptor("c") }).to_string();
    let no_images = json!({ "schemaVersion": 2, "manifests": [descriptor(OCI_MANIFEST)] }).to_string();
    let oci: &[(&str, &str)] = &[("content-type", OCI_MANIFEST)];
    let index: &[(&str, &str)] = &[("content-type", OCI_INDEX)];
    let none: &[(&str, &str)] = &[];
    let same = registry.lock().repositories["myapp"].manifests[&pushed].bytes.clone();
    let cases = [
        ("GET", "/v2/other/tags/list".to_owned(), none, Bytes::new(), 404, "NAME_UNKNOWN"),
        ("POST", "/v2/other/blobs/uploads/".to_owned(), none, Bytes::new(), 404, "NAME_UNKNOWN"),
        ("PUT", "/v2/other/manifests/v1".to_owned(), oci, other.clone(), 404, "NAME_UNKNOWN"),
        ("GET", format!("/v2/myapp/blobs/{nowhere}"), none, Bytes::new(), 404, "BLOB_UNKNOWN"),
        ("GET", "/v2/myapp/blobs/sha256:1".to_owned(), none, Bytes::new(), 400, "DIGEST_INVALID"),
        ("GET", "/v2/myapp/manifests/v2".to_owned(), none, Bytes::new(), 404, "MANIFEST_UNKNOWN"),
        ("DELETE", "/v2/myapp/manifests/v2".to_owned(), none, Bytes::new(), 404, "MANIFEST_UNKNOWN"),
        ("PUT", "/v2/myapp/manifests/v2".to_owned(), oci, "{".into(), 400, "MANIFEST_INVALID"),
        ("PUT", "/v2/myapp/manifests/v2".to_owned(), oci, no_blobs.into(), 404, "MANIFEST_BLOB_UNKNOWN"),
        ("PUT", "/v2/myapp/manifests/v2".to_owned(), index, no_images.into(), 404, "MANIFEST_BLOB_UNKNOWN"),
        ("PUT", format!("/v2/myapp/manifests/{nowhere}"), oci, other.clone(), 400, "DIGEST_INVALID"),
        ("PUT", "/v2/myapp/manifests/-v2".to_owned(), oci, other.clone(), 400, "TAG_INVALID"),
        ("PUT", "/v2/myapp/manifests/v1".to_owned(), oci, other, 400, "TAG_INVALID"),
        ("PUT", "/v2/myapp/manifests/v1".to_owned(), oci, same, 400, "TAG_INVALID"),
        ("PATCH", "/v2/myapp/blobs/uploads/7".to_owned(), none, Bytes::new(), 404, "BLOB_UPLOAD_UNKNOWN"),
        ("GET", "/v2/myapp/tags/list?n=many".to_owned(), none, Bytes::new(), 400, "PAGINATION_NUMBER_INVALID"),
        ("GET", "/v2/myapp/referrers/v1".to_owned(), none, Bytes::new(), 400, "DIGEST_INVALID"),
        ("DELETE", format!("/v2/myapp/blobs/{nowhere}"), none, Bytes::new(), 405, "UNSUPPORTED"),
        ("GET", "/v2/myapp".to_owned(), none, Bytes::new(), 404, "UNSUPPORTED"),
    ];
    for (method, path, headers, body, status, code) in cases {
        let response = send(&registry, method, &path, headers, body);
        assert_eq!(response.status(), status, "{method} {path}");
        assert_eq!(json_of(&response)["errors"][0]["code"], code, "{method} {path}");
    }
}

#[test]
fn nothing_is_answered_without_a_password_that_was_given() {
    let registry = registry();
    registry.lock().passwords.insert("secret".to_owned());
    for (credentials, status) in [
        (None, 401),
        (Some("Basic QVdTOndyb25n"), 401),
        (Some("Basic bWU6c2VjcmV0"), 401),
        (Some("Basic !"), 401),
        (Some("Bearer QVdTOnNlY3JldA=="), 401),
        (Some("Basic QVdTOnNlY3JldA=="), 200),
    ] {
        let mut request = Request::builder().uri("/v2/");
        if let Some(credentials) = credentials {
            request = request.header("authorization", credentials);
        }
        let request = request.body(Bytes::new()).expect("a request");
        let response = registry.distribute(&request, Timestamp::UNIX_EPOCH);
        assert_eq!(response.status(), status, "{credentials:?}");
        let asks = "Basic realm=\"http://127.0.0.1:5000/\",service=\"ecr.amazonaws.com\"";
        assert_eq!(header(&response, "www-authenticate"), if status == 401 { asks } else { "" });
    }
}

#[test]
fn a_blob_arrives_in_one_piece_in_chunks_or_from_another_repository() {
    let registry = registry();
    registry.create_repository("second", Mutability::MUTABLE, Timestamp::UNIX_EPOCH);
    let digest = Digest::of(b"abcdef");
    let there = |name: &str| send(&registry, "HEAD", &format!("/v2/{name}/blobs/{digest}"), &[], "").status() == 200;

    let begun = send(&registry, "POST", "/v2/myapp/blobs/uploads/", &[], "");
    assert_eq!((begun.status().as_u16(), header(&begun, "range")), (202, "0-0"));
    let upload = header(&begun, "location").to_owned();
    assert_eq!(send(&registry, "PATCH", &upload, &[("content-range", "0-2")], "abc").status(), 202);
    let again = send(&registry, "PATCH", &upload, &[("content-range", "0-2")], "abc");
    assert_eq!(again.status(), 416);
    let status = send(&registry, "GET", &upload, &[], "");
    assert_eq!((status.status().as_u16(), header(&status, "range")), (204, "0-2"));
    let end = send(&registry, "PUT", &format!("{upload}?digest={digest}"), &[("content-range", "3-5")], "def");
    assert_eq!((end.status().as_u16(), header(&end, "docker-content-digest")), (201, digest.as_str()));
    assert!(there("myapp") && !there("second"));
    assert_eq!(send(&registry, "GET", &upload, &[], "").status(), 404);

    let mounted = send(&registry, "POST", &format!("/v2/second/blobs/uploads/?mount={digest}&from=myapp"), &[], "");
    assert_eq!(mounted.status(), 201);
    assert!(there("second"));
    let absent = Digest::of(b"absent");
    let refused = send(&registry, "POST", &format!("/v2/second/blobs/uploads/?mount={absent}&from=myapp"), &[], "");
    assert_eq!(refused.status(), 202, "an upload begins instead");
    let cancelled = send(&registry, "DELETE", header(&refused, "location"), &[], "");
    assert_eq!(cancelled.status(), 204);

    let whole = Digest::of(b"whole");
    let path = format!("/v2/myapp/blobs/uploads/?digest={whole}");
    assert_eq!(send(&registry, "POST", &path, &[], "whole").status(), 201);
    let other = send(&registry, "POST", &path, &[], "something else");
    assert_eq!((other.status().as_u16(), &json_of(&other)["errors"][0]["code"]), (400, &json!("DIGEST_INVALID")));
}

#[test]
fn a_blob_is_read_whole_or_in_part() {
    let registry = registry();
    let digest = Digest::of(b"abcdef");
    send(&registry, "POST", &format!("/v2/myapp/blobs/uploads/?digest={digest}"), &[], "abcdef");
    let path = format!("/v2/myapp/blobs/{digest}");
    let head = send(&registry, "HEAD", &path, &[], "");
    assert_eq!((header(&head, "content-length"), head.body().len()), ("6", 0));
    assert_eq!(send(&registry, "GET", &path, &[], "").body(), "abcdef");
    let part = send(&registry, "GET", &path, &[("range", "bytes=2-3")], "");
    assert_eq!((part.status().as_u16(), header(&part, "content-range")), (206, "bytes 2-3/6"));
    assert_eq!(part.body(), "cd");
    assert_eq!(send(&registry, "GET", &path, &[("range", "bytes=6-")], "").status(), 416);
}

#[test]
fn a_manifest_comes_back_byte_by_byte_to_whoever_accepts_its_type() {
    let registry = registry();
    let digest = push(&registry, "myapp", Some("v1"), "one");
    for (path, accept, status) in [
        ("/v2/myapp/manifests/v1".to_owned(), None, 200),
        (format!("/v2/myapp/manifests/{digest}"), None, 200),
        ("/v2/myapp/manifests/v1".to_owned(), Some(OCI_MANIFEST), 200),
        ("/v2/myapp/manifests/v1".to_owned(), Some("text/plain, */*;q=0.1"), 200),
        ("/v2/myapp/manifests/v1".to_owned(), Some(DOCKER_MANIFEST), 404),
    ] {
        let accept: Vec<_> = accept.into_iter().map(|accept| ("accept", accept)).collect();
        let response = send(&registry, "GET", &path, &accept, "");
        assert_eq!(response.status(), status, "{path} {accept:?}");
        if status == 200 {
            assert_eq!(Digest::of(response.body()), digest);
            assert_eq!(header(&response, "content-type"), OCI_MANIFEST);
            assert_eq!(header(&response, "docker-content-digest"), digest.as_str());
        }
    }
}

#[test]
fn an_excluded_tag_moves_and_the_digest_it_left_stays() {
    let registry = registry();
    let first = push(&registry, "myapp", Some("production-latest"), "one");
    let second = push(&registry, "myapp", None, "two");
    let bytes = registry.lock().repositories["myapp"].manifests[&second].bytes.clone();
    let oci = &[("content-type", OCI_MANIFEST)];
    for _ in 0..2 {
        let moved = send(&registry, "PUT", "/v2/myapp/manifests/production-latest", oci, bytes.clone());
        assert_eq!((moved.status().as_u16(), header(&moved, "docker-content-digest")), (201, second.as_str()));
    }
    assert_eq!(send(&registry, "HEAD", &format!("/v2/myapp/manifests/{first}"), &[], "").status(), 200);
}

#[test]
fn referrers_are_found_by_their_subject_and_their_type() {
    let registry = registry();
    let subject = push(&registry, "myapp", Some("v1"), "one");
    let evidence = |kind: &str| {
        let empty =
            seed::put_blob(registry.lock().repositories.get_mut("myapp").expect("myapp"), "{}").expect("a blob");
        let descriptor =
            |of: &Digest| json!({ "mediaType": "application/vnd.oci.empty.v1+json", "digest": of, "size": 2 });
        let manifest = json!({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": kind, "config": descriptor(&empty.0),
            "layers": [descriptor(&empty.0)], "subject": { "mediaType": OCI_MANIFEST, "digest": subject, "size": 1 },
            "annotations": { "kind": kind },
        });
        let bytes = Bytes::from(manifest.to_string());
        let path = format!("/v2/myapp/manifests/{}", Digest::of(&bytes));
        let put = send(&registry, "PUT", &path, &[("content-type", OCI_MANIFEST)], bytes);
        assert_eq!((put.status().as_u16(), header(&put, "oci-subject")), (201, subject.as_str()));
    };
    evidence("application/x.verdict");
    evidence("application/x.note");
    let path = format!("/v2/myapp/referrers/{subject}");
    let all = send(&registry, "GET", &path, &[], "");
    assert_eq!((header(&all, "content-type"), header(&all, "oci-filters-applied")), (OCI_INDEX, ""));
    assert_eq!(json_of(&all)["manifests"].as_array().map(Vec::len), Some(2));
    let one = send(&registry, "GET", &format!("{path}?artifactType=application/x.note"), &[], "");
    assert_eq!(header(&one, "oci-filters-applied"), "artifactType");
    let listed = &json_of(&one)["manifests"];
    assert_eq!(
        (listed.as_array().map(Vec::len), &listed[0]["annotations"]["kind"]),
        (Some(1), &json!("application/x.note"))
    );
    let none = send(&registry, "GET", &format!("/v2/myapp/referrers/{}", Digest::of(b"")), &[], "");
    assert_eq!((none.status().as_u16(), &json_of(&none)["manifests"]), (200, &json!([])));
}

#[test]
fn tags_come_in_pages() {
    let registry = registry();
    for tag in ["c", "a", "b"] {
        push(&registry, "myapp", Some(tag), tag);
    }
    let tags = |path: &str| {
        let response = send(&registry, "GET", path, &[], "");
        (json_of(&response)["tags"].clone(), header(&response, "link").to_owned())
    };
    assert_eq!(tags("/v2/myapp/tags/list"), (json!(["a", "b", "c"]), String::new()));
    let link = "</v2/myapp/tags/list?n=2&last=b>; rel=\"next\"".to_owned();
    assert_eq!(tags("/v2/myapp/tags/list?n=2"), (json!(["a", "b"]), link));
    assert_eq!(tags("/v2/myapp/tags/list?n=2&last=b"), (json!(["c"]), String::new()));
    assert_eq!(json_of(&send(&registry, "GET", "/v2/_catalog", &[], "")), json!({ "repositories": ["myapp"] }));
}

#[test]
fn deleting_a_tag_leaves_the_image_and_deleting_the_image_takes_its_tags() {
    let registry = registry();
    let digest = push(&registry, "myapp", Some("v1"), "one");
    push(&registry, "myapp", Some("v2"), "two");
    let status = |method: &str, reference: &str| {
        send(&registry, method, &format!("/v2/myapp/manifests/{reference}"), &[], "").status().as_u16()
    };
    assert_eq!(status("DELETE", "v1"), 202);
    assert_eq!((status("HEAD", "v1"), status("HEAD", digest.as_str())), (404, 200));
    let second = registry.resolve("127.0.0.1:5000/myapp:v2").expect("it is there").digest;
    assert_eq!(status("DELETE", second.as_str()), 202);
    assert_eq!((status("HEAD", "v2"), status("HEAD", second.as_str())), (404, 404));
}
