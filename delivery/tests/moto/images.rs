//! ECR: images, their tags, and moving one.

use delivery::aws::ecr::Reference;
use delivery::release::Digest;

use crate::server::Moto;

const REPOSITORY: &str = "myapp";

fn manifest(name: &str) -> String {
    let blob = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let empty = format!(r#"{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{blob}","size":2}}"#);
    format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{empty},"layers":[{empty}],"annotations":{{"name":"{name}"}}}}"#
    )
}

/// An image under a tag, made another one by its name. Its digest is told: moto makes one of the layers
/// alone.
async fn put(moto: &Moto, tag: &str) -> Digest {
    let manifest = manifest(tag);
    let digest = Digest::of(manifest.as_bytes());
    let put = moto.clients.ecr.put_image().repository_name(REPOSITORY).image_manifest(manifest);
    put.image_digest(digest.as_str()).image_tag(tag).send().await.expect("an image");
    digest
}

#[tokio::test]
async fn an_image_is_found_by_tag_and_digest_and_a_tag_moves_without_a_layer() {
    let moto = Moto::start();
    let created = moto.clients.ecr.create_repository().repository_name(REPOSITORY).send().await;
    created.expect("a repository");
    let uri = moto.clients.repository_uri(REPOSITORY).await.expect("an address");
    assert!(uri.ends_with("/myapp"), "{uri}");
    assert!(moto.clients.repository_uri("other").await.is_err());

    let (one, two) = (put(&moto, "one").await, put(&moto, "two").await);
    let found = moto.clients.image(REPOSITORY, Reference::Tag("one")).await.expect("an answer").expect("an image");
    assert_eq!(found.digest, one);
    assert_eq!(found.tags, ["one"]);
    let found = moto.clients.image(REPOSITORY, Reference::Digest(&two)).await.expect("an answer").expect("an image");
    assert_eq!(found.tags, ["two"]);
    assert_eq!(moto.clients.digest_of_tag(REPOSITORY, "three").await.expect("an answer"), None);

    for digest in [&one, &two] {
        assert!(moto.clients.retag(REPOSITORY, digest, "production-latest").await.expect("a retag"), "{digest}");
        assert!(!moto.clients.retag(REPOSITORY, digest, "production-latest").await.expect("a retag"), "{digest}");
        let now = moto.clients.digest_of_tag(REPOSITORY, "production-latest").await.expect("an answer");
        assert_eq!(now.as_ref(), Some(digest));
    }
}
