//! The `[image]` table of `delivery.toml`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::contract;
use crate::file::File;

/// Which builder `cargo xtask build` takes when it is not told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageBuilder {
    /// Assemble the layout from the binary that cargo built.
    #[default]
    Cargo,
    /// Build the Dockerfile.
    Docker,
}

/// What `delivery.toml` says about the image.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSettings {
    /// The name of the image, and of its repository in the registry.
    pub name: String,
    /// The default builder.
    #[serde(default)]
    pub builder: ImageBuilder,
    /// The Dockerfile installs files that this table does not name, packages of an operating
    /// system for one; then only the files that both know are compared.
    #[serde(default)]
    pub dockerfile_adds_files: bool,
    /// The files beside the binary.
    #[serde(default)]
    pub files: Vec<ExtraFile>,
}

/// A file of the repository that goes into the image.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraFile {
    /// Where it is, relative to `delivery.toml`.
    pub source: PathBuf,
    /// Where it goes: an absolute path.
    pub target: String,
    /// Its permission bits in octal, `"0644"`; that is also the default.
    #[serde(default, deserialize_with = "octal")]
    pub mode: Option<u32>,
}

/// The whole file, of which only `[image]` is read here; other tables belong to other programs.
#[derive(Deserialize)]
struct DeliveryFile {
    image: ImageSettings,
}

impl ImageSettings {
    /// Reads and checks the `[image]` table.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read the settings in {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    /// Parses and checks the `[image]` table of this text.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let settings = toml::from_str::<DeliveryFile>(text)?.image;
        check_name(&settings.name)?;
        let mut targets = BTreeSet::from([contract::BINARY_PATH]);
        for file in &settings.files {
            let target = check_target(&file.target)?;
            if !targets.insert(target) {
                bail!("[image] files: two files want to be /{target}");
            }
        }
        for target in &targets {
            if let Some(inner) = targets.iter().find(|other| other.starts_with(&format!("{target}/"))) {
                bail!("[image] files: /{target} is a file, so /{inner} cannot be below it");
            }
        }
        Ok(settings)
    }

    /// The extra files with their content and the folders that they need, read relative to the
    /// folder of `delivery.toml`. Every missing file is named, not the first alone.
    pub fn load_files(&self, folder: &Path) -> anyhow::Result<Vec<File>> {
        let mut files = Vec::new();
        let mut folders = BTreeSet::new();
        let mut problems = Vec::new();
        for extra in &self.files {
            let source = folder.join(&extra.source);
            let target = extra.target.trim_start_matches('/');
            match fs::read(&source) {
                Ok(bytes) => files.push(File::regular(target, extra.mode.unwrap_or(contract::FILE_MODE), bytes)),
                Err(error) => problems.push(format!("{} for {}: {error}", source.display(), extra.target)),
            }
            folders.extend(
                Path::new(target)
                    .ancestors()
                    .skip(1)
                    .filter_map(Path::to_str)
                    .filter(|path| !path.is_empty())
                    .map(str::to_owned),
            );
        }
        if !problems.is_empty() {
            bail!("[image] files: cannot read {}", problems.join("; cannot read "));
        }
        files.extend(folders.iter().map(|path| File::folder(path)));
        Ok(files)
    }
}

/// A name that a registry takes as the last part of a repository's.
fn check_name(name: &str) -> anyhow::Result<()> {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'/');
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    if !ends(bytes.first()) || !ends(bytes.last()) || !bytes.iter().copied().all(allowed) {
        bail!(
            "[image] name = {name:?}: a repository's name has lower-case letters, digits and \
             `.`, `_`, `-`, `/` between them"
        );
    }
    Ok(())
}

/// The target without its leading slash, when it is a plain absolute path of a file.
fn check_target(target: &str) -> anyhow::Result<&str> {
    let Some(relative) = target.strip_prefix('/') else {
        bail!("[image] files: target {target:?} is not absolute: begin it with `/`");
    };
    let plain = Path::new(relative).components().all(|part| matches!(part, Component::Normal(_)));
    // `components` forgives what a tar archive would keep: `//`, `/./` and a slash at the end.
    if relative.is_empty()
        || !plain
        || relative.split('/').any(|part| part.is_empty() || part == "." || part.starts_with(".wh."))
    {
        bail!(
            "[image] files: target {target:?} must name a file by a plain absolute path, without \
             `.`, `..`, `//` or a slash at the end"
        );
    }
    Ok(relative)
}

/// Permission bits are octal to everybody but TOML, so they are written as a text.
fn octal<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    use serde::de::Error as _;
    let text = String::deserialize(deserializer)?;
    match u32::from_str_radix(&text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(Some(mode)),
        _ => Err(D::Error::custom(format!("mode {text:?} is not permission bits in octal, such as \"0644\""))),
    }
}
