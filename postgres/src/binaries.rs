//! Finding PostgreSQL's server binaries on this machine, and choosing among several.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::refusal::Refusal;
use crate::version::Version;

/// A folder that holds `initdb` and `postgres`, and the version of the latter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binaries {
    pub(crate) folder: PathBuf,
    pub(crate) version: Version,
}

/// The line that would bring server binaries.
const REMEDY: &str = if cfg!(target_os = "macos") {
    "brew install postgresql@15"
} else {
    "apt-get install postgresql-15, dnf install postgresql15-server, or what your system has"
};

/// Where distributions put the binaries of each major version, with a `*` for it: Debian's and
/// Ubuntu's packages, those of postgresql.org for Fedora and RHEL, Arch's and Alpine's older
/// versions, Homebrew on either processor and on Linux, Postgres.app.
const PATTERNS: [&str; 8] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/opt/postgresql*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// Finds the best server binaries: version 15 before the newest of the others.
pub(crate) fn find(search_path: Option<&OsStr>) -> Result<Binaries, Refusal> {
    let mut folders: Vec<PathBuf> = search_path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    folders.extend(folder_of_pg_config(&folders));
    folders.extend(PATTERNS.iter().flat_map(|pattern| expand(pattern)));
    choose(folders.into_iter().filter_map(inspect).collect())
}

/// The best of the candidates, or why none will do.
fn choose(mut candidates: Vec<Binaries>) -> Result<Binaries, Refusal> {
    candidates.sort_by_key(|candidate| candidate.version.preference());
    let best = candidates
        .into_iter()
        .next()
        .ok_or_else(|| Refusal::new("no initdb and postgres in PATH or the usual folders", REMEDY))?;
    if best.version.suffices() {
        Ok(best)
    } else {
        let Binaries { folder, version } = best;
        let reason = format!("PostgreSQL {version} in {} is older than 15", folder.display());
        Err(Refusal::new(reason, REMEDY))
    }
}

/// The folder that `pg_config` of the search path names: some systems link only that one there.
fn folder_of_pg_config(folders: &[PathBuf]) -> Option<PathBuf> {
    let program = folders.iter().map(|folder| folder.join("pg_config")).find(|program| program.is_file())?;
    let output = Command::new(program).arg("--bindir").output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(folder.trim()))
}

/// The folder, when it holds both programs and the server says its version.
fn inspect(folder: PathBuf) -> Option<Binaries> {
    if !folder.join("initdb").is_file() {
        return None;
    }
    let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    let version = Version::from_banner(&String::from_utf8_lossy(&output.stdout))?;
    Some(Binaries { folder: home_of(&folder).unwrap_or(folder), version })
}

/// Where the programs really are, when those of the folder are links: that is what to tell people.
fn home_of(folder: &Path) -> Option<PathBuf> {
    let program = fs::canonicalize(folder.join("postgres")).ok()?;
    let home = program.parent()?;
    home.join("initdb").is_file().then(|| home.to_owned())
}

/// The existing folders that a pattern with one `*` in one of its components stands for.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or((".", before));
    let rest = after.trim_start_matches('/');
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(rest))
        .filter(|folder| Path::is_dir(folder))
        .collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(number: u32) -> Binaries {
        Binaries { folder: format!("/bin-of-{number}").into(), version: Version::from_number(number) }
    }

    #[test]
    fn the_version_of_production_is_chosen_before_newer_ones() {
        let cases: [(&[u32], Result<u32, &str>); 5] = [
            (&[170_001, 150_003, 160_002], Ok(150_003)),
            (&[160_002, 170_001], Ok(170_001)),
            (&[140_009, 160_002], Ok(160_002)),
            (&[140_009], Err("PostgreSQL 14.9 in /bin-of-140009 is older than 15")),
            (&[], Err("no initdb and postgres in PATH or the usual folders")),
        ];
        for (numbers, expected) in cases {
            let seen = choose(numbers.iter().copied().map(candidate).collect());
            match (seen, expected) {
                (Ok(seen), Ok(expected)) => assert_eq!(seen, candidate(expected)),
                (Err(seen), Err(expected)) => assert_eq!(seen.reason(), expected),
                (seen, expected) => panic!("{numbers:?}: {seen:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn a_pattern_stands_for_the_folders_that_exist() {
        let root = tempfile::tempdir().expect("temporary directory");
        for folder in ["pg-15/bin", "pg-16/bin", "pg-17/lib", "other/bin"] {
            fs::create_dir_all(root.path().join(folder)).expect("folder");
        }
        let pattern = format!("{}/pg-*/bin", root.path().display());
        let expected = ["pg-15/bin", "pg-16/bin"].map(|folder| root.path().join(folder));
        assert_eq!(expand(&pattern), expected);
        assert_eq!(expand("/does-not-exist/*/bin"), Vec::<PathBuf>::new());
    }
}
