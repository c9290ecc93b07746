//! The service from outside: over sockets, on a database of its own for each test.

mod api;
mod clicks;
mod edge;
mod flows;
mod limits;
mod logs;
mod metrics;
mod migrate;
mod migrate_interrupted;
mod openapi;
mod outages;
mod process;
mod readiness;
mod shutdown;
mod support;
mod tls;
mod traces;
