//! Histories of services and tasks.
