//! The release engine: takes a release into an environment, watches it, and takes it back.
//!
//! A plan is decided purely; execution applies it step by step, each repeatable; what is
//! followed becomes an observation, and what comes of it is decided purely again. AWS's types end in
//! [`aws`].

pub mod arguments;
pub mod aws;
pub mod decide;
pub mod edge;
pub mod environment;
pub mod evidence;
pub mod execute;
pub mod exit;
pub mod follow;
pub mod git;
pub mod lock;
pub mod migrate;
pub mod migrations;
pub mod page;
pub mod plan;
pub mod preflight;
pub mod program;
pub mod progress;
pub mod prove;
pub mod registry;
pub mod release;
pub mod report;
pub mod secret;
pub mod settings;
pub mod smoke;
pub mod strategy;
pub mod undo;
pub mod verbs;
pub mod verdict;
pub mod watch;
