//! The account under which the server runs: PostgreSQL refuses to run as root.

use std::io;
use std::os::unix::fs::chown;
use std::path::Path;

use tokio::process::Command;

/// An account that is not root's. `initdb` looks the name of its user up and refuses an id
/// without one, so an account is one that has an entry in the password database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: String,
    uid: u32,
    gid: u32,
}

impl Account {
    /// The account to drop to out of the text of `/etc/passwd`: `postgres` where there is one,
    /// `nobody` else, and else the first that is not root.
    pub(crate) fn choose(passwd: &str) -> Option<Self> {
        let accounts: Vec<Self> = passwd.lines().filter_map(Self::parse).collect();
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| accounts.iter().find(|account| account.name == *name))
            .or_else(|| accounts.first())
            .cloned()
    }

    /// One line of `/etc/passwd`; none for root, for a comment, or for a negative id.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let _password = fields.next()?;
        let uid: u32 = fields.next()?.parse().ok()?;
        let gid: u32 = fields.next()?.parse().ok()?;
        (uid != 0).then_some(Self { name, uid, gid })
    }

    /// Makes a command run under this account; std drops root's other groups with it.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    /// Hands a file or a directory to this account.
    pub(crate) fn take(&self, path: &Path) -> io::Result<()> {
        chown(path, Some(self.uid), Some(self.gid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_postgres_else_nobody_else_any_but_root() {
        let cases = [
            (
                "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\npostgres:x:101:104::/:/bin/sh",
                Some(("postgres", 101, 104)),
            ),
            (
                "root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/:/bin/false\nnobody:x:65534:65534::/:/bin/false",
                Some(("nobody", 65534, 65534)),
            ),
            ("# a comment\nroot:*:0:0::/root:/bin/sh\n_www:*:70:70::/:/bin/false", Some(("_www", 70, 70))),
            ("nobody:*:-2:-2::/:/usr/bin/false\n_www:*:70:70::/:/bin/false", Some(("_www", 70, 70))),
            ("postgres:x:0:0::/:/bin/sh", None),
            ("root:x:0:0::/root:/bin/sh", None),
            ("", None),
        ];
        for (passwd, expected) in cases {
            let seen = Account::choose(passwd);
            let seen = seen.as_ref().map(|a| (a.name.as_str(), a.uid, a.gid));
            assert_eq!(seen, expected, "{passwd}");
        }
    }
}
