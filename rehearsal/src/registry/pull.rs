//! What a task needs of the registry: the digest behind a name, and the image behind a digest.

use super::image::{ImageConfiguration, architecture};
use super::{Digest, Image, Layer, Manifest, Registry, Repository};

/// What the name of an image stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// The repository, without the registry's host.
    pub repository: String,
    /// The digest of the manifest or index.
    pub digest: Digest,
}

impl Registry {
    /// What `HOST/REPOSITORY:TAG` or `HOST/REPOSITORY@DIGEST` stands for now. The error is the reason
    /// that ECS would stop the task with: `CannotPullContainerError: ...`.
    pub fn resolve(&self, image: &str) -> Result<Pulled, String> {
        let Some((repository, reference)) = self.split(image) else {
            return Err(cannot_pull(image, "failed to do request: the rehearsal reaches no other registry"));
        };
        let found =
            self.lock().repositories.get(repository).and_then(|found| found.find(reference)).map(|found| found.0);
        let digest = found.ok_or_else(|| cannot_pull(image, "not found"))?;
        Ok(Pulled { repository: repository.to_owned(), digest })
    }

    /// The image of a digest, for this machine when it is the digest of an index. The error begins
    /// with `CannotPullContainerError: `.
    pub fn image(&self, repository: &str, digest: &str) -> Result<Image, String> {
        let name = format!("{}@{digest}", self.repository_uri(repository));
        // A clone shares the bytes, and the files are read outside of the lock.
        let found = self.repository(repository).ok_or_else(|| cannot_pull(&name, "not found"))?;
        let (digest, stored) = found.find(digest).ok_or_else(|| cannot_pull(&name, "not found"))?;
        let (digest, manifest) =
            for_this_machine(&found, digest, &stored.manifest).map_err(|error| cannot_pull(&name, &error))?;
        unpacked(&found, digest, manifest).map_err(|error| cannot_pull(&name, &error))
    }

    /// The repository and the tag or digest of an image's name, if it is a name in this registry.
    fn split<'a>(&self, image: &'a str) -> Option<(&'a str, &'a str)> {
        let here = self.host();
        let aws = format!("{}.dkr.ecr.{}.amazonaws.com", self.account, self.region);
        let path = [&here, &aws].into_iter().find_map(|host| image.strip_prefix(host)?.strip_prefix('/'))?;
        Some(path.split_once('@').or_else(|| path.rsplit_once(':')).unwrap_or((path, "latest")))
    }
}

fn for_this_machine<'a>(
    repository: &'a Repository,
    digest: Digest,
    manifest: &'a Manifest,
) -> Result<(Digest, &'a Manifest), String> {
    if manifest.config.is_some() {
        return Ok((digest, manifest));
    }
    let fits = |platform: &super::manifest::Platform| platform.os == "linux" && platform.architecture == architecture();
    let child = manifest.manifests.iter().find(|child| child.platform.as_ref().is_some_and(fits));
    let child = child.ok_or_else(|| {
        format!("image Manifest does not contain descriptor matching platform 'linux/{}'", architecture())
    })?;
    let stored = repository.manifests.get(&child.digest).ok_or("not found")?;
    Ok((child.digest.clone(), &stored.manifest))
}

fn unpacked(repository: &Repository, digest: Digest, manifest: &Manifest) -> Result<Image, String> {
    let blob = |digest: &Digest| repository.blobs.get(digest).ok_or_else(|| format!("blob {digest} not found"));
    let config = manifest.config.as_ref().ok_or("the manifest has no configuration")?;
    let config = blob(&config.digest)?.bytes().map_err(|error| error.to_string())?;
    let config: ImageConfiguration =
        serde_json::from_slice(&config).map_err(|error| format!("the image's configuration: {error}"))?;
    let platform = (config.os.as_deref().unwrap_or_default(), config.architecture.as_deref().unwrap_or_default());
    if platform != ("linux", architecture()) {
        return Err(format!("the image is for {}/{}, not for linux/{}", platform.0, platform.1, architecture()));
    }
    let layers = manifest
        .layers
        .iter()
        .map(|layer| Ok(Layer { media_type: layer.media_type.clone(), blob: blob(&layer.digest)?.clone() }));
    let layers = layers.collect::<Result<_, String>>()?;
    Ok(Image { digest, configuration: config.config.unwrap_or_default(), layers })
}

fn cannot_pull(image: &str, why: &str) -> String {
    format!(
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): \
         failed to resolve ref {image}: {image}: {why}"
    )
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::registry::testing::{push, registry};

    #[test]
    fn a_name_stands_for_the_digest_that_its_tag_has_now() {
        let registry = registry();
        let digest = push(&registry, "myapp", Some("v1"), "one").to_string();
        let cases = [
            ("127.0.0.1:5000/myapp:v1".to_owned(), true),
            (format!("127.0.0.1:5000/myapp@{digest}"), true),
            ("123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/myapp:v1".to_owned(), true),
            ("127.0.0.1:5000/myapp:v2".to_owned(), false),
            ("127.0.0.1:5000/myapp".to_owned(), false),
            ("127.0.0.1:5000/other:v1".to_owned(), false),
            (format!("127.0.0.1:5000/myapp@{}", Digest::of(b"")), false),
            ("docker.io/library/nginx:1".to_owned(), false),
            ("myapp:v1".to_owned(), false),
            (String::new(), false),
        ];
        for (name, there) in cases {
            match registry.resolve(&name) {
                Ok(pulled) => assert!(there && pulled.digest.as_str() == digest, "{name}"),
                Err(reason) => assert!(!there && reason.starts_with("CannotPullContainerError: "), "{name}: {reason}"),
            }
        }
    }

    #[test]
    fn an_image_says_how_it_is_started_and_where_its_files_are() {
        let registry = registry();
        let digest = push(&registry, "myapp", None, "one");
        let image = registry.image("myapp", digest.as_str()).expect("an image");
        assert_eq!(image.configuration.entrypoint, ["/app"]);
        assert_eq!(image.configuration.env, ["RELEASE=one"]);
        assert_eq!(image.configuration.cmd, Vec::<String>::new());
        assert_eq!(image.layers.len(), 1);
        let names: Vec<_> = tar::Archive::new(image.layers[0].tar().expect("a layer"))
            .entries()
            .expect("an archive")
            .map(|entry| entry.expect("an entry").path().expect("a path").display().to_string())
            .collect();
        assert_eq!(names, ["app"]);
    }

    #[test]
    fn an_index_leads_to_the_image_of_this_machine() {
        let registry = registry();
        let child = push(&registry, "myapp", None, "one");
        let index = |architecture: &str| {
            let index = serde_json::json!({
                "schemaVersion": 2,
                "manifests": [{
                    "mediaType": super::super::manifest::OCI_MANIFEST, "digest": child, "size": 1,
                    "platform": { "os": "linux", "architecture": architecture },
                }],
            });
            let bytes = index.to_string().into();
            let mut state = registry.lock();
            let repository = state.repositories.get_mut("myapp").expect("the repository");
            repository.put(&bytes, None, None, None, Timestamp::UNIX_EPOCH).expect("an index").to_string()
        };
        assert_eq!(registry.image("myapp", &index(architecture())).expect("an image").digest, child);
        let error = registry.image("myapp", &index("s390x")).expect_err("nothing for this machine");
        assert!(error.contains("matching platform 'linux/"), "{error}");
    }
}
