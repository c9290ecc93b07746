//! Image layouts to push.

use std::fs;
use std::path::Path;

use delivery::release::Digest;
use serde_json::json;

/// Writes a layout with one layer of these bytes, and returns the digest of its manifest.
pub(crate) fn write_layout(folder: &Path, commit: &str, layer: &[u8]) -> Digest {
    fs::create_dir_all(folder.join("blobs/sha256")).expect("a folder");
    let blob = |media_type: &str, bytes: &[u8]| {
        let digest = Digest::of(bytes);
        fs::write(folder.join("blobs/sha256").join(digest.hex()), bytes).expect("a blob");
        json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    };
    let config = json!({
        "architecture": "amd64", "os": "linux",
        "config": { "Env": [format!("BUILD_COMMIT={commit}")] },
        "rootfs": { "type": "layers", "diff_ids": [Digest::of(layer)] },
    });
    let config = blob("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
    let layer = blob("application/vnd.oci.image.layer.v1.tar", layer);
    let manifest_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({ "schemaVersion": 2, "mediaType": manifest_type, "config": config, "layers": [layer] });
    let manifest = manifest.to_string();
    let digest = Digest::of(manifest.as_bytes());
    let index = json!({ "schemaVersion": 2, "manifests": [blob(manifest_type, manifest.as_bytes())] });
    fs::write(folder.join("index.json"), index.to_string()).expect("an index");
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("a marker");
    digest
}
