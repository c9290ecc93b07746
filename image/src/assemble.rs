//! Assembling: from a plan to the blobs of an image. Pure, so that the same plan gives the same
//! bytes on every machine.

use crate::contract;
use crate::digest::Digest;
use crate::layer;
use crate::layout::{Image, Layer};
use crate::oci::{Configuration, History, RootFs};
use crate::plan::Plan;

/// The image of this plan, in one layer.
pub fn assemble(plan: &Plan, tag: &str) -> anyhow::Result<Image> {
    let tar = layer::write(&plan.files, contract::MODIFIED)?;
    let configuration = Configuration {
        created: plan.created.clone(),
        architecture: plan.architecture.as_str().to_owned(),
        os: "linux".to_owned(),
        config: plan.runtime.clone(),
        rootfs: RootFs { kind: "layers".to_owned(), diff_ids: vec![Digest::of(&tar)] },
        history: vec![History { created: plan.created.clone(), created_by: "image assemble".to_owned() }],
    };
    let layer = Layer { blob: layer::compress(&tar)?, uncompressed_bytes: tar.len() as u64 };
    Image::new(tag, plan.architecture, serde_json::to_vec(&configuration)?, vec![layer])
}
