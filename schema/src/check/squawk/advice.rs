//! Each of squawk's rules that is held to: its kind, its harm, and what to write instead.
//!
//! Locks and who waits for them: <https://www.postgresql.org/docs/15/explicit-locking.html> and the
//! page of each command. Rules that are not here are about taste, or are seen better by this crate.

use squawk_linter::Rule as Theirs;

use crate::Kind::{Breaks, Later, Lock, TakesAway};
use crate::{Kind, Rule};

type Row = (Theirs, &'static str, Kind, &'static str, &'static str);

pub(super) fn all() -> Vec<(Theirs, Rule)> {
    let rule = |(theirs, name, kind, harm, instead): &Row| (*theirs, Rule { name, kind: *kind, harm, instead });
    [LOCKS, GONE, BROKEN, LATER].into_iter().flatten().map(rule).collect()
}

const LOCKS: &[Row] = &[
    (
        Theirs::RequireConcurrentIndexCreation,
        "require-concurrent-index-creation",
        Lock,
        "CREATE INDEX takes a SHARE lock for as long as it builds: every INSERT, UPDATE and DELETE on the table waits",
        "CREATE INDEX CONCURRENTLY, alone in a file that begins with `-- no-transaction`",
    ),
    (
        Theirs::RequireConcurrentIndexDeletion,
        "require-concurrent-index-deletion",
        Lock,
        "DROP INDEX takes an ACCESS EXCLUSIVE lock on the table and waits for its longest transaction; everybody else, readers too, waits behind it",
        "DROP INDEX CONCURRENTLY, alone in a file that begins with `-- no-transaction`",
    ),
    (
        Theirs::RequireConcurrentReindex,
        "require-concurrent-reindex",
        Lock,
        "REINDEX locks writers out of the table, and readers out of the index, until it is rebuilt",
        "REINDEX ... CONCURRENTLY, alone in a file that begins with `-- no-transaction`",
    ),
    (
        Theirs::RequireConcurrentPartitionDetach,
        "require-concurrent-partition-detach",
        Lock,
        "DETACH PARTITION takes an ACCESS EXCLUSIVE lock on the whole partitioned table: readers and writers wait",
        "DETACH PARTITION ... CONCURRENTLY, alone in a file that begins with `-- no-transaction`",
    ),
    (
        Theirs::ConstraintMissingNotValid,
        "constraint-missing-not-valid",
        Lock,
        "the whole table is read to check the rows that are there, under a lock that writers wait for (a foreign key locks both tables)",
        "ADD CONSTRAINT ... NOT VALID in one file, VALIDATE CONSTRAINT in the next: that reads under a lock that nobody waits for",
    ),
    (
        Theirs::AddingForeignKeyConstraint,
        "adding-foreign-key-constraint",
        Lock,
        "SHARE ROW EXCLUSIVE on both tables while every row is looked up: writers of both wait",
        "ADD CONSTRAINT ... FOREIGN KEY ... NOT VALID in one file, VALIDATE CONSTRAINT in the next",
    ),
    (
        Theirs::AddingFieldWithDefault,
        "adding-field-with-default",
        Lock,
        "a default that is not constant, or a stored generated column, rewrites every row under an ACCESS EXCLUSIVE lock: readers and writers wait for as long as that takes",
        "add the column without it, fill it in batches, then SET DEFAULT for new rows",
    ),
    (
        Theirs::AddingSerialPrimaryKeyField,
        "adding-serial-primary-key-field",
        Lock,
        "the unique index behind it is built under an ACCESS EXCLUSIVE lock: readers and writers wait",
        "CREATE UNIQUE INDEX CONCURRENTLY in one file, ADD CONSTRAINT ... PRIMARY KEY USING INDEX in the next",
    ),
    (
        Theirs::DisallowedUniqueConstraint,
        "disallowed-unique-constraint",
        Lock,
        "the index behind it is built under an ACCESS EXCLUSIVE lock: readers and writers wait",
        "CREATE UNIQUE INDEX CONCURRENTLY in one file, ADD CONSTRAINT ... UNIQUE USING INDEX in the next",
    ),
    (
        Theirs::AddingNotNullableField,
        "adding-not-nullable-field",
        Lock,
        "SET NOT NULL reads the whole table under an ACCESS EXCLUSIVE lock: readers and writers wait",
        "ADD CONSTRAINT ... CHECK (column IS NOT NULL) NOT VALID, VALIDATE CONSTRAINT in the next file, SET NOT NULL in a third: it then reads nothing",
    ),
    (
        Theirs::ChangingColumnType,
        "changing-column-type",
        Breaks,
        "every row and index is rewritten under an ACCESS EXCLUSIVE lock, and the release before reads and writes the old type",
        "add a column of the new type, write both, fill it in batches, read the new one, and drop the old one in a contract step",
    ),
];

const GONE: &[Row] = &[
    (
        Theirs::BanDropColumn,
        "ban-drop-column",
        TakesAway,
        "the release before names the column in its queries: each of them fails from this moment, and after a rollback",
        "stop using it in one release, drop it in a later one, in a file marked `-- contract: since NNNN`",
    ),
    (
        Theirs::BanDropTable,
        "ban-drop-table",
        TakesAway,
        "the release before uses the table: its queries fail from this moment, and after a rollback; the rows are gone",
        "stop using it in one release, drop it in a later one, in a file marked `-- contract: since NNNN`",
    ),
    (
        Theirs::BanDropView,
        "ban-drop-view",
        TakesAway,
        "queries of the release before that name the view fail from this moment",
        "stop using it in one release, drop it in a later one, in a file marked `-- contract: since NNNN`",
    ),
    (
        Theirs::BanDropFunction,
        "ban-drop-function",
        TakesAway,
        "queries, defaults and triggers of the release before that call it fail from this moment",
        "stop using it in one release, drop it in a later one, in a file marked `-- contract: since NNNN`",
    ),
    (
        Theirs::BanDropType,
        "ban-drop-type",
        TakesAway,
        "the release before has the type in its queries, and prepared statements that know it fail",
        "stop using it in one release, drop it in a later one, in a file marked `-- contract: since NNNN`",
    ),
    (
        Theirs::BanDropDefault,
        "ban-drop-default",
        TakesAway,
        "an INSERT of the release before that leaves the column out writes NULL from this moment, or fails",
        "have every release write the column first, then drop the default in a file marked `-- contract: since NNNN`",
    ),
    (
        Theirs::BanDropTrigger,
        "ban-drop-trigger",
        TakesAway,
        "what the trigger kept true for the release before is kept true no longer",
        "drop it in a file marked `-- contract: since NNNN`, once no release relies on it",
    ),
    (
        Theirs::BanDropSchema,
        "ban-drop-schema",
        TakesAway,
        "everything in it is gone for the release before",
        "drop it in a file marked `-- contract: since NNNN`, once no release uses anything in it",
    ),
    (
        Theirs::BanDropSequence,
        "ban-drop-sequence",
        TakesAway,
        "inserts of the release before that draw from it fail from this moment",
        "drop it in a file marked `-- contract: since NNNN`, once nothing draws from it",
    ),
    (
        Theirs::BanDropDomain,
        "ban-drop-domain",
        TakesAway,
        "columns and queries of the release before that use the domain fail",
        "drop it in a file marked `-- contract: since NNNN`, once nothing uses it",
    ),
    (
        Theirs::BanDropConstraint,
        "ban-drop-constraint",
        TakesAway,
        "an ON CONFLICT of the release before that names the constraint or its columns fails, and what it kept out comes in",
        "drop it in a file marked `-- contract: since NNNN`, once no release relies on it",
    ),
    (
        Theirs::BanDropGeneratedExpression,
        "ban-drop-generated-expression",
        TakesAway,
        "the release before never writes the column, since it was generated: it is NULL in its rows from this moment",
        "have every release write the column first, then drop the expression in a file marked `-- contract: since NNNN`",
    ),
    (
        Theirs::BanDropExtension,
        "ban-drop-extension",
        TakesAway,
        "types, functions and indexes of the extension are gone for the release before",
        "drop it in a file marked `-- contract: since NNNN`, once nothing uses it",
    ),
    (
        Theirs::BanDropPolicy,
        "ban-drop-policy",
        TakesAway,
        "rows that the policy let the release before see or write are out of its reach",
        "drop it in a file marked `-- contract: since NNNN`, once no release relies on it",
    ),
    (
        Theirs::BanRevoke,
        "ban-revoke",
        TakesAway,
        "the release before is refused what it was allowed, query by query",
        "revoke it in a file marked `-- contract: since NNNN`, once no release needs it",
    ),
    (
        Theirs::BanDisableTrigger,
        "ban-disable-trigger",
        TakesAway,
        "what the trigger kept true for the release before is kept true no longer",
        "disable it in a file marked `-- contract: since NNNN`, once no release relies on it",
    ),
];

const BROKEN: &[Row] = &[
    (
        Theirs::RenamingColumn,
        "renaming-column",
        Breaks,
        "queries of the release before that have the old name fail from this moment, and after a rollback those of this one",
        "add the new column, write both, fill it in batches, read the new one, drop the old one in a contract step: three deployments, see migrations/README.md",
    ),
    (
        Theirs::RenamingTable,
        "renaming-table",
        Breaks,
        "queries of the release before that have the old name fail from this moment, and after a rollback those of this one",
        "keep the name, or make the new table and a view of the old name that can be written, and drop the view in a contract step",
    ),
    (
        Theirs::RenamingObject,
        "renaming-object",
        Breaks,
        "whatever of the release before has the old name fails from this moment",
        "make the new one beside it, and drop the old one in a contract step",
    ),
    (
        Theirs::BanSetSchema,
        "ban-set-schema",
        Breaks,
        "queries of the release before look for it where it was",
        "make it anew in the other schema, and drop the old one in a contract step",
    ),
    (
        Theirs::BanDropDatabase,
        "ban-drop-database",
        Breaks,
        "everything is gone",
        "a migration changes the schema of one database; databases are made and dropped by whoever runs the server",
    ),
    (
        Theirs::AddingRequiredField,
        "adding-required-field",
        Breaks,
        "it fails when there is a row, and otherwise every INSERT of the release before, which does not know the column, fails",
        "add it without NOT NULL, or with a constant DEFAULT",
    ),
    (
        Theirs::BanDropNotNull,
        "ban-drop-not-null",
        Breaks,
        "the release before reads the column as one that is never NULL: the first NULL that the new one writes fails to decode",
        "have a release that reads NULL serve first; where the new release never writes NULL while the old one serves, allow it with that reason",
    ),
    (
        Theirs::BanTruncateCascade,
        "ban-truncate-cascade",
        Breaks,
        "the rows of every table that refers to it are gone too, under ACCESS EXCLUSIVE locks on all of them",
        "delete in batches by key, table by table",
    ),
    (
        Theirs::BanAlterDomainWithAddConstraint,
        "ban-alter-domain-with-add-constraint",
        Lock,
        "every table with a column of the domain is read under a lock that writers wait for, and the release before may write what it refuses",
        "ADD CONSTRAINT ... NOT VALID, and VALIDATE CONSTRAINT in the next file",
    ),
    (
        Theirs::BanAlterIdentity,
        "ban-alter-identity",
        Breaks,
        "inserts of the release before that give, or do not give, the column a value are refused",
        "keep it as it is until no release relies on it; then allow it with that reason",
    ),
    (
        Theirs::BanReplicaIdentity,
        "ban-replica-identity",
        Breaks,
        "who follows the table by logical replication loses the old values, or updates fail",
        "change it together with who follows, outside of the migrations",
    ),
    (
        Theirs::BanAlterRowLevelSecurity,
        "ban-alter-row-level-security",
        Breaks,
        "the release before sees and writes only what a policy lets it, which is nothing where there is none",
        "make the policies first, have every release set what they ask for, then allow it with that reason",
    ),
    (
        Theirs::BanDuplicateColumnAssignments,
        "ban-duplicate-column-assignments",
        Breaks,
        "PostgreSQL refuses a column that is assigned twice: the migration fails",
        "assign it once",
    ),
];

const LATER: &[Row] = &[
    (
        Theirs::PreferBigintOverInt,
        "prefer-bigint-over-int",
        Later,
        "nothing today; at 2 147 483 647 every INSERT fails, and widening it rewrites the table under an ACCESS EXCLUSIVE lock",
        "bigint",
    ),
    (
        Theirs::PreferBigintOverSmallint,
        "prefer-bigint-over-smallint",
        Later,
        "nothing today; at 32 767 every INSERT fails, and widening it rewrites the table under an ACCESS EXCLUSIVE lock",
        "bigint",
    ),
    (
        Theirs::PreferTextField,
        "prefer-text-field",
        Later,
        "nothing today; another limit is a change of type, with an ACCESS EXCLUSIVE lock and, when it is a lower one, a scan",
        "text, with a CHECK on its length where there has to be a limit",
    ),
    (
        Theirs::BanCharField,
        "ban-char-field",
        Later,
        "nothing today; values are padded with spaces, and comparing them surprises",
        "text",
    ),
    (
        Theirs::PreferTimestampTz,
        "prefer-timestamp-tz",
        Later,
        "nothing today; a time without its zone means another moment for each session's setting, and the change rewrites the table",
        "timestamptz",
    ),
    (
        Theirs::PreferIdentity,
        "prefer-identity",
        Later,
        "nothing today; a serial's sequence has rights and an owner of its own, which a restore or a copy loses",
        "bigint GENERATED ALWAYS AS IDENTITY",
    ),
    (
        Theirs::BanCreateDomainWithConstraint,
        "ban-create-domain-with-constraint",
        Later,
        "nothing today; changing its condition reads every table with a column of the domain under a lock that writers wait for",
        "the plain type, with a CHECK on the column",
    ),
    (
        Theirs::IdentifierTooLong,
        "identifier-too-long",
        Later,
        "PostgreSQL cuts a name off after 63 bytes, without failing: two names can become one",
        "a name of 63 bytes at the most",
    ),
];
