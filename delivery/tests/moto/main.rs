//! The engine's adapters against moto, a stand-in for AWS that others wrote: for what it has, which is
//! images, tags and task definitions. It runs no deployments.
//!
//! `cargo xtask test --clients` brings it and names it in the environment.

mod definitions;
mod images;
mod server;
