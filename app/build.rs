//! Rebuilds when a migration changes: the compiler does not know that they are compiled in.

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
}
