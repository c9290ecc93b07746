//! `llvm-cov` and `llvm-profdata`, which read the profiles that the compiler's instrumentation writes.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use xshell::cmd;

use crate::exit::Ending;
use crate::workspace::Workspace;

/// The first LLVM whose tools read the profiles of the pinned toolchain, found by trying.
const OLDEST: u32 = 19;
const NEWEST: u32 = 30;

/// Where the two programs are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Llvm {
    /// `llvm-cov`.
    pub(crate) cov: PathBuf,
    /// `llvm-profdata`.
    pub(crate) profdata: PathBuf,
}

/// The programs on this machine: those that the environment names, the toolchain's own component, or
/// those of an LLVM that the system's packages brought.
pub(crate) fn find_llvm(workspace: &Workspace) -> Option<Llvm> {
    let named = |name: &str| env::var_os(name).map(PathBuf::from);
    if let (Some(cov), Some(profdata)) = (named("LLVM_COV"), named("LLVM_PROFDATA")) {
        return Some(Llvm { cov, profdata });
    }
    let sysroot = cmd!(workspace.sh, "rustc --print sysroot").quiet().read().ok()?;
    let component = Path::new(&sysroot).join("lib/rustlib").join(workspace.host().ok()?).join("bin");
    let packaged = (OLDEST..=NEWEST)
        .rev()
        .flat_map(|version| [format!("/usr/lib/llvm-{version}/bin"), format!("/opt/homebrew/opt/llvm@{version}/bin")]);
    std::iter::once(component).chain(packaged.map(PathBuf::from)).find_map(|folder| both_in(&folder))
}

/// The programs, after asking rustup for the component where there are none.
pub(crate) fn need_llvm(workspace: &Workspace) -> anyhow::Result<Llvm> {
    if let Some(llvm) = find_llvm(workspace) {
        return Ok(llvm);
    }
    eprintln!("installing the toolchain's component llvm-tools");
    let added = cmd!(workspace.sh, "rustup component add llvm-tools").quiet().run();
    find_llvm(workspace).ok_or_else(|| {
        let why = added.err().map_or_else(String::new, |error| format!(" ({error})"));
        Ending::CouldNotTell(format!(
            "coverage needs llvm-cov and llvm-profdata{why}; install them with `{}`, or name them in LLVM_COV and LLVM_PROFDATA",
            mend_llvm()
        ))
        .into()
    })
}

/// The line that installs them by hand.
pub(crate) fn mend_llvm() -> String {
    format!("rustup component add llvm-tools, or apt-get install llvm-{OLDEST}")
}

impl Llvm {
    /// The variables that tell `cargo llvm-cov` about them.
    pub(crate) fn environment(&self) -> [(&'static str, OsString); 2] {
        [("LLVM_COV", self.cov.clone().into()), ("LLVM_PROFDATA", self.profdata.clone().into())]
    }
}

fn both_in(folder: &Path) -> Option<Llvm> {
    let llvm = Llvm { cov: folder.join("llvm-cov"), profdata: folder.join("llvm-profdata") };
    (llvm.cov.is_file() && llvm.profdata.is_file()).then_some(llvm)
}
