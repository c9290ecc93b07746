//! The rules of this crate, beside squawk's.

use crate::Kind::{Breaks, Form, Lock};
use crate::{Kind, Rule};

const fn rule(name: &'static str, kind: Kind, harm: &'static str, instead: &'static str) -> Rule {
    Rule { name, kind, harm, instead }
}

macro_rules! rules {
    ($($constant:ident = $name:literal, $kind:ident, $harm:literal, $instead:literal;)*) => {
        $(pub(super) const $constant: Rule = rule($name, $kind, $harm, $instead);)*
        /// All of them.
        pub(super) const ALL: &[&Rule] = &[$(&$constant),*];
    };
}

rules! {
    FILE_NAME = "file-name", Form,
        "sqlx does not take it for a migration, or reads another version out of it: it is not applied",
        "NNNN_what_it_does.up.sql and .down.sql, with four digits and lower-case letters";
    SAME_NUMBER = "same-number", Form,
        "sqlx refuses two migrations of one version: nothing is applied",
        "give the later one the next number";
    OUT_OF_ORDER = "out-of-order", Form,
        "where the higher one is applied already, `migrate up` refuses this one and the deployment ends",
        "give it the next number";
    CHANGED_AFTER_MERGE = "changed-after-merge", Form,
        "databases that have it know it by another checksum: `migrate up` refuses and the deployment ends",
        "restore the file, and write a new migration";
    REMOVED_AFTER_MERGE = "removed-after-merge", Form,
        "databases that have it know a version that this release does not: `migrate up` refuses and the deployment ends",
        "restore the file; what it did is undone by a new migration";
    MISSING_UP = "missing-up", Form,
        "there is nothing that the down file would undo",
        "write it, or remove the down file";
    MISSING_DOWN = "missing-down", Form,
        "sqlx skips it silently when versions are undone, and undoes the ones below it",
        "write it, even if it only raises an error";
    EMPTY = "empty", Form,
        "nothing, and the version is noted as applied",
        "a statement; a down file with nothing to undo says so in a comment, and why";
    SYNTAX = "syntax", Form,
        "PostgreSQL refuses the file: the migration fails and the deployment ends",
        "SQL that PostgreSQL 15 takes";
    NO_TRANSACTION_NOT_FIRST = "no-transaction-not-first", Form,
        "sqlx looks at the first bytes only: the file runs inside of a transaction",
        "`-- no-transaction` as the very first bytes of the file";
    SEVERAL_STATEMENTS = "several-statements", Form,
        "without a transaction the first one stays when the second one fails, and running the file again begins with the first",
        "one statement in a file with `-- no-transaction`, the others in files of their own";
    TRANSACTION_CONTROL = "transaction-control", Form,
        "it ends the transaction that sqlx runs the file in: what comes before stays when what comes behind fails, and the version is not noted with it",
        "leave it out: the file is one transaction already; in batches, `-- no-transaction` and COMMIT inside of the DO block";
    NOT_IN_TRANSACTION = "not-in-transaction", Form,
        "PostgreSQL refuses it inside of a transaction, which sqlx runs the file in: the migration fails",
        "alone in a file that begins with `-- no-transaction`, and not in a block";
    INVALID_INDEX_HIDDEN = "invalid-index-hidden", Form,
        "a build that was cut off leaves an INVALID index, which IF NOT EXISTS takes for done: it is never used, and written to for ever",
        "leave IF NOT EXISTS out: `migrate up` removes what is left of a build before it builds again";
    LOCK_TIMEOUT = "require-lock-timeout", Form,
        "the statement waits without an end for the longest transaction, and everybody who wants the table waits behind it",
        "SET LOCAL lock_timeout = '500ms'; as the first statement: it gives up before requests do, the queue gets on, and `migrate up` tries again";
    STATEMENT_TIMEOUT = "require-statement-timeout", Form,
        "a statement that takes longer than anybody thought holds its locks until it is done",
        "SET LOCAL statement_timeout = '30s'; before the first statement, or what it may take at the most";
    LOCK_TIMEOUT_LONG = "lock-timeout-too-long", Lock,
        "everybody who wants the table waits behind the statement for that long",
        "10 s at the most; 500 ms, and another try, fails no request that waits a second";
    TIMEOUT_OFF = "timeout-off", Lock,
        "0 is no timeout: it waits, or works, without an end",
        "a duration, such as '500ms'";
    SET_NOT_LOCAL = "set-not-local", Form,
        "it stays set for the migrations that come after this one on the same connection",
        "SET LOCAL";
    UNBOUNDED_UPDATE = "unbounded-update", Lock,
        "every row that it changes is locked until all are done, which writers of those rows wait for, and leaves a dead copy",
        "a DO block with a loop over ranges of the key, a COMMIT after each, in a file that begins with `-- no-transaction`";
    UNBOUNDED_DELETE = "unbounded-delete", Lock,
        "every row that it deletes is locked until all are done, which writers of those rows wait for, and the release before misses them",
        "a DO block with a loop over ranges of the key, a COMMIT after each, in a file that begins with `-- no-transaction`";
    BATCHES_IN_ONE_TRANSACTION = "batches-in-one-transaction", Lock,
        "without a COMMIT between them, the rows of all batches stay locked until the last one is done",
        "COMMIT at the end of the loop, in a file that begins with `-- no-transaction`";
    TRUNCATE = "ban-truncate", Breaks,
        "an ACCESS EXCLUSIVE lock on the table, and the rows that the release before reads are gone",
        "delete in batches by key, once nobody reads them";
    LOCK_TABLE = "lock-table", Lock,
        "whoever needs the table waits until the migration ends",
        "leave it out: a statement takes the lock that it needs; change rows in batches";
    DYNAMIC_DDL = "dynamic-ddl", Lock,
        "nobody can see before it runs what it changes, nor which locks it takes",
        "write the statement itself";
    REFRESH = "refresh-locks-readers", Lock,
        "an ACCESS EXCLUSIVE lock on the view for as long as its query takes: readers wait",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index on it";
    REWRITE = "rewrites-table", Lock,
        "the table is written anew under an ACCESS EXCLUSIVE lock: readers and writers wait for as long as that takes",
        "a table beside it, filled in batches; or pg_repack, outside of the migrations";
    ATTACH_PARTITION = "attach-partition-scans", Lock,
        "without a valid CHECK that says the same as its bounds the partition is read whole under an ACCESS EXCLUSIVE lock",
        "ADD CONSTRAINT ... CHECK ... NOT VALID and VALIDATE it in files before this one, then allow it with that reason";
    ROLES = "roles-and-passwords", Breaks,
        "roles are of the whole server: the next database meets them, and a password in a migration is in the history for ever",
        "make roles where the server is made; a password comes from a secret";
    SQUAWK_COMMENT = "squawk-comment", Form,
        "nothing: squawk is not asked by its own comments here, since those need no reason",
        "`-- allow RULE: reason` above the statement";
    ALLOW_WITHOUT_REASON = "allow-without-reason", Form,
        "nobody who reads it later can tell whether it still holds",
        "`-- allow RULE: reason`, with a sentence on why this statement does no harm";
    UNUSED_ALLOW = "unused-allow", Form,
        "nothing; it would hide what is changed here later",
        "remove it";
    UNKNOWN_RULE = "unknown-rule", Form,
        "nothing is allowed by it",
        "the name that a finding shows; what is wrong with a file as such cannot be allowed";
    CONTRACT_MARK = "contract-mark", Form,
        "nobody can tell which releases do without what is taken away: a rollback may meet a schema that it cannot live with",
        "`-- contract: since NNNN`, with the version below this one from which on no release uses it";
    CONTRACT_TOO_EARLY = "contract-too-early", Form,
        "the release that runs now still uses what is taken away: it fails while this one comes in, and after a rollback",
        "merge and deploy the expanding step, let it be in production for a release, then merge this one";
    CONTRACT_MIXED = "contract-mixed", Form,
        "`/ready` does not wait for a contract step: the release would serve before what this makes is there",
        "what is made goes into a file without the mark, before the release that uses it";
}
