//! What `scan` is for.
