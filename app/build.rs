//! Rebuilds when a migration or the commit being built changes: the compiler knows of neither.

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
    println!("cargo::rerun-if-env-changed=BUILD_COMMIT");
}
