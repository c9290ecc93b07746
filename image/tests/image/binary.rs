//! Which binaries an image takes.

use image::elf::{Architecture, check_binary};

use crate::support::Elf;

#[test]
fn a_static_audited_executable_is_taken_for_its_processor() {
    for (machine, architecture) in [(62, Architecture::Amd64), (183, Architecture::Arm64)] {
        for kind in [2, 3] {
            let bytes = Elf { kind, machine, ..Elf::default() }.bytes();
            assert_eq!(check_binary(&bytes).expect("taken"), architecture);
        }
    }
}

#[test]
fn any_other_binary_is_refused_with_what_to_do() {
    let cases = [
        (b"#!/bin/sh\n".to_vec(), "not an ELF file: build it for Linux"),
        (b"\x7fELF".to_vec(), "not a 64-bit little-endian ELF file"),
        (Elf { class: 1, ..Elf::default() }.bytes(), "not a 64-bit little-endian ELF file"),
        (Elf { machine: 243, ..Elf::default() }.bytes(), "ELF machine 243: the image is for x86-64"),
        (Elf { kind: 1, ..Elf::default() }.bytes(), "ELF type 1 is no executable"),
        (Elf { interpreter: true, ..Elf::default() }.bytes(), "+crt-static"),
        (Elf { needs_library: true, ..Elf::default() }.bytes(), "shared library"),
        (Elf { crates: None, ..Elf::default() }.bytes(), "`cargo auditable build`"),
        (Elf::default().bytes()[..70].to_vec(), "a broken ELF program table"),
    ];
    for (bytes, expected) in cases {
        let error = check_binary(&bytes).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}
