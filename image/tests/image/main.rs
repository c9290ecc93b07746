//! The image from the outside: its bytes, its commands and its gates, on images made here.

mod advisories;
mod assemble;
mod binary;
mod docker;
mod exceptions;
mod layout;
mod pins;
mod report;
mod scan;
mod settings;
mod support;
