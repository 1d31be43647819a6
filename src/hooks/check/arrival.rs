//! What a checkout, a merge or a rebase has just brought.

/// How a path differs from before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Added,
    Modified,
    Removed,
}

/// What is other than before.
pub struct Arrival<'a> {
    /// Paths relative to the root.
    pub changed: &'a [(String, Kind)],
    /// How the project's services are migrated.
    pub migrations: &'a [Migration],
}

/// How one service's database is migrated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Where the migrations lie, relative to the root.
    pub folder: String,
    /// Where the command is run.
    pub working_dir: String,
    pub command: Option<String>,
}
