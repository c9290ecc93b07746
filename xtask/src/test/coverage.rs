//! The share of lines that the tests reach, and the floor under it.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::no_verdict;
use crate::exit::Ending;
use crate::process::{gate, must};
use crate::report;
use crate::tools;
use crate::workspace::{Database, Workspace};

/// The least share of the workspace's lines that tests must reach, in percent.
const FLOOR: f64 = 80.0;

/// Runs the tests with instrumentation, leaves the reports under `target/coverage`, and judges.
pub(super) fn run(workspace: &Workspace, nextest: &Path, arguments: Vec<String>) -> anyhow::Result<()> {
    let tool = tools::LLVM_COV.need(workspace)?;
    let llvm = tools::need_llvm(workspace)?;
    for (name, value) in llvm.environment() {
        workspace.sh.set_var(name, value);
    }
    workspace.sh.set_var("PATH", tools::path_with([&tool, &nextest.to_path_buf()])?);

    let reports = workspace.target().join("coverage");
    let _ = fs::remove_dir_all(&reports);
    fs::create_dir_all(&reports).with_context(|| format!("failed to make {}", reports.display()))?;

    let llvm_cov = || workspace.sh.cmd(&tool).arg("llvm-cov");
    must("clearing earlier profiles", llvm_cov().args(["clean", "--workspace", "--profraw-only"]))?;
    let tests = workspace.with_postgres(Database::Server).arg(&tool).args(["llvm-cov", "nextest", "--no-report"]);
    gate("the tests", tests.args(arguments))?;

    let lcov = reports.join("lcov.info");
    must("the lcov report", llvm_cov().args(["report", "--lcov", "--output-path"]).arg(&lcov))?;
    must("the HTML report", llvm_cov().args(["report", "--html", "--output-dir"]).arg(&reports))?;
    let text = fs::read_to_string(&lcov).with_context(|| format!("failed to read {}", lcov.display()))?;
    let lines = Lines::read(&text);
    let verdict = lines.judge();
    let said = match &verdict {
        Ok(said) => said.clone(),
        Err(error) => error.to_string(),
    };
    eprintln!("coverage: {said}; {}", reports.join("html/index.html").display());
    report::summarise(&format!("**Coverage** {said}\n\n"))?;
    verdict.map(drop)
}

/// Lines that could be reached and lines that were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lines {
    found: u64,
    hit: u64,
}

impl Lines {
    /// Adds up an lcov tracefile: `LF` is the number of instrumented lines of a file and `LH` of those
    /// that were reached (geninfo(1), section FILES).
    fn read(tracefile: &str) -> Self {
        let sum =
            |tag: &str| tracefile.lines().filter_map(|line| line.strip_prefix(tag)?.trim().parse::<u64>().ok()).sum();
        Self { found: sum("LF:"), hit: sum("LH:") }
    }

    fn judge(self) -> anyhow::Result<String> {
        if self.found == 0 {
            return Err(no_verdict("coverage", "the report holds no line"));
        }
        let percent = 100.0 * self.hit as f64 / self.found as f64;
        let said = format!("{percent:.2} % of lines ({} of {}), at least {FLOOR} % asked for", self.hit, self.found);
        if percent < FLOOR { Err(Ending::Refused(said).into()) } else { Ok(said) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit;

    #[test]
    fn a_tracefile_is_added_up_over_its_files() {
        let tracefile = "SF:a.rs\nDA:1,1\nLF:10\nLH:7\nend_of_record\nSF:b.rs\nLF:30\nLH:25\nend_of_record\n";
        assert_eq!(Lines::read(tracefile), Lines { found: 40, hit: 32 });
    }

    #[test]
    fn coverage_under_the_floor_is_refused_and_no_coverage_is_no_verdict() {
        let cases = [
            (100, 80, None),
            (100, 79, Some(exit::REFUSED)),
            (100_000, 79_999, Some(exit::REFUSED)),
            (100, 100, None),
            (0, 0, Some(exit::COULD_NOT_TELL)),
        ];
        for (found, hit, code) in cases {
            let judged = Lines { found, hit }.judge();
            assert_eq!(judged.err().as_ref().map(exit::code_of), code, "{hit} of {found}");
        }
    }
}
