//! What the image asks of its binary: a static Linux executable that says what it was built from.

use anyhow::{Context as _, bail};
use object::LittleEndian;
use object::elf::{DT_NEEDED, EM_AARCH64, EM_X86_64, ET_DYN, ET_EXEC, FileHeader64, PT_INTERP};
use object::read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _};
use serde::Serialize;

/// The section in which `cargo auditable` leaves the list of crates.
pub const AUDIT_SECTION: &str = ".dep-v0";

/// The processor that an image is for, named as the OCI image specification does (Go's GOARCH).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// x86-64.
    Amd64,
    /// 64-bit ARM, AWS Graviton for one.
    Arm64,
}

impl Architecture {
    /// The name in an image's configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}

/// Checks that the binary can run in an image of nothing else and that its crates can be audited,
/// and says which processor it is for. An error says what to build differently.
pub fn check_binary(bytes: &[u8]) -> anyhow::Result<Architecture> {
    if !bytes.starts_with(b"\x7fELF") {
        bail!("not an ELF file: build it for Linux with `--target <architecture>-unknown-linux-gnu`");
    }
    if bytes.get(4..6) != Some(&[2, 1]) {
        bail!("not a 64-bit little-endian ELF file: the image is for x86-64 and 64-bit ARM");
    }
    let header = FileHeader64::<LittleEndian>::parse(bytes).context("a broken ELF header")?;
    let endian = LittleEndian;
    let architecture = match header.e_machine(endian) {
        EM_X86_64 => Architecture::Amd64,
        EM_AARCH64 => Architecture::Arm64,
        other => bail!("ELF machine {other}: the image is for x86-64 (62) and 64-bit ARM (183)"),
    };
    // A static position-independent executable is of the type of a shared library, too.
    let kind = header.e_type(endian);
    if kind != ET_EXEC && kind != ET_DYN {
        bail!("ELF type {kind} is no executable: give the linked program, not an object file");
    }
    check_static(header, bytes)?;
    if header
        .sections(endian, bytes)
        .context("a broken ELF section table")?
        .section_by_name(endian, AUDIT_SECTION.as_bytes())
        .is_none()
    {
        bail!(
            "the binary has no {AUDIT_SECTION} section, so no scanner could tell which crates are \
             in it: build it with `cargo auditable build`"
        );
    }
    Ok(architecture)
}

/// Refuses whatever needs a loader or a library that an image of one file does not have.
fn check_static(header: &FileHeader64<LittleEndian>, bytes: &[u8]) -> anyhow::Result<()> {
    let endian = LittleEndian;
    for segment in header.program_headers(endian, bytes).context("a broken ELF program table")? {
        if segment.p_type(endian) == PT_INTERP {
            bail!(
                "the binary is linked dynamically and the image has no loader: build it with \
                 `RUSTFLAGS=\"-C target-feature=+crt-static\"` and an explicit `--target`"
            );
        }
        let needs_library = segment
            .dynamic(endian, bytes)
            .context("a broken ELF dynamic table")?
            .is_some_and(|entries| entries.iter().any(|entry| entry.tag(endian) == DT_NEEDED));
        if needs_library {
            bail!("this is a shared library or needs one: give the static executable of the service");
        }
    }
    Ok(())
}
