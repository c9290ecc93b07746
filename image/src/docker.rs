//! Docker's own formats: the archives of `docker save` and `docker load`.

pub mod archive;
pub mod compare;
pub mod saved;
