//! A cloud on this machine: enough of ECS, ECR, load balancing and CloudWatch to rehearse every
//! deployment, on AWS's own wire protocols.

mod account;
mod alarms;
pub mod balancer;
pub mod cli;
mod clock;
mod cloud;
pub mod compiled;
mod drive;
pub mod faults;
pub mod latency;
pub mod load;
mod logs;
pub mod metrics;
mod model;
pub mod network;
mod parameters;
mod placeholder;
pub mod registry;
mod roles;
pub mod runtime;
pub mod scenery;
mod secrets;
pub mod serve;
pub mod simulation;
pub mod snapshot;
mod wire;
pub mod world;

pub use clock::Scale;
pub use cloud::{Cloud, CloudOptions, ConnectionLost};
pub use model::listeners::{ListenerRule, ListenerRuleOptions, RuleKind};
pub use model::targets::{HealthCheck, Target, TargetGroup, TargetGroupOptions, TargetState};
pub use serve::{Server, ServerOptions};
