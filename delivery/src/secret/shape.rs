//! What looks like a secret, whether anybody knows it or not.

use super::HIDDEN;

/// Words after which the rest of a value is a secret.
const SCHEMES: [&str; 2] = ["Bearer ", "Basic "];
/// Names whose value is a secret, in `name=value` and `"name": "value"`, without case, `-` and `_`.
const NAMES: [&str; 11] = [
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretaccesskey",
    "sessiontoken",
    "xamzsecuritytoken",
    "authorization",
];
/// How the ids of AWS's access keys begin.
const KEY_IDS: [&str; 2] = ["AKIA", "ASIA"];

/// The text without passwords in URLs, bearer tokens, values of telling names and AWS key ids.
pub(super) fn hide(text: &str) -> String {
    key_ids(&named(&schemes(&urls(text))))
}

/// `scheme://user:password@host` without the password.
fn urls(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '<' | '>' | '?' | '#'));
        // A password may hold a slash that should have been escaped: then the @ comes after it.
        let word = &after[..after.find(char::is_whitespace).unwrap_or(after.len())];
        let authority = &after[..end.unwrap_or(after.len())];
        let host = authority.rfind('@').or_else(|| {
            let colon = authority.find(':')?;
            let port = authority[colon + 1..].bytes().all(|byte| byte.is_ascii_digit());
            if port { None } else { word.rfind('@') }
        });
        rest = match host.and_then(|host| Some((host, after[..host].find(':')?))) {
            Some((host, colon)) => {
                out.push_str(&after[..=colon]);
                out.push_str(HIDDEN);
                &after[host..]
            }
            None => after,
        };
    }
    out + rest
}

/// `Bearer token` without the token.
fn schemes(text: &str) -> String {
    let mut out = text.to_owned();
    for scheme in SCHEMES {
        let mut from = 0;
        while let Some(at) = find_without_case(&out[from..], scheme) {
            let start = from + at + scheme.len();
            let end = start + out[start..].find(ends_a_word).unwrap_or(out.len() - start);
            // "Basic health checks" is a sentence: a credential has eight letters and more.
            if end - start >= 8
                && (scheme == SCHEMES[0] || out[start..end].bytes().any(|byte| !byte.is_ascii_lowercase()))
            {
                out.replace_range(start..end, HIDDEN);
            }
            from = start;
        }
    }
    out
}

/// `password=value`, `"apiKey": "value"` and the like without the value.
fn named(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['=', ':']) {
        let (before, after) = rest.split_at(at + 1);
        out.push_str(before);
        let name = name_before(&before[..at]);
        let telling = NAMES.iter().any(|secret| name.ends_with(secret));
        let blank = after.len() - after.trim_start_matches([' ', '"', '\'', '\\']).len();
        let value = &after[blank..];
        let end = value.find(ends_a_word).unwrap_or(value.len());
        let is_scheme = SCHEMES.iter().any(|scheme| value[..end].eq_ignore_ascii_case(scheme.trim_end()));
        rest = if telling && end > 0 && !is_scheme && !after.starts_with("//") && !is_arn(&out) {
            out.push_str(&after[..blank]);
            out.push_str(HIDDEN);
            &value[end..]
        } else {
            after
        };
    }
    out + rest
}

/// Whether a text ends in the middle of an ARN, whose parts are names: `arn:aws:secretsmanager:...:secret:`.
fn is_arn(text: &str) -> bool {
    text.rsplit(ends_a_word).next().is_some_and(|word| word.starts_with("arn:aws") && !word.contains('='))
}

/// The name that a text ends with, in small letters without `-` and `_`.
fn name_before(text: &str) -> String {
    let text = text.trim_end_matches([' ', '"', '\'', '\\']);
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let start = text.rfind(|c| !is_name(c)).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    text[start..].chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// `AKIA...` and `ASIA...` without their rest.
fn key_ids(text: &str) -> String {
    let mut out = text.to_owned();
    for start in KEY_IDS {
        let mut from = 0;
        while let Some(at) = out[from..].find(start) {
            let begin = from + at;
            let end = begin
                + out[begin..]
                    .find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit()))
                    .unwrap_or(out.len() - begin);
            if end - begin == 20 {
                out.replace_range(begin..end, HIDDEN);
                from = begin + HIDDEN.len();
            } else {
                from = end;
            }
        }
    }
    out
}

fn ends_a_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '&' | '}' | ')' | ']' | '\\')
}

fn find_without_case(text: &str, what: &str) -> Option<usize> {
    text.as_bytes().windows(what.len()).position(|window| window.eq_ignore_ascii_case(what.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_hidden() {
        for (text, expected) in [
            ("postgres://app:s3cret@db:5432/app", "postgres://app:***@db:5432/app"),
            ("a postgres://app:p@ss@db/app b", "a postgres://app:***@db/app b"),
            ("postgres://app:p/ss@db/app", "postgres://app:***@db/app"),
            ("redis://:s3cret@cache:6379", "redis://:***@cache:6379"),
            ("Authorization: Bearer abcdefgh12345", "Authorization: Bearer ***"),
            ("authorization: basic QVdTOnNlY3JldA==", "authorization: basic ***"),
            ("PASSWORD=hunter2 host=db", "PASSWORD=*** host=db"),
            (r#"{"api_key": "hunter2", "a": 1}"#, r#"{"api_key": "***", "a": 1}"#),
            (r#"{\"dbPassword\":\"hunter2\"}"#, r#"{\"dbPassword\":\"***\"}"#),
            ("DATABASE_PASSWORD: hunter2", "DATABASE_PASSWORD: ***"),
            ("AWS_SECRET_ACCESS_KEY=abc/def+1", "AWS_SECRET_ACCESS_KEY=***"),
            ("key AKIAIOSFODNN7EXAMPLE was used", "key *** was used"),
            ("?token=abc&x=1", "?token=***&x=1"),
        ] {
            assert_eq!(hide(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_harmless_stays() {
        for text in [
            "GET https://example.com:8080/l/a?x=1 at 12:30:01",
            "http://127.0.0.1:8080/a@b",
            "Basic health checks pass",
            "status: 200, took=15ms",
            "ResourceInitializationError: unable to pull secrets or registry auth: not found",
            "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:myapp/token-AbCdEf",
            "AKIA is how they begin",
            "\u{fc}ber = \u{e9}",
        ] {
            assert_eq!(hide(text), text);
        }
    }
}
