//! The page that a deployment leaves: what it shows of made-up deployments, and how a browser takes it.

mod browser;
mod content;
mod made_up;
