//! The page's file.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::environment::Environment;

/// How many pages may have the same name but for a number.
const MOST: u32 = 100;

/// The name of a page, without its extension: when it began, what was done, and where. It sorts by time
/// and holds nothing that a file system or an artifact minds.
#[must_use]
pub fn name(began: Timestamp, verb: &str, environment: Environment) -> String {
    format!("{}-{verb}-{environment}", began.strftime("%Y%m%dT%H%M%SZ"))
}

/// Writes a page into a folder, which is made if need be, under a name that no other page has; where.
pub fn write(folder: &Path, name: &str, page: &str) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    for number in 1..=MOST {
        let again = if number == 1 { String::new() } else { format!("-{number}") };
        let path = folder.join(format!("{name}{again}.html"));
        match std::fs::File::create_new(&path) {
            Ok(mut file) => {
                file.write_all(page.as_bytes())?;
                return Ok(path);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(std::io::Error::new(std::io::ErrorKind::AlreadyExists, format!("there are {MOST} pages of {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pages_of_the_same_second_do_not_take_each_others_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let began = "2026-11-24T10:00:00Z".parse().expect("a time");
        let name = name(began, "promote", Environment::Production);
        assert_eq!(name, "20261124T100000Z-promote-production");
        let inner = folder.path().join("target/delivery");
        let (first, second) = (write(&inner, &name, "one").expect("a page"), write(&inner, &name, "two"));
        let second = second.expect("another page");
        assert!(second.ends_with("target/delivery/20261124T100000Z-promote-production-2.html"), "{second:?}");
        assert_eq!(std::fs::read_to_string(first).expect("a page"), "one");
        assert_eq!(std::fs::read_to_string(second).expect("a page"), "two");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("a file");
        write(&file, "a", "page").expect_err("a file is no folder");
    }
}
