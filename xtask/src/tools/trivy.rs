//! Trivy, fetched by checksum: in March 2026 most tags of its action, and one of its own releases,
//! were moved to malware, so what is run is named by its content (GHSA-69fq-xp46-6x23).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::cmd;

use super::on_path;
use crate::exit::Ending;
use crate::workspace::Workspace;

/// The release that is fetched where the PATH has no Trivy.
pub(crate) const VERSION: &str = "0.74.0";

/// The archives of that release by platform, with the SHA-256 that its `checksums.txt` lists.
const ARCHIVES: [(&str, &str, &str); 2] = [
    ("x86_64-unknown-linux-gnu", "Linux-64bit", "2ae6fe3ee734b7fdf11335663e18c75ea12dccc76062f09f164a3b0f8be4371a"),
    ("aarch64-unknown-linux-gnu", "Linux-ARM64", "b94ce1976bbf3c15b514b605ee88be7c6d94a29be2302847ff01cb794d47aad5"),
];

/// The Trivy of the PATH, or the one that was fetched before.
pub(crate) fn find_trivy(workspace: &Workspace) -> Option<PathBuf> {
    on_path("trivy").or_else(|| Some(home(workspace).join("trivy")).filter(|program| program.is_file()))
}

/// A Trivy, fetched when this machine has none.
pub(crate) fn need_trivy(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    if let Some(program) = find_trivy(workspace) {
        return Ok(program);
    }
    fetch(workspace).map_err(|error| {
        if error.is::<Ending>() {
            return error;
        }
        Ending::CouldNotTell(format!(
            "Trivy {VERSION} is missing and could not be fetched ({error:#}); {}",
            mend_trivy()
        ))
        .into()
    })
}

/// How it is installed by hand.
pub(crate) fn mend_trivy() -> String {
    format!("put a trivy {VERSION} on the PATH")
}

fn home(workspace: &Workspace) -> PathBuf {
    workspace.target().join("tools").join(format!("trivy-{VERSION}"))
}

fn fetch(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let host = workspace.host()?;
    let (_, platform, expected) = ARCHIVES
        .into_iter()
        .find(|(triple, _, _)| *triple == host)
        .with_context(|| format!("no checksum is pinned for {host}"))?;
    let home = home(workspace);
    fs::create_dir_all(&home)?;
    let archive = home.join("archive.tar.gz");
    let url =
        format!("https://github.com/aquasecurity/trivy/releases/download/v{VERSION}/trivy_{VERSION}_{platform}.tar.gz");
    eprintln!("fetching Trivy {VERSION}");
    cmd!(
        workspace.sh,
        "curl --fail --silent --show-error --location --proto =https --tlsv1.2 --connect-timeout 15 --max-time 300 --output {archive} {url}"
    )
    .quiet()
    .run()?;
    verify(workspace, &archive, expected)?;
    cmd!(workspace.sh, "tar -xzf {archive} -C {home} trivy").quiet().run()?;
    fs::remove_file(&archive)?;
    Ok(home.join("trivy"))
}

/// Refuses a file whose SHA-256 is another, and removes it.
fn verify(workspace: &Workspace, file: &Path, expected: &str) -> anyhow::Result<()> {
    let sum = match on_path("sha256sum") {
        Some(program) => cmd!(workspace.sh, "{program} {file}"),
        None => cmd!(workspace.sh, "shasum -a 256 {file}"),
    };
    let answer = sum.quiet().read()?;
    let found = answer.split_whitespace().next().unwrap_or_default();
    if found != expected {
        fs::remove_file(file)?;
        return Err(Ending::Refused(format!(
            "what was fetched as Trivy {VERSION} has the SHA-256 {found} instead of {expected}: it was removed, not run"
        ))
        .into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit;

    #[test]
    fn a_file_with_another_checksum_is_refused_and_removed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("archive");
        fs::write(&file, "abc").expect("written");
        let workspace = Workspace::discover().expect("tests run in the workspace");
        // The SHA-256 of "abc", from FIPS 180-4.
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        verify(&workspace, &file, sum).expect("the right sum passes");
        let error = verify(&workspace, &file, &sum.replace('b', "c")).expect_err("another is refused");
        assert_eq!(exit::code_of(&error), exit::REFUSED);
        assert!(!file.exists());
    }
}
