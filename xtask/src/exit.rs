//! Exit codes: what a caller may conclude without reading a word of the output.

use std::fmt;
use std::process::ExitStatus;

/// Something happened that the program has no word for; read the error.
pub(crate) const UNEXPECTED: u8 = 1;
/// The command line or a settings file is wrong; clap exits with the same code.
pub(crate) const USAGE: u8 = 2;
/// A gate looked and refused.
pub(crate) const REFUSED: u8 = 10;
/// A gate could not look: neither a pass nor a refusal.
pub(crate) const COULD_NOT_TELL: u8 = 11;
/// The deployment failed before it touched what serves: the old release serves on.
pub(crate) const FAILED: u8 = 20;
/// The deployment failed and was rolled back: the old release serves again.
pub(crate) const ROLLED_BACK: u8 = 21;
/// The rollback failed: page someone.
pub(crate) const ROLLBACK_FAILED: u8 = 22;
/// 128 + SIGINT, as shells have it, for a verb that was interrupted before it touched anything.
pub(crate) const INTERRUPTED: u8 = 130;

/// The last lines of `cargo xtask --help`.
pub(crate) const HELP: &str = "Exit codes: 0 done, 1 unexpected, 2 usage, 10 a gate refused, \
                               11 a gate could not tell, 20 the deployment failed and the old \
                               release still serves, 21 it failed and was rolled back, 22 the \
                               rollback failed: page someone, 130 interrupted";

/// The codes with which a program ends that says itself how it went.
const SPOKEN: [u8; 7] = [USAGE, REFUSED, COULD_NOT_TELL, FAILED, ROLLED_BACK, ROLLBACK_FAILED, INTERRUPTED];

/// How a verb ended when it was neither done nor surprised.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The settings or arguments make no sense together.
    Usage(String),
    /// A gate refused, and why.
    Refused(String),
    /// A gate could not tell, and why.
    CouldNotTell(String),
    /// A signal asked the verb to stop.
    Interrupted,
    /// The program that the verb stands for ended with this code, and has said why.
    Told(u8),
}

impl Ending {
    /// The exit code that stands for this ending.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => USAGE,
            Self::Refused(_) => REFUSED,
            Self::CouldNotTell(_) => COULD_NOT_TELL,
            Self::Interrupted => INTERRUPTED,
            Self::Told(code) => *code,
        }
    }

    /// Whether somebody has told the reader already how the verb ended.
    pub(crate) fn is_told(&self) -> bool {
        matches!(self, Self::Told(_))
    }

    /// The ending of a verb that only starts a program: the program's own exit code, whatever it is.
    pub(crate) fn passed_on(what: &str, status: ExitStatus) -> anyhow::Result<()> {
        match status.code().and_then(|code| u8::try_from(code).ok()) {
            Some(0) => Ok(()),
            Some(code) if code == UNEXPECTED || SPOKEN.contains(&code) => Err(Self::Told(code).into()),
            _ => Err(anyhow::anyhow!("{what} ended with {status}")),
        }
    }

    /// The ending that a child's exit status stands for, where the child speaks these codes.
    pub(crate) fn of_child(what: &str, status: ExitStatus) -> anyhow::Result<()> {
        match status.code() {
            Some(0) => Ok(()),
            Some(code) if code == i32::from(REFUSED) => Err(Self::Refused(format!("{what} refused")).into()),
            Some(code) if code == i32::from(COULD_NOT_TELL) => {
                Err(Self::CouldNotTell(format!("{what} could not tell")).into())
            }
            Some(code) if code == i32::from(USAGE) => {
                Err(Self::Usage(format!("{what} did not accept its arguments or settings")).into())
            }
            _ => Err(anyhow::anyhow!("{what} ended with {status}")),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(why) | Self::Refused(why) => formatter.write_str(why),
            Self::CouldNotTell(why) => write!(formatter, "could not tell: {why}"),
            Self::Interrupted => formatter.write_str("interrupted"),
            Self::Told(code) => write!(formatter, "ended with exit code {code}; the reason is above"),
        }
    }
}

impl std::error::Error for Ending {}

/// The exit code for an error: that of the ending inside it, or [`UNEXPECTED`].
pub(crate) fn code_of(error: &anyhow::Error) -> u8 {
    error.downcast_ref::<Ending>().map_or(UNEXPECTED, Ending::code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn an_ending_keeps_its_code_under_added_context() {
        let error = Err::<(), _>(anyhow::Error::from(Ending::Refused("no".into())))
            .context("while looking")
            .expect_err("it is an error");
        assert_eq!(code_of(&error), REFUSED);
        assert_eq!(code_of(&anyhow::anyhow!("surprise")), UNEXPECTED);
    }

    #[test]
    fn a_code_that_is_passed_on_stays_what_it_is_and_a_crash_is_none_of_them() {
        use std::os::unix::process::ExitStatusExt as _;
        for code in [1, 2, 10, 11, 20, 21, 22, 130] {
            let error = Ending::passed_on("delivery", ExitStatus::from_raw(code << 8)).expect_err("it failed");
            assert_eq!(i32::from(code_of(&error)), code);
            assert!(error.downcast_ref::<Ending>().is_some_and(Ending::is_told), "{error}");
        }
        for raw in [101 << 8, 9] {
            let error = Ending::passed_on("delivery", ExitStatus::from_raw(raw)).expect_err("it failed");
            assert_eq!(code_of(&error), UNEXPECTED);
            assert!(error.to_string().starts_with("delivery ended with "), "{error}");
        }
    }

    #[test]
    fn a_child_that_speaks_the_codes_is_understood() {
        use std::os::unix::process::ExitStatusExt as _;
        let cases = [(10, REFUSED), (11, COULD_NOT_TELL), (2, USAGE), (1, UNEXPECTED), (101, UNEXPECTED)];
        for (child, code) in cases {
            let error = Ending::of_child("scan", ExitStatus::from_raw(child << 8)).expect_err("it failed");
            assert_eq!(code_of(&error), code, "child exited with {child}");
        }
        assert!(Ending::of_child("scan", ExitStatus::from_raw(0)).is_ok());
    }
}
