//! Clients that others wrote, against `rehearsal serve`: the AWS CLI, curl and docker.
//!
//! `cargo xtask test --clients` brings what they need and names it in the environment.

mod aws;
mod containers;
mod deployments;
mod images;
mod served;
mod small;
mod strategies;
