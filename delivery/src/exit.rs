//! Exit codes: what a caller may conclude without reading a word of the output.

use std::fmt;

/// All that was asked for is done and proven.
pub const DONE: u8 = 0;
/// Something happened that the program has no word for, and it cannot say what state is left.
pub const UNEXPECTED: u8 = 1;
/// The command line or the settings are wrong; nothing was touched.
pub const USAGE: u8 = 2;
/// A gate looked and refused; the service was not touched.
pub const REFUSED: u8 = 10;
/// A gate could not look: neither a pass nor a refusal. The service was not touched; or a release on its
/// way in could not be judged, was taken back, and what served before serves.
pub const COULD_NOT_TELL: u8 = 11;
/// The deployment failed before the service was changed: what served before still serves.
pub const FAILED: u8 = 20;
/// The deployment failed, and the service is back at what served before.
pub const ROLLED_BACK: u8 = 21;
/// The deployment failed and the way back did too: page someone.
pub const ROLLBACK_FAILED: u8 = 22;
/// 128 + SIGINT, as shells have it: interrupted before anything was touched.
pub const INTERRUPTED: u8 = 130;

/// The last lines of `--help`.
pub const HELP: &str = "Exit codes: 0 done, 1 unexpected, 2 usage, 10 a gate refused, 11 a gate could not tell, \
                        20 failed and the old release still serves, 21 failed and rolled back, \
                        22 the rollback failed (page someone), 130 interrupted before anything was touched";

/// How a verb ended when it was neither done nor surprised. It travels inside an [`anyhow::Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The settings or the arguments make no sense.
    Usage(String),
    /// Gates refused, and why, each.
    Refused(Vec<String>),
    /// A gate could not tell, and why.
    CouldNotTell(String),
    /// The deployment failed before the service was changed.
    Failed(String),
    /// The deployment failed, and what served before serves again.
    RolledBack(String),
    /// The deployment failed and what served before does not serve again.
    RollbackFailed(String),
    /// A signal came before anything was touched.
    Interrupted,
}

impl Ending {
    /// A refusal for one reason.
    pub fn refused(why: impl Into<String>) -> Self {
        Self::Refused(vec![why.into()])
    }

    /// The exit code that stands for this ending.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => USAGE,
            Self::Refused(_) => REFUSED,
            Self::CouldNotTell(_) => COULD_NOT_TELL,
            Self::Failed(_) => FAILED,
            Self::RolledBack(_) => ROLLED_BACK,
            Self::RollbackFailed(_) => ROLLBACK_FAILED,
            Self::Interrupted => INTERRUPTED,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(why) => formatter.write_str(why),
            Self::Refused(reasons) => write!(formatter, "refused: {}", reasons.join("\n  and: ")),
            Self::CouldNotTell(why) => write!(formatter, "could not tell: {why}"),
            Self::Failed(why) => write!(formatter, "failed, and the old release still serves: {why}"),
            Self::RolledBack(why) => write!(formatter, "failed and rolled back: {why}"),
            Self::RollbackFailed(why) => write!(formatter, "THE ROLLBACK FAILED, page someone: {why}"),
            Self::Interrupted => formatter.write_str("interrupted before anything was touched"),
        }
    }
}

impl std::error::Error for Ending {}

/// The exit code for an error: that of the ending inside it, or [`UNEXPECTED`].
#[must_use]
pub fn code_of(error: &anyhow::Error) -> u8 {
    error.downcast_ref::<Ending>().map_or(UNEXPECTED, Ending::code)
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn an_ending_keeps_its_code_under_added_context() {
        let error = Err::<(), _>(anyhow::Error::from(Ending::RolledBack("it crashed".into())))
            .context("while following")
            .expect_err("it is an error");
        assert_eq!(code_of(&error), ROLLED_BACK);
        assert_eq!(code_of(&anyhow::anyhow!("surprise")), UNEXPECTED);
    }

    #[test]
    fn every_reason_of_a_refusal_is_said() {
        let ending = Ending::Refused(vec!["no role".into(), "no secret".into()]);
        assert_eq!(ending.to_string(), "refused: no role\n  and: no secret");
    }
}
