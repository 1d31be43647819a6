//! The index as a list of paths.

use super::Mode;
use bstr::BStr;

/// What the commit will contain, or what a commit contains.
pub struct Listing<'a> {
    /// Sorted by path, as git sorts an index.
    pub entries: &'a [Entry<'a>],
    /// Paths that the commit takes away (or moves elsewhere), sorted.
    pub removed: &'a [&'a BStr],
}

#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Relative to the root, `/`-separated.
    pub path: &'a BStr,
    pub mode: Mode,
    /// Whether the commit adds or changes it; true for every entry where all files are asked for.
    pub changed: bool,
    /// Where a symlink points, as its blob says; None for anything else.
    pub target: Option<&'a BStr>,
    /// Where the commit puts a small file in the place of a symlink.
    pub replaced: Option<Replaced<'a>>,
}

/// A file that stands where a symlink stood.
#[derive(Debug, Clone, Copy)]
pub struct Replaced<'a> {
    /// Where the symlink pointed.
    pub target: &'a BStr,
    /// What the file holds.
    pub content: &'a BStr,
}
