//! ELF files as small as they can be, with a list of crates in them like `cargo auditable` leaves.

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};
use serde_json::json;

/// A crate in the list.
#[derive(Clone, Copy)]
pub(crate) struct Crate {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// `crates.io`, `git`, `registry` or `local`.
    pub(crate) source: &'static str,
    /// `runtime` or `build`.
    pub(crate) kind: &'static str,
}

impl Crate {
    /// A crate from the public registry that runs in the binary.
    pub(crate) fn public(name: &'static str, version: &'static str) -> Self {
        Self { name, version, source: "crates.io", kind: "runtime" }
    }
}

/// An ELF file, a static executable for x86-64 unless said otherwise.
#[derive(Clone)]
pub(crate) struct Elf {
    pub(crate) class: u8,
    pub(crate) kind: u16,
    pub(crate) machine: u16,
    /// Names a loader, as a dynamic executable does.
    pub(crate) interpreter: bool,
    /// Needs a library, as a shared library may without naming a loader.
    pub(crate) needs_library: bool,
    /// The crates in its list, or no list.
    pub(crate) crates: Option<Vec<Crate>>,
}

impl Default for Elf {
    fn default() -> Self {
        Self {
            class: 2,
            kind: 3,
            machine: 62,
            interpreter: false,
            needs_library: false,
            crates: Some(vec![Crate::public("harmless", "1.0.0")]),
        }
    }
}

const HEADER: usize = 64;
const SEGMENT: usize = 56;
const NAMES: &[u8] = b"\0.shstrtab\0.dep-v0\0";

impl Elf {
    pub(crate) fn with_crates(crates: &[Crate]) -> Vec<u8> {
        Self { crates: Some(crates.to_vec()), ..Self::default() }.bytes()
    }

    /// Its bytes: header, segments, their contents, sections.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let audit = self.crates.as_deref().map(audit_data);
        let mut segments: Vec<(u32, Vec<u8>)> = Vec::new();
        if self.interpreter {
            segments.push((3, b"/lib64/ld-linux-x86-64.so.2\0".to_vec()));
        }
        // DT_NEEDED or DT_DEBUG, then DT_NULL.
        let tag: u64 = if self.needs_library { 1 } else { 21 };
        segments.push((2, [tag, 1, 0, 0].iter().flat_map(|word| word.to_le_bytes()).collect()));

        let mut body = Vec::new();
        let start = HEADER + segments.len() * SEGMENT;
        let mut place = |bytes: &[u8]| {
            let offset = (start + body.len()) as u64;
            body.extend_from_slice(bytes);
            (offset, bytes.len() as u64)
        };
        let segments: Vec<(u32, (u64, u64))> = segments.iter().map(|(kind, bytes)| (*kind, place(bytes))).collect();
        let names = place(NAMES);
        let mut sections = vec![section(0, 0, (0, 0)), section(1, 3, names)];
        if let Some(audit) = &audit {
            sections.push(section(11, 1, place(audit)));
        }
        let sections_at = (start + body.len()) as u64;

        let mut file = vec![0x7f, b'E', b'L', b'F', self.class, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        file.extend(self.kind.to_le_bytes());
        file.extend(self.machine.to_le_bytes());
        file.extend(1u32.to_le_bytes());
        file.extend(0u64.to_le_bytes());
        file.extend((HEADER as u64).to_le_bytes());
        file.extend(sections_at.to_le_bytes());
        file.extend(0u32.to_le_bytes());
        for half in [HEADER, SEGMENT, segments.len(), 64, sections.len(), 1] {
            file.extend(u16::try_from(half).expect("small").to_le_bytes());
        }
        for (kind, (offset, size)) in segments {
            file.extend(kind.to_le_bytes());
            file.extend(4u32.to_le_bytes());
            for word in [offset, offset, offset, size, size, 8] {
                file.extend(word.to_le_bytes());
            }
        }
        file.extend(body);
        file.extend(sections.concat());
        file
    }
}

fn section(name: u32, kind: u32, (offset, size): (u64, u64)) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend(name.to_le_bytes());
    header.extend(kind.to_le_bytes());
    for word in [0, 0, offset, size] {
        header.extend(word.to_le_bytes());
    }
    header.extend([0; 8]);
    header.extend(1u64.to_le_bytes());
    header.extend(0u64.to_le_bytes());
    header
}

fn audit_data(crates: &[Crate]) -> Vec<u8> {
    let mut packages = vec![json!({
        "name": "app", "version": "0.1.0", "source": "local", "root": true,
        "dependencies": (1..=crates.len()).collect::<Vec<_>>(),
    })];
    for Crate { name, version, source, kind } in crates {
        packages.push(json!({ "name": name, "version": version, "source": source, "kind": kind }));
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(json!({ "packages": packages }).to_string().as_bytes()).expect("in memory");
    encoder.finish().expect("in memory")
}
