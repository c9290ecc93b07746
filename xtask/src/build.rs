//! `build`: the production image, tagged with the commit.

use std::env;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use xshell::cmd;

use crate::commit::Commit;
use crate::process::must;
use crate::tools;
use crate::workspace::Workspace;

/// The production image as an OCI layout under target/image, tagged with the commit
#[derive(Args)]
pub(crate) struct Build {
    /// What compiles the binary and lays out the image [default: `builder` in delivery.toml; docker
    /// where cargo cannot link a static Linux binary]
    #[arg(long)]
    builder: Option<Builder>,

    /// Hand the image to the Docker engine as well, as NAME:TAG
    #[arg(long)]
    load: bool,

    /// Print tag, digest and bytes as JSON on standard output
    #[arg(long)]
    json: bool,
}

/// What makes the image. Both give the same files and the same configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Builder {
    /// This machine's cargo: fast, with a warm cache, without a daemon
    Cargo,
    /// `docker build --target production`: hermetic
    Docker,
}

impl Build {
    /// Builds the image.
    pub(crate) fn run(self, workspace: &Workspace) -> anyhow::Result<()> {
        let commit = Commit::read(&workspace.sh)?;
        if commit.dirty {
            eprintln!("the tree differs from commit {}: the image is marked {}", commit.id, commit.name());
        }
        match self.builder.map_or_else(|| default_builder(workspace), Ok)? {
            Builder::Cargo => with_cargo(workspace, &commit, self.json)?,
            Builder::Docker => with_docker(workspace, &commit, self.json)?,
        }
        if self.load {
            load(workspace)?;
        }
        Ok(())
    }
}

fn default_builder(workspace: &Workspace) -> anyhow::Result<Builder> {
    let settings = workspace.root.join("delivery.toml");
    let chosen = workspace.program("image").args(["builder", "--settings"]).arg(settings).quiet().read()?;
    Ok(match chosen.as_str() {
        "docker" => Builder::Docker,
        _ if static_target(workspace)?.is_none() => Builder::Docker,
        _ => Builder::Cargo,
    })
}

/// The target for which this machine's cargo links a static Linux binary without further tools.
fn static_target(workspace: &Workspace) -> anyhow::Result<Option<String>> {
    Ok(Some(workspace.host()?).filter(|host| host.contains("-linux-")))
}

fn with_cargo(workspace: &Workspace, commit: &Commit, json: bool) -> anyhow::Result<()> {
    let Some(target) = static_target(workspace)? else {
        anyhow::bail!("cargo cannot link a static Linux binary on this machine; use --builder docker");
    };
    let auditable = tools::AUDITABLE.need(workspace)?;
    let target_dir = workspace.target().join("production");
    let build = workspace
        .cargo()
        .args(["auditable", "build", "--quiet", "--release", "--locked", "--package", "app"])
        .args(["--target", &target, "--target-dir"])
        .arg(&target_dir)
        .env("PATH", tools::path_with([&auditable])?)
        .env("RUSTFLAGS", flags_here(workspace)?)
        .env("SQLX_OFFLINE", "true");
    must("the build of the production binary", build)?;
    let binary = target_dir.join(&target).join("release/app");
    let assemble = workspace.program("image").args(["assemble", "--binary"]).arg(binary);
    must("the assembly of the image", assemble.args(description(workspace, commit, json)))
}

/// The flags of the production binary on this machine.
fn flags_here(workspace: &Workspace) -> anyhow::Result<String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    let home = home.context("neither CARGO_HOME nor HOME is set, so the folder of cargo is not known")?;
    let sysroot = cmd!(workspace.sh, "rustc --print sysroot").quiet().read()?;
    Ok(flags(&sysroot, &home.to_string_lossy(), &workspace.root.to_string_lossy()))
}

/// What makes the binary static, and the same in whatever folder it is built.
///
/// Where one folder lies in another the last prefix that fits wins, so the inner ones come later.
fn flags(sysroot: &str, cargo_home: &str, root: &str) -> String {
    let remap = |from: &str, to: &str| format!("--remap-path-prefix={from}={to}");
    let prefixes = [remap(sysroot, "/rust"), remap(cargo_home, "/cargo"), remap(root, "/src")];
    format!("-C target-feature=+crt-static {}", prefixes.join(" "))
}

fn with_docker(workspace: &Workspace, commit: &Commit, json: bool) -> anyhow::Result<()> {
    let tag = format!("slipway-build:{}", commit.name());
    let name = commit.name();
    let version = env!("CARGO_PKG_VERSION");
    let source = env!("CARGO_PKG_REPOSITORY");
    let docker = docker_program();
    let build = cmd!(
        workspace.sh,
        "{docker} build --network host --target production --tag {tag} --build-arg BUILD_COMMIT={name} --build-arg VERSION={version} --build-arg SOURCE={source} ."
    );
    must("docker build", build.env("DOCKER_BUILDKIT", "1"))?;
    let archive = workspace.target().join("docker-image.tar");
    must("docker save", cmd!(workspace.sh, "{docker} save --output {archive} {tag}"))?;
    let convert = workspace.program("image").args(["from-docker", "--archive"]).arg(&archive);
    must("the conversion of Docker's image", convert.args(description(workspace, commit, json)))?;
    std::fs::remove_file(&archive)?;
    Ok(())
}

/// The client that has BuildKit: a newer one without its buildx plugin falls back to a builder that
/// has been on its way out since Docker 23.
fn docker_program() -> PathBuf {
    let clients = [tools::on_path("docker"), Some(PathBuf::from("/usr/bin/docker"))];
    let has_buildx = |client: &PathBuf| {
        std::process::Command::new(client)
            .args(["buildx", "version"])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    let clients: Vec<_> = clients.into_iter().flatten().filter(|client| client.is_file()).collect();
    let with_buildx = clients.iter().find(|client| has_buildx(client));
    with_buildx.or(clients.last()).cloned().unwrap_or_else(|| PathBuf::from("docker"))
}

fn description(workspace: &Workspace, commit: &Commit, json: bool) -> Vec<std::ffi::OsString> {
    let mut arguments: Vec<std::ffi::OsString> = vec!["--settings".into(), workspace.root.join("delivery.toml").into()];
    arguments.extend(["--layout".into(), layout(workspace).into()]);
    arguments.extend(["--tag".into(), commit.name().into()]);
    arguments.extend(["--revision".into(), commit.name().into()]);
    arguments.extend(["--source".into(), env!("CARGO_PKG_REPOSITORY").into()]);
    arguments.extend(["--created".into(), commit.seconds.to_string().into()]);
    arguments.extend(["--version".into(), env!("CARGO_PKG_VERSION").into()]);
    if json {
        arguments.push("--json".into());
    }
    arguments
}

/// Where the image is, whichever builder made it.
pub(crate) fn layout(workspace: &Workspace) -> PathBuf {
    workspace.target().join("image")
}

fn load(workspace: &Workspace) -> anyhow::Result<()> {
    let archive = workspace.target().join("docker-archive.tar");
    let pack = workspace.program("image").args(["docker-archive", "--layout"]).arg(layout(workspace));
    must("packing the image for Docker", pack.arg("--output").arg(&archive))?;
    // Docker says on standard output what it loaded; that is kept for --json.
    let said = cmd!(workspace.sh, "docker load --input {archive}").quiet().read()?;
    eprintln!("{said}");
    std::fs::remove_file(&archive)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dockerfile_compiles_with_the_same_flags() {
        let dockerfile = concat!(env!("CARGO_MANIFEST_DIR"), "/../Dockerfile");
        let dockerfile = std::fs::read_to_string(dockerfile).expect("the file is there");
        let there = flags("$(rustc --print sysroot)", "${CARGO_HOME}", "/src");
        assert!(dockerfile.contains(&format!("RUSTFLAGS=\"{there}\"")), "the Dockerfile lacks RUSTFLAGS=\"{there}\"");
    }
}
