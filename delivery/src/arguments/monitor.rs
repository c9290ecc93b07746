//! The arguments of `monitor`.

use std::time::Duration;

use clap::Args;

use super::environment;
use crate::edge::Variables;
use crate::environment::Environment;
use crate::exit::Ending;
use crate::settings::parse_duration;

/// The arguments of `monitor`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Monitor {
    /// staging or production [or the variable `DEPLOY_ENVIRONMENT`]
    #[arg(long, value_name = "ENVIRONMENT")]
    pub environment: Option<Environment>,
    /// How long: a whole number and s, m or h
    #[arg(long = "for", value_name = "DURATION", default_value = "1h", value_parser = lasts)]
    pub lasts: Duration,
    /// When it is not well, take the lock and go back to the last good release
    #[arg(long)]
    pub roll_back: bool,
    /// Print one document for programs on standard output
    #[arg(long)]
    pub json: bool,
}

impl Monitor {
    /// The environment that was asked for.
    pub fn environment(&self, variables: &Variables) -> Result<Environment, Ending> {
        environment(self.environment.as_ref(), variables)
    }
}

/// How long somebody may ask for something to be watched: from ten seconds to a day.
fn lasts(text: &str) -> Result<Duration, String> {
    let lasts = parse_duration(text)?;
    let (least, most) = (Duration::from_secs(10), Duration::from_hours(24));
    if (least..=most).contains(&lasts) { Ok(lasts) } else { Err("it is from 10s to 24h".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_lasts_from_ten_seconds_to_a_day() {
        assert_eq!(lasts("1h"), Ok(Duration::from_hours(1)));
        for text in ["9s", "25h", "soon", ""] {
            lasts(text).expect_err(text);
        }
    }
}
