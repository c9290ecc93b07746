//! What cargo has compiled for one work tree, lent to another that differs in little.

use std::fs;
use std::io;
use std::path::Path;

/// What whoever compiles replaces, and never writes into: it may be one file in both places.
const REPLACED: [&str; 6] = ["rlib", "rmeta", "so", "dylib", "a", "o"];

/// Gives a build folder (`target/debug` and its like) that is not there yet what another one has: what is
/// big as hard links, what cargo writes over as copies. Cargo knows dependencies again wherever they lie,
/// and compiles what differs beside them; a folder that is there already is left as it is.
///
/// # Errors
///
/// When a folder cannot be made. What another build takes away meanwhile, or what is on another file
/// system, is compiled anew instead.
pub fn lend(original: &Path, copy: &Path) -> io::Result<()> {
    if copy.exists() || !original.exists() {
        return Ok(());
    }
    // Half of it, after an interruption, is nothing that anybody should build on.
    let begun = copy.with_extension("begun");
    if begun.exists() {
        fs::remove_dir_all(&begun)?;
    }
    for part in [".fingerprint", "build", "deps"] {
        lend_all(&original.join(part), &begun.join(part))?;
    }
    fs::rename(begun, copy)
}

fn lend_all(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).into_iter().flatten() {
        let entry = entry?;
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            lend_all(&path, &copy)?;
            continue;
        }
        let is_replaced = path.extension().is_some_and(|ending| REPLACED.iter().any(|replaced| ending == *replaced));
        let _ = if is_replaced { fs::hard_link(path, copy) } else { copy_with_time(&path, &copy) };
    }
    Ok(())
}

/// By the times of files cargo tells what is up to date.
fn copy_with_time(from: &Path, to: &Path) -> io::Result<()> {
    let modified = fs::metadata(from)?.modified()?;
    fs::copy(from, to)?;
    fs::File::options().write(true).open(to)?.set_modified(modified)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn what_is_big_is_one_file_and_what_is_written_over_is_two() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let (original, copy) = (folder.path().join("debug"), folder.path().join("fork/debug"));
        for file in ["deps/liba.rlib", "deps/a.d", ".fingerprint/a/lib-a", "incremental/a"] {
            let file = original.join(file);
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, "one").expect("written");
        }
        fs::create_dir(folder.path().join("fork")).expect("made");
        lend(&original, &copy).expect("lent");
        let number = |folder: &Path, file: &str| fs::metadata(folder.join(file)).expect("there").ino();
        assert_eq!(number(&original, "deps/liba.rlib"), number(&copy, "deps/liba.rlib"));
        for file in ["deps/a.d", ".fingerprint/a/lib-a"] {
            assert_ne!(number(&original, file), number(&copy, file), "{file}");
            let time = |folder: &Path| fs::metadata(folder.join(file)).expect("there").modified().expect("a time");
            assert_eq!(time(&original), time(&copy), "{file}");
        }
        assert!(!copy.join("incremental").exists());

        fs::write(copy.join("deps/a.d"), "two").expect("written");
        lend(&original, &copy).expect("left alone");
        assert_eq!(fs::read_to_string(copy.join("deps/a.d")).expect("text"), "two");
        assert_eq!(fs::read_to_string(original.join("deps/a.d")).expect("text"), "one");
    }
}
