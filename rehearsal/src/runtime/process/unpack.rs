//! Unpacks an image into a folder: its layers on top of each other, and nothing outside of it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use tar::EntryType;

use crate::registry::Image;

/// Files that take away what a lower layer has (the OCI image specification's whiteouts).
const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// Unpacks the image into `folder`, which appears whole or not at all.
pub(super) fn unpack(image: &Image, folder: &Path) -> io::Result<()> {
    let parent = folder.parent().unwrap_or(Path::new("/"));
    let newborn = tempfile::Builder::new().prefix("unpacking-").tempdir_in(parent)?;
    for layer in &image.layers {
        apply(layer.tar()?, newborn.path())?;
    }
    fs::set_permissions(newborn.path(), fs::Permissions::from_mode(0o755))?;
    fs::rename(newborn.path(), folder)?;
    // The name that would be removed is gone.
    let _ = newborn.keep();
    Ok(())
}

fn apply(layer: impl io::Read, root: &Path) -> io::Result<()> {
    let mut archive = tar::Archive::new(layer);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let Some(inside) = below_root(&entry.path()?) else {
            return Err(io::Error::other(format!("{} leads out of the image", entry.path()?.display())));
        };
        let Some(name) = inside.file_name().map(|name| name.to_string_lossy().into_owned()) else {
            continue;
        };
        let target = root.join(&inside);
        let parent = target.parent().unwrap_or(root).to_owned();
        refuse_links(&parent, root)?;
        if name == OPAQUE {
            remove(&parent)?;
            fs::create_dir_all(&parent)?;
            continue;
        }
        if let Some(hidden) = name.strip_prefix(WHITEOUT) {
            remove(&parent.join(hidden))?;
            continue;
        }
        fs::create_dir_all(&parent)?;
        let mode = entry.header().mode()? & 0o777;
        match entry.header().entry_type() {
            EntryType::Directory => {
                if !target.is_dir() {
                    remove(&target)?;
                    fs::create_dir(&target)?;
                }
                fs::set_permissions(&target, fs::Permissions::from_mode(mode | 0o700))?;
            }
            EntryType::Regular | EntryType::Continuous => {
                remove(&target)?;
                let mut file = File::create_new(&target)?;
                io::copy(&mut entry, &mut file)?;
                file.set_permissions(fs::Permissions::from_mode(mode))?;
            }
            EntryType::Symlink => {
                remove(&target)?;
                let link = entry.link_name()?.unwrap_or_default().into_owned();
                std::os::unix::fs::symlink(link, &target)?;
            }
            EntryType::Link => {
                let link = entry.link_name()?.and_then(|link| below_root(&link)).unwrap_or_default();
                let source = root.join(link);
                refuse_links(&source, root)?;
                remove(&target)?;
                fs::hard_link(source, &target)?;
            }
            // Devices and pipes need rights that nobody has here, and nothing that serves needs them.
            _ => {}
        }
    }
    Ok(())
}

/// A path of an archive as one below the root; none when it leads out.
fn below_root(path: &Path) -> Option<PathBuf> {
    let mut inside = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => inside.push(name),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    Some(inside)
}

/// A link in the way could lead anywhere on this machine: nothing is written through one.
fn refuse_links(path: &Path, root: &Path) -> io::Result<()> {
    let below = path.ancestors().take_while(|ancestor| *ancestor != root);
    for ancestor in below {
        if fs::symlink_metadata(ancestor).is_ok_and(|metadata| metadata.is_symlink()) {
            return Err(io::Error::other(format!(
                "{} is a link, through which nothing is unpacked",
                ancestor.display()
            )));
        }
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A layer of (path, content): a path that ends in `/` is a folder, a content that begins with
    /// `->` a symbolic link.
    fn layer(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, content) in entries {
            let mut header = tar::Header::new_ustar();
            // `set_path` refuses what these tests are about.
            header.as_ustar_mut().expect("ustar").name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_mode(0o755);
            if let Some(link) = content.strip_prefix("->") {
                header.set_entry_type(EntryType::Symlink);
                header.set_link_name(link).expect("link");
                header.set_size(0);
                header.set_cksum();
                archive.append(&header, io::empty()).expect("entry");
                continue;
            }
            if path.ends_with('/') {
                header.set_entry_type(EntryType::Directory);
            }
            header.set_size(content.len() as u64);
            header.set_cksum();
            archive.append(&header, content.as_bytes()).expect("entry");
        }
        archive.into_inner().expect("archive")
    }

    fn files(root: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(root).expect("folder").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type().expect("type").is_dir() {
                found.extend(files(&entry.path()).into_iter().map(|below| format!("{name}/{below}")));
            } else {
                found.push(name);
            }
        }
        found.sort();
        found
    }

    #[test]
    fn layers_lie_on_top_of_each_other_and_take_away_what_they_say() {
        let root = tempfile::tempdir().expect("folder");
        apply(&layer(&[("app", "1"), ("etc/a", "a"), ("etc/b", "b"), ("lib/x", "x")])[..], root.path()).expect("layer");
        apply(&layer(&[("app", "2"), ("etc/.wh.a", ""), ("lib/.wh..wh..opq", ""), ("lib/y", "y")])[..], root.path())
            .expect("layer");
        assert_eq!(files(root.path()), ["app", "etc/b", "lib/y"]);
        assert_eq!(fs::read_to_string(root.path().join("app")).expect("file"), "2");
    }

    #[test]
    fn nothing_is_unpacked_outside() {
        let cases: [&[(&str, &str)]; 3] = [
            &[("../escaped", "x")],
            &[("out", "->/tmp"), ("out/escaped", "x")],
            &[("a/", ""), ("a/b/../../../escaped", "x")],
        ];
        for entries in cases {
            let parent = tempfile::tempdir().expect("folder");
            let root = parent.path().join("root");
            fs::create_dir(&root).expect("folder");
            let error = apply(&layer(entries)[..], &root).expect_err("refusal").to_string();
            assert!(error.contains("leads out") || error.contains("is a link"), "{entries:?}: {error}");
            assert!(!parent.path().join("escaped").exists());
        }
    }
}
