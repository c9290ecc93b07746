//! A rule: what it is about, what would happen in production, and what to write instead.

/// A rule of [`check`](crate::check).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, as a finding shows it and `-- allow` takes it. Rules of squawk keep squawk's names
    /// (<https://squawkhq.com/docs/rules>).
    pub name: &'static str,
    /// What kind of harm it is about.
    pub kind: Kind,
    /// What would happen in production: which lock, for how long, who waits, what breaks.
    pub harm: &'static str,
    /// The safe way to write it.
    pub instead: &'static str,
}

/// What kind of harm a rule is about, which says what takes it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Somebody waits for a lock. A table that this branch makes has nobody who could.
    Lock,
    /// Something is taken away that the release before may use: right in a contract step, and of a
    /// table that this branch makes.
    TakesAway,
    /// The release before meets something that it cannot live with, and no mark makes that right.
    Breaks,
    /// Nothing breaks today; it is a type or a name that is expensive to change later.
    Later,
    /// The file itself, its name, its marks, its place in the order. It cannot be allowed.
    Form,
}
