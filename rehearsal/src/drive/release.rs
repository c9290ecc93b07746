//! What goes from environment to environment: a commit, and the image that was built from it.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

/// A release whose image is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    pub(crate) commit: String,
    pub(crate) digest: String,
}

impl Release {
    /// The release that an OCI image layout holds, or what is wrong with it.
    pub(crate) fn in_layout(folder: &Path) -> anyhow::Result<Self> {
        let index = folder.join("index.json");
        let text = fs::read_to_string(&index).with_context(|| format!("failed to read {}", index.display()))?;
        let index: Value = serde_json::from_str(&text).context("the index is no JSON")?;
        let image = &index["manifests"][0];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Ok(Self {
            commit: text(&image["annotations"]["org.opencontainers.image.ref.name"]).context("the image has no tag")?,
            digest: text(&image["digest"]).context("the image has no digest")?,
        })
    }

    /// Enough of the commit for people.
    pub(crate) fn short(&self) -> &str {
        self.commit.get(..12).unwrap_or(&self.commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_says_which_release_it_holds() {
        let folder = tempfile::TempDir::new().expect("a folder");
        assert!(Release::in_layout(folder.path()).is_err());
        let index =
            r#"{"manifests":[{"digest":"sha256:aa","annotations":{"org.opencontainers.image.ref.name":"c0ffee"}}]}"#;
        fs::write(folder.path().join("index.json"), index).expect("written");
        let release = Release::in_layout(folder.path()).expect("a release");
        assert_eq!((release.short(), release.digest.as_str()), ("c0ffee", "sha256:aa"));
    }
}
