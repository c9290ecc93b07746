//! What of the process's environment may never be repeated.

use crate::edge::Variables;
use crate::secret::Redactor;
use crate::settings::Settings;

/// Parts of a variable's name by which its value is taken for a secret.
const TELLING: [&str; 9] =
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "API_KEY", "PRIVATE_KEY", "DATABASE_URL", "DSN"];
/// Names that sound like that and hold none.
const HARMLESS: [&str; 3] = ["_FILE", "_URI", "_ARN"];
/// The value of a variable that only sounds secret is taken for one from this length on; shorter ones
/// are words, and would be hidden wherever they stand.
const LONG: usize = 8;

/// A filter that knows the secrets in the variables.
pub(super) fn of(variables: &Variables, settings: Option<&Settings>) -> Redactor {
    let named: Vec<&str> = settings
        .into_iter()
        .flat_map(|settings| settings.environments.values())
        .filter_map(|environment| variables.get(&environment.token_variable))
        .collect();
    let telling = variables.iter().filter(|(name, value)| is_secret(name, value));
    Redactor::knowing(named.into_iter().chain(telling.map(|(_, value)| value)))
}

/// Whether a variable sounds as if its value were a secret, and it is long enough to be one.
pub(crate) fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_uppercase();
    value.len() >= LONG
        && TELLING.iter().any(|part| name.contains(part))
        && !HARMLESS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sounds_like_a_secret_is_hidden_and_words_are_not() {
        let variables = Variables::from_iter([
            ("SLIPWAY_STAGING_API_TOKEN", "flows-token"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/identity"),
            ("GITHUB_TOKEN", "short"),
            ("LANG", "en_GB.UTF-8"),
        ]);
        let text = "flows-token wJalrXUtnFEMI /var/run/identity short en_GB.UTF-8";
        assert_eq!(of(&variables, None).redact(text), "*** *** /var/run/identity short en_GB.UTF-8");
    }
}
