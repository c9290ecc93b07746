//! The Parameter Store: values by name, with their versions.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The parameters of an account.
#[derive(Debug, Default)]
pub(crate) struct Parameters(BTreeMap<String, Parameter>);

/// A parameter.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) kind: Kind,
    pub(crate) description: Option<String>,
    /// The first is version 1.
    pub(crate) versions: Vec<Version>,
}

/// A value that a parameter has or had.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) value: String,
    pub(crate) at: Timestamp,
}

/// What kind of value a parameter has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text.
    String,
    /// Texts with commas between them.
    StringList,
    /// Text that is told only on request.
    SecureString,
}

impl Kind {
    /// AWS's word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
            Self::SecureString => "SecureString",
        }
    }

    /// The kind of this word.
    pub(crate) fn of(word: &str) -> Option<Self> {
        [Self::String, Self::StringList, Self::SecureString].into_iter().find(|kind| kind.word() == word)
    }
}

/// Why there is no such value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// No parameter has the name.
    Parameter,
    /// The parameter has no such version.
    Version,
}

/// A version of a parameter.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub(crate) name: &'a str,
    pub(crate) parameter: &'a Parameter,
    pub(crate) number: usize,
    pub(crate) version: &'a Version,
    /// What was asked for behind the name, `:3` for one.
    pub(crate) selector: Option<&'a str>,
}

impl Parameters {
    /// Gives a parameter another value; the number of the version, or none when it is there and is
    /// not to be overwritten.
    pub(crate) fn put(
        &mut self,
        name: &str,
        kind: Option<Kind>,
        description: Option<String>,
        value: &str,
        overwrite: bool,
        at: Timestamp,
    ) -> Option<usize> {
        if self.0.contains_key(name) && !overwrite {
            return None;
        }
        let parameter = self.0.entry(name.to_owned()).or_insert_with(|| Parameter {
            kind: kind.unwrap_or(Kind::String),
            description: None,
            versions: Vec::new(),
        });
        parameter.kind = kind.unwrap_or(parameter.kind);
        parameter.description = description.or(parameter.description.take());
        parameter.versions.push(Version { value: value.to_owned(), at });
        Some(parameter.versions.len())
    }

    /// Finds `NAME` or `NAME:VERSION`, where the name may be an ARN.
    pub(crate) fn find<'a>(&'a self, asked: &'a str) -> Result<Found<'a>, Missing> {
        let whole = name_in(asked);
        let (name, selector) = match whole.rfind(':') {
            Some(at) => (&whole[..at], Some(&whole[at..])),
            None => (whole, None),
        };
        let (name, parameter) = self.0.get_key_value(name).ok_or(Missing::Parameter)?;
        let number = match selector {
            None => parameter.versions.len(),
            Some(selector) => selector[1..].parse().map_err(|_| Missing::Version)?,
        };
        let index = number.checked_sub(1).ok_or(Missing::Version)?;
        let version = parameter.versions.get(index).ok_or(Missing::Version)?;
        Ok(Found { name, parameter, number, version, selector })
    }

    /// Removes a parameter; whether it was there.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name_in(name)).is_some()
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Parameter)> {
        self.0.iter().map(|(name, parameter)| (name.as_str(), parameter))
    }
}

/// The name in an ARN, whose `parameter/NAME` has lost the slash that a path begins with.
fn name_in(asked: &str) -> &str {
    let Some(at) = asked.strip_prefix("arn:").and_then(|_| asked.find(":parameter/")) else { return asked };
    let with_slash = &asked[at + ":parameter".len()..];
    if with_slash[1..].contains('/') { with_slash } else { &with_slash[1..] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_by_name_version_and_arn() {
        let mut parameters = Parameters::default();
        let mut put = |name: &str, value: &str, overwrite| {
            parameters.put(name, Some(Kind::SecureString), None, value, overwrite, Timestamp::UNIX_EPOCH)
        };
        assert_eq!(put("/myapp/url", "one", false), Some(1));
        assert_eq!(put("/myapp/url", "two", false), None);
        assert_eq!(put("/myapp/url", "two", true), Some(2));
        assert_eq!(put("flat", "three", false), Some(1));
        let arn = "arn:aws:ssm:ap-northeast-1:123456789012:parameter";
        let cases = [
            ("/myapp/url".to_owned(), Ok("two")),
            ("/myapp/url:1".to_owned(), Ok("one")),
            (format!("{arn}/myapp/url"), Ok("two")),
            (format!("{arn}/myapp/url:1"), Ok("one")),
            (format!("{arn}/flat"), Ok("three")),
            ("/myapp/url:3".to_owned(), Err(Missing::Version)),
            ("/myapp/url:0".to_owned(), Err(Missing::Version)),
            ("/myapp/url:current".to_owned(), Err(Missing::Version)),
            ("/myapp".to_owned(), Err(Missing::Parameter)),
            ("arn:aws:ssm:ap-northeast-1".to_owned(), Err(Missing::Parameter)),
            (String::new(), Err(Missing::Parameter)),
        ];
        for (name, expected) in cases {
            assert_eq!(parameters.find(&name).map(|found| found.version.value.as_str()), expected, "{name}");
        }
        assert!(parameters.remove("flat") && !parameters.remove("flat"));
    }
}
