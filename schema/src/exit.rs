//! The exit codes, the same in every program of this repository.

use std::process::ExitCode;

/// How a command of this program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything that was asked for has been done.
    Done,
    /// Something failed that no gate is about.
    Unexpected,
    /// The arguments make no sense.
    Usage,
    /// A gate refused.
    Refused,
    /// A gate could not tell, which is not a pass.
    CouldNotTell,
}

impl Exit {
    /// The number that the process exits with.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::Refused => 10,
            Self::CouldNotTell => 11,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
