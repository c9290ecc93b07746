//! What the floor under the coverage is for: a miniature of this workspace, of which exactly as many
//! lines are reached as the test wants.

use std::fmt::Write as _;

use crate::copy::{Copy, root};

/// Lines of the miniature outside its library: those of the stand-in for the provider.
const OUTSIDE: usize = 4;

/// A miniature of which `reached` lines in a hundred are reached by its test.
fn miniature(reached: usize) -> Copy {
    let mut library = String::from("//! Lines.\n");
    for number in 0..100 - OUTSIDE {
        let _ = writeln!(library, "pub fn line_{number}() {{}}");
    }
    let mut test = String::from("//! Calls.\n#[test]\nfn lines_are_reached() {\n");
    for number in 0..reached {
        let _ = writeln!(test, "    sample::line_{number}();");
    }
    test.push_str("}\n");
    let package = |name: &str| format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n");
    let packages = ["sample", "postgres-provider", "xtask"];
    let mut lock = String::from("version = 4\n");
    for name in ["postgres-provider", "sample", "xtask"] {
        let _ = write!(lock, "\n[[package]]\nname = \"{name}\"\nversion = \"0.0.0\"\n");
    }
    let [sample, provider, xtask] = packages.map(package);
    // It provides nothing, since the miniature's tests need no database, and runs what it is given.
    let run = "//! Runs.\nuse std::os::unix::process::CommandExt;\nfn main() {\n    let words: Vec<_> = std::env::args().skip_while(|word| word != \"--\").skip(1).collect();\n    panic!(\"{}\", std::process::Command::new(&words[0]).args(&words[1..]).exec());\n}\n";
    let toolchain = std::fs::read_to_string(root().join("rust-toolchain.toml")).expect("the toolchain is pinned");
    Copy::with_files(&[
        ("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"postgres\", \"sample\", \"xtask\"]\n"),
        ("Cargo.lock", &lock),
        ("rust-toolchain.toml", &toolchain),
        (".gitignore", "/target\n"),
        ("sample/Cargo.toml", &sample),
        ("sample/src/lib.rs", &library),
        ("sample/tests/lines.rs", &test),
        ("postgres/Cargo.toml", &provider),
        ("postgres/src/main.rs", run),
        ("xtask/Cargo.toml", &xtask),
        ("xtask/src/lib.rs", "//! Nothing.\n"),
    ])
}

#[test]
fn coverage_of_79_percent_is_refused_and_of_80_is_not() {
    miniature(79).xtask(&["test", "--coverage"]).expect(10, "79.00 % of lines (79 of 100)");
    miniature(80).xtask(&["test", "--coverage"]).expect(0, "80.00 % of lines (80 of 100)");
}

#[test]
fn a_failing_test_is_refused_whatever_the_coverage() {
    let copy = miniature(90);
    copy.append("sample/tests/lines.rs", "#[test]\nfn one_fails() {\n    assert_eq!(1, 2);\n}\n");
    copy.xtask(&["test", "--coverage"]).expect(10, "one_fails");
}
