//! The files of an image, in memory: what an image is compared by.

use serde::Serialize;

use crate::digest::Digest;

/// One file of an image's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path below the root, without a leading or trailing slash.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Its permission bits, the set-user-id, set-group-id and sticky bits included.
    pub mode: u32,
    /// The number of the user who owns it.
    pub user: u64,
    /// The number of the group that owns it.
    pub group: u64,
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A regular file with its bytes.
    Regular(Vec<u8>),
    /// A symbolic link with its target.
    Symlink(String),
    /// Another name of a regular file of the same image.
    Hardlink(String),
    /// A device or a pipe, by its letter in a tar archive; no image of ours has one.
    Special(char),
}

impl File {
    /// A regular file of root's.
    #[must_use]
    pub fn regular(path: &str, mode: u32, bytes: Vec<u8>) -> Self {
        Self { path: path.to_owned(), kind: Kind::Regular(bytes), mode, user: 0, group: 0 }
    }

    /// A folder of root's that everybody may enter.
    #[must_use]
    pub fn folder(path: &str) -> Self {
        Self { path: path.to_owned(), kind: Kind::Folder, mode: 0o755, user: 0, group: 0 }
    }

    /// The file's bytes, when it is a regular one.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.kind {
            Kind::Regular(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The file as `image inspect` shows it.
    #[must_use]
    pub fn describe(&self) -> Description {
        let (kind, target) = match &self.kind {
            Kind::Folder => ("folder", None),
            Kind::Regular(_) => ("file", None),
            Kind::Symlink(target) => ("symlink", Some(target.clone())),
            Kind::Hardlink(target) => ("hardlink", Some(target.clone())),
            Kind::Special(_) => ("special", None),
        };
        Description {
            path: format!("/{}", self.path),
            kind,
            mode: format!("{:04o}", self.mode),
            owner: format!("{}:{}", self.user, self.group),
            bytes: self.bytes().map(<[u8]>::len),
            digest: self.bytes().map(Digest::of),
            target,
        }
    }
}

/// A file without its content, for people and programs to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Description {
    /// Its absolute path.
    pub path: String,
    /// `file`, `folder`, `symlink`, `hardlink` or `special`.
    pub kind: &'static str,
    /// Its permission bits in octal.
    pub mode: String,
    /// `user:group`, as numbers.
    pub owner: String,
    /// The size of a regular file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// The digest of a regular file's content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// What a link points at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}
