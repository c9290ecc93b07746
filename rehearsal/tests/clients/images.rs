//! The registry: ECR by the AWS CLI, a blob by curl.

use std::process::Command;

use serde_json::json;

use crate::served::Served;

/// `{}`, and its digest.
const EMPTY: (&str, &str) = ("{}", "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");

impl Served {
    /// The password of the registry.
    pub(crate) fn password(&self) -> String {
        self.aws(&["ecr", "get-login-password"]).text().trim().to_owned()
    }

    /// Puts a blob by the distribution protocol.
    fn push_blob(&self, content: &str, digest: &str) {
        let user = format!("AWS:{}", self.password());
        let curl = |arguments: &[&str]| {
            let output = Command::new("curl").args(["-sS", "--fail-with-body", "-u", &user]).args(arguments).output();
            let output = output.expect("curl");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
            text
        };
        let uploads = format!("http://{}/v2/myapp/blobs/uploads/", self.host);
        let begun = curl(&["-X", "POST", "-o", "/dev/null", "-D", "-", &uploads]);
        let location = begun.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
        });
        let location = location.unwrap_or_else(|| panic!("no location in {begun}"));
        let location = if location.starts_with('/') { format!("http://{}{location}", self.host) } else { location };
        let sign = if location.contains('?') { '&' } else { '?' };
        let content_type = "content-type: application/octet-stream";
        let whole = format!("{location}{sign}digest={digest}");
        curl(&["-X", "PUT", "-H", content_type, "--data-binary", content, &whole]);
    }

    /// Puts an image under a tag, made another one by its name.
    fn put_image(&self, tag: &str, name: &str) -> crate::aws::Said {
        let empty = json!({ "mediaType": "application/vnd.oci.empty.v1+json", "digest": EMPTY.1, "size": 2 });
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": empty,
            "layers": [empty],
            "annotations": { "name": name },
        });
        let manifest = manifest.to_string();
        let call = ["ecr", "put-image", "--repository-name", "myapp", "--image-tag", tag, "--image-manifest"];
        self.aws(&[&call[..], &[&manifest]].concat())
    }
}

#[test]
fn the_repository_says_which_of_its_tags_move() {
    let served = Served::small();
    let repositories = served.aws(&["ecr", "describe-repositories"]).json();
    let repository = &repositories["repositories"][0];
    assert_eq!(repository["repositoryName"], "myapp");
    assert_eq!(repository["repositoryUri"], format!("{}/myapp", served.host));
    assert_eq!(repository["imageTagMutability"], "IMMUTABLE_WITH_EXCLUSION");
    assert_eq!(repository["imageTagMutabilityExclusionFilters"][0]["filter"], "*-latest");
    let other = ["ecr", "describe-repositories", "--repository-names", "other"];
    served.aws(&other).refused("RepositoryNotFoundException");
}

#[test]
fn an_image_gets_another_tag_by_its_manifest_and_one_that_is_immutable_stays() {
    let served = Served::small();
    served.push_blob(EMPTY.0, EMPTY.1);
    let one = served.put_image("one", "one").json()["image"]["imageId"]["imageDigest"].clone();
    served.put_image("two", "two").json();
    served.put_image("one", "two").refused("ImageTagAlreadyExistsException");

    let get = "ecr batch-get-image --repository-name myapp --image-ids imageTag=one --query images[0].imageManifest \
               --output text";
    let manifest = served.aws(&get.split_whitespace().collect::<Vec<_>>());
    let manifest = manifest.text().trim_end_matches('\n');
    for tag in ["production-latest", "another"] {
        let put = ["ecr", "put-image", "--repository-name", "myapp", "--image-tag", tag, "--image-manifest", manifest];
        assert_eq!(served.aws(&put).json()["image"]["imageId"]["imageDigest"], one);
    }
    let describe = ["ecr", "describe-images", "--repository-name", "myapp", "--image-ids", "imageTag=one"];
    let images = served.aws(&describe).json();
    let mut tags: Vec<_> = images["imageDetails"][0]["imageTags"].as_array().expect("tags").clone();
    tags.sort_by_key(ToString::to_string);
    assert_eq!(tags, ["another", "one", "production-latest"]);

    // What may move does.
    served.put_image("production-latest", "two").json();
    let images = served.aws(&["ecr", "describe-images", "--repository-name", "myapp"]).json();
    let moved = images["imageDetails"]
        .as_array()
        .expect("images")
        .iter()
        .find(|image| image["imageTags"].as_array().is_some_and(|tags| tags.contains(&json!("production-latest"))));
    assert_ne!(moved.expect("an image with the tag")["imageDigest"], one, "{images}");
    let delete = ["ecr", "batch-delete-image", "--repository-name", "myapp", "--image-ids", "imageTag=two"];
    assert_eq!(served.aws(&delete).json()["failures"], json!([]));
}

#[test]
fn a_manifest_without_its_blobs_is_refused() {
    let served = Served::small();
    served.put_image("one", "one").refused("LayersNotFoundException");
    let describe = ["ecr", "describe-images", "--repository-name", "myapp", "--image-ids", "imageTag=one"];
    served.aws(&describe).refused("ImageNotFoundException");
}
