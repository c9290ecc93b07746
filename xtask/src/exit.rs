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
/// 128 + SIGINT, as shells have it, for a verb that was interrupted.
pub(crate) const INTERRUPTED: u8 = 130;

/// The last lines of `cargo xtask --help`.
pub(crate) const HELP: &str = "Exit codes: 0 done, 1 unexpected, 2 usage, 10 a gate refused, \
                               11 a gate could not tell, 130 interrupted";

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
}

impl Ending {
    /// The exit code that stands for this ending.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => USAGE,
            Self::Refused(_) => REFUSED,
            Self::CouldNotTell(_) => COULD_NOT_TELL,
            Self::Interrupted => INTERRUPTED,
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
