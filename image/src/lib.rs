//! The production image: assembled from a static binary, described, converted and scanned.
//!
//! The image holds one static binary and the extra files that `delivery.toml` names, and nothing
//! else. [`assemble`] writes it as an OCI image layout without a daemon and without a base image;
//! [`docker`] reads what `docker build` made of the Dockerfile and holds it against the same
//! [`plan`]; [`scan`] judges either. Whatever depends on the clock or on the environment is read
//! by the binary and passed in, so that the same input gives the same bytes.

pub mod age;
pub mod assemble;
pub mod cli;
pub mod contract;
pub mod digest;
pub mod docker;
pub mod elf;
pub mod exit;
pub mod file;
pub mod layer;
pub mod layout;
pub mod oci;
pub mod plan;
pub mod scan;
pub mod settings;
pub mod stage;
