//! The paths of the protocol. A repository's name may contain slashes, so they are read from their ends.

/// What a path is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    Base,
    Catalog,
    Tags { name: &'a str },
    Referrers { name: &'a str, digest: &'a str },
    Manifest { name: &'a str, reference: &'a str },
    Blob { name: &'a str, digest: &'a str },
    Uploads { name: &'a str },
    Upload { name: &'a str, id: &'a str },
}

impl<'a> Route<'a> {
    /// Reads a path, which begins with `/v2`.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let path = path.strip_prefix("/v2")?.trim_start_matches('/');
        match path {
            "" => return Some(Self::Base),
            "_catalog" => return Some(Self::Catalog),
            _ => {}
        }
        if let Some(name) = path.strip_suffix("/tags/list") {
            return Some(Self::Tags { name });
        }
        if let Some(name) = path.strip_suffix("/blobs/uploads/").or_else(|| path.strip_suffix("/blobs/uploads")) {
            return Some(Self::Uploads { name });
        }
        let (rest, last) = path.rsplit_once('/')?;
        if let Some(name) = rest.strip_suffix("/blobs/uploads") {
            return Some(Self::Upload { name, id: last });
        }
        let (name, kind) = rest.rsplit_once('/')?;
        match kind {
            "manifests" => Some(Self::Manifest { name, reference: last }),
            "blobs" => Some(Self::Blob { name, digest: last }),
            "referrers" => Some(Self::Referrers { name, digest: last }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_from_its_end() {
        let cases = [
            ("/v2", Some(Route::Base)),
            ("/v2/", Some(Route::Base)),
            ("/v2/_catalog", Some(Route::Catalog)),
            ("/v2/a/tags/list", Some(Route::Tags { name: "a" })),
            ("/v2/a/b/tags/list", Some(Route::Tags { name: "a/b" })),
            ("/v2/a/manifests/v1", Some(Route::Manifest { name: "a", reference: "v1" })),
            ("/v2/a/manifests/manifests/v1", Some(Route::Manifest { name: "a/manifests", reference: "v1" })),
            ("/v2/a/blobs/sha256:1", Some(Route::Blob { name: "a", digest: "sha256:1" })),
            ("/v2/a/blobs/uploads/", Some(Route::Uploads { name: "a" })),
            ("/v2/a/blobs/uploads", Some(Route::Uploads { name: "a" })),
            ("/v2/a/blobs/uploads/7", Some(Route::Upload { name: "a", id: "7" })),
            ("/v2/a/referrers/sha256:1", Some(Route::Referrers { name: "a", digest: "sha256:1" })),
            ("/v2/a", None),
            ("/v2/a/elsewhere/1", None),
        ];
        for (path, expected) in cases {
            assert_eq!(Route::of(path), expected, "{path}");
        }
    }
}
