//! An archive for `docker load`: an OCI image layout and Docker's `manifest.json` in one tar, so
//! that an engine of any version finds the format that it knows.

use serde_json::json;
use tar::{Builder, EntryType, Header};

use crate::digest::Digest;
use crate::layout::Image;

/// The annotation by which an engine with containerd's image store names a loaded image.
const IMAGE_NAME: &str = "io.containerd.image.name";

/// The archive of this image, which will be called `NAME:TAG` in the engine.
pub fn write(image: &Image, name: &str) -> anyhow::Result<Vec<u8>> {
    let full_name = format!("{name}:{}", image.tag);
    let mut index = image.index();
    for descriptor in &mut index.manifests {
        descriptor.annotations.insert(IMAGE_NAME.to_owned(), full_name.clone());
    }
    let place = |digest: &Digest| format!("blobs/sha256/{}", digest.hex());
    let layers: Vec<String> = image.manifest.layers.iter().map(|layer| place(&layer.digest)).collect();
    let manifest = json!([{
        "Config": place(&image.manifest.config.digest),
        "RepoTags": [full_name],
        "Layers": layers,
    }]);
    let mut archive = Builder::new(Vec::new());
    for folder in ["blobs/", "blobs/sha256/"] {
        let mut header = header(EntryType::Directory, 0o755, 0);
        archive.append_data(&mut header, folder, std::io::empty())?;
    }
    for blob in image.blobs() {
        append(&mut archive, &place(&Digest::of(blob)), blob)?;
    }
    append(&mut archive, "index.json", &serde_json::to_vec(&index)?)?;
    append(&mut archive, "manifest.json", &serde_json::to_vec(&manifest)?)?;
    append(&mut archive, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    Ok(archive.into_inner()?)
}

fn append(archive: &mut Builder<Vec<u8>>, path: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let mut header = header(EntryType::Regular, 0o644, bytes.len() as u64);
    Ok(archive.append_data(&mut header, path, bytes)?)
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}
