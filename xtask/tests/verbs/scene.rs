//! An empty repository, and programs that note how they were called.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use tempfile::TempDir;

/// What every program does: note the call, and end as the list of failures says.
const PROGRAM: &str = r#"#!/bin/sh
echo "$(basename "$0") $*" >> "$SCENE/calls"
case "$*" in *--version*) cat "$SCENE/versions/$(basename "$0")"; exit 0 ;; esac
while IFS='=' read -r what code; do
  case "$(basename "$0") $*" in *"$what"*) exit "$code" ;; esac
done < "$SCENE/failures"
case "$*" in
  *"report --lcov"*) for last; do :; done; cp "$SCENE/lcov" "$last" ;;
  *"schema -- changed") cat "$SCENE/changed" ;;
  *"postgres-provider -- doctor") echo "local: works: a server" ;;
  *"postgres-provider -- exec"*)
    while [ "$1" != exec ]; do shift; done
    while [ "$1" != -- ]; do shift; done
    shift
    exec "$@" ;;
esac
"#;

/// The programs, and the versions that they say they are.
const PROGRAMS: [(&str, &str); 7] = [
    ("cargo", "1.95.0"),
    ("cargo-nextest", "0.9.143"),
    ("cargo-llvm-cov", "0.9.1"),
    ("cargo-deny", "0.20.2"),
    ("zizmor", "1.32.0"),
    ("typos", "1.52.0"),
    ("curl", "8.0.0"),
];

pub(crate) struct Scene(TempDir);

pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
}

impl Scene {
    /// Every program succeeds.
    pub(crate) fn new() -> Self {
        let scene = Self(TempDir::new().expect("a temporary folder"));
        for (name, version) in PROGRAMS {
            scene.program(&format!("programs/{name}"));
            scene.write(&format!("versions/{name}"), &format!("{name} {version}\n"));
        }
        // xtask asks neither for its version: one is known by its folder, the other is the image's to ask.
        scene.program("target/tools/cargo-auditable-0.7.7/bin/cargo-auditable");
        scene.program("programs/trivy");
        // Nor those that are known by their folder too.
        scene.program("target/tools/awscli-1.46.3/bin/aws");
        scene.program("target/tools/moto-5.2.5/bin/moto_server");
        scene.program("target/tools/axe-playwright-python-0.1.8/axe_playwright_python/axe.min.js");
        scene.program("programs/chromium");
        for (file, text) in [
            ("failures", ""),
            ("calls", ""),
            ("lcov", "LF:10\nLH:9\n"),
            ("changed", ""),
            ("Cargo.toml", ""),
            ("xtask/Cargo.toml", ""),
            (".gitignore", "/target\n/calls\n/changed\n/failures\n/lcov\n/summary\n/versions\n/programs\n"),
            ("migrations/0001_a.up.sql", ""),
            ("migrations/0001_a.down.sql", ""),
        ] {
            scene.write(file, text);
        }
        for arguments in [&["init", "--quiet"][..], &["add", "--all"], &["commit", "--quiet", "--message", "A scene"]] {
            let author = ["-c", "user.name=verbs", "-c", "user.email=verbs@example.com"];
            let git = Command::new("git").args(author).args(arguments).current_dir(scene.0.path()).status();
            assert!(git.expect("git runs").success(), "git {arguments:?} failed");
        }
        scene
    }

    /// Whatever is called with these words ends with this code.
    pub(crate) fn failing(self, words: &str, code: i32) -> Self {
        let failures = self.read("failures");
        self.write("failures", &format!("{failures}{words}={code}\n"));
        self
    }

    /// Runs the command line in the scene.
    pub(crate) fn xtask(&self, arguments: &[&str]) -> Ran {
        if arguments.first() == Some(&"ci") {
            // What the build would have left for the scan.
            self.write("target/image/index.json", "{}");
        }
        let path = std::env::var("PATH").expect("a PATH");
        let programs = self.0.path().join("programs");
        let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(arguments)
            .current_dir(self.0.path())
            .env("SCENE", self.0.path())
            .env("PATH", format!("{}:{path}", programs.display()))
            .env("CARGO", programs.join("cargo"))
            .env("LLVM_COV", "llvm-cov")
            .env("LLVM_PROFDATA", "llvm-profdata")
            .env("GITHUB_STEP_SUMMARY", self.0.path().join("summary"))
            .env_remove("POSTGRES_SOURCE")
            .env("GITHUB_API_URL", "https://api.github.example")
            .env("GITHUB_REPOSITORY", "myorg/myapp")
            .env("GITHUB_TOKEN", "token-of-the-scene")
            .env_remove("WITHOUT_REVIEWERS")
            .env_remove("AWS_STAGING_ROLE")
            .env_remove("AWS_PRODUCTION_ROLE")
            .output()
            .expect("xtask starts");
        let output_text = [output.stdout, output.stderr].concat();
        Ran { code: output.status.code(), output: String::from_utf8_lossy(&output_text).into_owned() }
    }

    /// A file of the scene.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.path().join(path)).unwrap_or_default()
    }

    /// Writes a file of the scene.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let file = self.0.path().join(path);
        fs::create_dir_all(file.parent().expect("it is in a folder")).expect("a folder");
        fs::write(file, text).expect("a file");
    }

    fn program(&self, path: &str) {
        self.write(path, PROGRAM);
        fs::set_permissions(self.0.path().join(path), fs::Permissions::from_mode(0o755)).expect("it is ours");
    }
}

impl Ran {
    /// Fails unless the command exited with this code and said this.
    #[track_caller]
    pub(crate) fn expect(self, code: i32, said: &str) -> Self {
        assert_eq!(self.code, Some(code), "it printed:\n{}", self.output);
        self.says(said);
        self
    }

    /// Fails unless the command said this.
    #[track_caller]
    pub(crate) fn says(&self, said: &str) -> &Self {
        assert!(self.output.contains(said), "it did not say {said:?} but:\n{}", self.output);
        self
    }
}
