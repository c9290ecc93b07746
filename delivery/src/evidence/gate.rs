//! Whether what is known about a digest lets it into production.

use super::{Evidence, Judgement, Verdict};
use crate::environment::Environment;
use crate::exit::Ending;
use crate::release::Release;

impl Evidence {
    /// The verdict of staging that lets a release into production, or why there is none.
    ///
    /// The newest verdict of staging decides, and nothing may have failed after it, in production
    /// neither. Then staging has to verify it again.
    pub fn admits(&self, release: &Release) -> Result<&Verdict, Ending> {
        let again = || format!("run deploy-staging for {} again, and look at what it says", release.commit.short());
        if let Some(first) = self.unreadable.first() {
            return Err(Ending::CouldNotTell(format!(
                "a document about {release} claims to be a verdict and cannot be read, so it may say anything: {first}; \
                 delete it from the repository when you know where it comes from"
            )));
        }
        if let Some(other) = self.verdicts.iter().find(|verdict| verdict.release != *release) {
            return Err(Ending::CouldNotTell(format!("a verdict about {release} is about {} too", other.release)));
        }
        let newest = self.verdicts.iter().rev().find(|verdict| verdict.environment == Environment::Staging);
        let Some(newest) = newest else {
            return Err(Ending::refused(format!(
                "staging has not verified {release}: run deploy-staging for this commit first"
            )));
        };
        let told = || because(newest);
        match newest.judgement {
            Judgement::Passed => {}
            Judgement::Failed => {
                return Err(Ending::refused(format!("{release} failed in staging{}; {}", told(), again())));
            }
            Judgement::Inconclusive | Judgement::Errored => {
                return Err(Ending::CouldNotTell(format!(
                    "staging could not judge {release} ({}){}; {}",
                    newest.judgement,
                    told(),
                    again()
                )));
            }
        }
        let failed = |verdict: &&Verdict| verdict.judgement == Judgement::Failed && verdict.ended >= newest.ended;
        match self.verdicts.iter().rev().find(failed) {
            None => Ok(newest),
            Some(later) => Err(Ending::refused(format!(
                "{release} failed in {} after staging had verified it{}; {}",
                later.environment,
                because(later),
                again()
            ))),
        }
    }
}

fn because(verdict: &Verdict) -> String {
    let reason = if verdict.reason.is_empty() { String::new() } else { format!(": {}", verdict.reason) };
    format!(" at {:.0}{reason}", verdict.ended)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::exit;
    use crate::release::Digest;
    use Environment::{Production, Staging};
    use Judgement::{Errored, Failed, Inconclusive, Passed};

    fn release() -> Release {
        Release { commit: "a".repeat(40).parse().expect("a commit"), digest: Digest::of(b"image") }
    }

    fn verdict(environment: Environment, judgement: Judgement, minute: i64) -> Verdict {
        let at = Timestamp::new(minute * 60, 0).expect("a time");
        Verdict {
            environment,
            judgement,
            release: release(),
            reason: String::new(),
            service_deployment: None,
            checks: Vec::new(),
            by: "arn:aws:iam::123456789012:role/deployer".to_owned(),
            began: at,
            ended: at,
            schema: None,
            survivor: None,
        }
    }

    #[track_caller]
    fn check(verdicts: &[(Environment, Judgement)], expected: Option<u8>) {
        let verdicts =
            (1..).zip(verdicts).map(|(minute, (environment, judgement))| verdict(*environment, *judgement, minute));
        let evidence = Evidence { verdicts: verdicts.collect(), unreadable: Vec::new() };
        assert_eq!(evidence.admits(&release()).err().map(|ending| ending.code()), expected);
    }

    #[test]
    fn the_newest_verdict_of_staging_decides_and_nothing_may_have_failed_since() {
        check(&[], Some(exit::REFUSED));
        check(&[(Staging, Passed)], None);
        check(&[(Staging, Failed)], Some(exit::REFUSED));
        check(&[(Staging, Inconclusive)], Some(exit::COULD_NOT_TELL));
        check(&[(Staging, Errored)], Some(exit::COULD_NOT_TELL));
        check(&[(Staging, Failed), (Staging, Passed)], None);
        check(&[(Staging, Passed), (Staging, Failed)], Some(exit::REFUSED));
        check(&[(Staging, Passed), (Staging, Errored)], Some(exit::COULD_NOT_TELL));
        check(&[(Staging, Passed), (Production, Passed)], None);
        check(&[(Staging, Passed), (Production, Failed)], Some(exit::REFUSED));
        check(&[(Staging, Passed), (Production, Errored)], None);
        check(&[(Staging, Passed), (Production, Failed), (Staging, Passed)], None);
        check(&[(Production, Passed)], Some(exit::REFUSED));
    }

    #[test]
    fn a_pass_beside_a_document_that_cannot_be_read_is_no_pass() {
        let evidence = Evidence {
            verdicts: vec![verdict(Staging, Passed, 1)],
            unreadable: vec!["sha256:0: it is no statement".to_owned()],
        };
        assert_eq!(evidence.admits(&release()).map_err(|ending| ending.code()), Err(exit::COULD_NOT_TELL));
    }

    #[test]
    fn a_pass_of_another_commit_is_no_pass() {
        let evidence = Evidence { verdicts: vec![verdict(Staging, Passed, 1)], unreadable: Vec::new() };
        let other = Release { commit: "b".repeat(40).parse().expect("a commit"), ..release() };
        assert_eq!(evidence.admits(&other).map_err(|ending| ending.code()), Err(exit::COULD_NOT_TELL));
    }

    #[test]
    fn a_failure_at_the_same_moment_counts() {
        let verdicts = vec![verdict(Staging, Passed, 1), verdict(Production, Failed, 1)];
        let evidence = Evidence { verdicts, unreadable: Vec::new() };
        assert_eq!(evidence.admits(&release()).map_err(|ending| ending.code()), Err(exit::REFUSED));
    }
}
