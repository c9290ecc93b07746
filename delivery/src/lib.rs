//! The release engine: takes a release into an environment, watches it, and takes it back.
