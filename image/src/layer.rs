//! Layers: tar archives that come out the same for the same files, and the reading of any layer.

use std::io::{Read as _, Write as _};

use anyhow::{Context as _, bail};
use flate2::{Compression, GzBuilder, read::MultiGzDecoder};
use tar::{Archive, Builder, EntryType, Header};

use crate::file::{File, Kind};

/// The operating system byte of a gzip header: unknown, so that no platform shows (RFC 1952, 2.3.1).
const GZIP_UNKNOWN_SYSTEM: u8 = 255;

/// A layer of these files, in the order of their paths, every one with the same time.
///
/// `modified` is in seconds since 1970.
pub fn write(files: &[File], modified: u64) -> anyhow::Result<Vec<u8>> {
    let mut sorted: Vec<&File> = files.iter().collect();
    sorted.sort_by(|left, right| left.path.cmp(&right.path));
    let mut archive = Builder::new(Vec::new());
    for file in sorted {
        let mut header = Header::new_gnu();
        header.set_mode(file.mode);
        header.set_uid(file.user);
        header.set_gid(file.group);
        header.set_mtime(modified);
        header.set_size(0);
        match &file.kind {
            Kind::Folder => {
                header.set_entry_type(EntryType::Directory);
                archive.append_data(&mut header, format!("{}/", file.path), std::io::empty())?;
            }
            Kind::Regular(bytes) => {
                header.set_entry_type(EntryType::Regular);
                header.set_size(bytes.len() as u64);
                archive.append_data(&mut header, &file.path, bytes.as_slice())?;
            }
            Kind::Symlink(target) => {
                header.set_entry_type(EntryType::Symlink);
                archive.append_link(&mut header, &file.path, target)?;
            }
            Kind::Hardlink(target) => {
                header.set_entry_type(EntryType::Link);
                archive.append_link(&mut header, &file.path, target)?;
            }
            Kind::Special(letter) => {
                bail!("/{} is a device or a pipe ({letter}): an image has none", file.path)
            }
        }
    }
    Ok(archive.into_inner()?)
}

/// The layer compressed by gzip, without a name, a time or a system in its header.
pub fn compress(tar: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut encoder =
        GzBuilder::new().mtime(0).operating_system(GZIP_UNKNOWN_SYSTEM).write(Vec::new(), Compression::best());
    encoder.write_all(tar)?;
    Ok(encoder.finish()?)
}

/// The tar archive of a layer that may be compressed by gzip, told by its first bytes.
pub fn decompress(blob: &[u8]) -> anyhow::Result<Vec<u8>> {
    if blob.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        bail!("the layer is compressed by zstd: save the image with gzip or uncompressed layers");
    }
    if !blob.starts_with(&[0x1f, 0x8b]) {
        return Ok(blob.to_vec());
    }
    let mut tar = Vec::new();
    MultiGzDecoder::new(blob).read_to_end(&mut tar).context("a broken gzip stream")?;
    Ok(tar)
}

/// The entries of a layer's tar archive, in its order, whiteouts included.
pub fn read(tar: &[u8]) -> anyhow::Result<Vec<File>> {
    let mut files = Vec::new();
    for entry in Archive::new(tar).entries()? {
        let mut entry = entry.context("a broken tar archive")?;
        let path = String::from_utf8(entry.path_bytes().into_owned()).context("a path in the layer is not UTF-8")?;
        let path = path.trim_start_matches("./").trim_matches('/').to_owned();
        if path.is_empty() || path == "." {
            continue;
        }
        let target = match entry.link_name_bytes() {
            Some(name) => {
                String::from_utf8(name.into_owned()).context("the target of a link in the layer is not UTF-8")?
            }
            None => String::new(),
        };
        let kind = match entry.header().entry_type() {
            EntryType::Directory => Kind::Folder,
            EntryType::Regular | EntryType::Continuous => {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).with_context(|| format!("cannot read /{path}"))?;
                Kind::Regular(bytes)
            }
            EntryType::Symlink => Kind::Symlink(target),
            EntryType::Link => Kind::Hardlink(target.trim_start_matches("./").to_owned()),
            EntryType::XGlobalHeader => continue,
            other => Kind::Special(char::from(other.as_byte())),
        };
        let header = entry.header();
        files.push(File { path, kind, mode: header.mode()? & 0o7777, user: header.uid()?, group: header.gid()? });
    }
    Ok(files)
}

/// The files that these layers leave, the lowest first, with whiteouts applied as the OCI image
/// specification says (a `.wh.NAME` removes NAME, a `.wh..wh..opq` whatever its folder held).
#[must_use]
pub fn flatten(layers: Vec<Vec<File>>) -> Vec<File> {
    let mut root = std::collections::BTreeMap::<String, File>::new();
    for layer in layers {
        // Whiteouts hide what lower layers hold, wherever they stand in their own layer.
        for file in &layer {
            let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
            let within = |inner: &str| {
                if folder.is_empty() { inner.to_owned() } else { format!("{folder}/{inner}") }
            };
            if name == ".wh..wh..opq" {
                remove_below(&mut root, folder);
            } else if let Some(hidden) = name.strip_prefix(".wh.") {
                let hidden = within(hidden);
                remove_below(&mut root, &hidden);
                root.remove(&hidden);
            }
        }
        for file in layer {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            if !name.starts_with(".wh.") {
                if file.kind != Kind::Folder {
                    remove_below(&mut root, &file.path);
                }
                root.insert(file.path.clone(), file);
            }
        }
    }
    root.into_values().collect()
}

/// Drops every file below this folder, the empty path being the root.
fn remove_below(root: &mut std::collections::BTreeMap<String, File>, folder: &str) {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    root.retain(|path, _| !path.starts_with(&prefix));
}
