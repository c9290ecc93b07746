//! A cloud on this machine: enough of ECS, ECR, load balancing and `CloudWatch` to rehearse every
//! deployment, on AWS's own wire protocols.

pub mod registry;
pub mod world;
