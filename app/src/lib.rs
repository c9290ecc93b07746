//! Short links: the service being delivered, which a fork replaces.
//!
//! It is a reference for how a service behaves on ECS behind a load balancer. Start reading at
//! [`routes`] for what it answers, at [`serve`] for how it starts and stops.

pub mod authorization;
pub mod build;
pub mod cache;
pub mod cli;
pub mod clicks;
pub mod config;
pub mod database;
pub mod edge;
pub mod extract;
pub mod health;
pub mod healthcheck;
pub mod lifecycle;
pub mod links;
pub mod management;
pub mod metrics;
pub mod migrate;
pub mod openapi;
pub mod problem;
pub mod ready;
pub mod request_id;
pub mod routes;
pub mod serve;
pub mod server;
pub mod state;
pub mod telemetry;
