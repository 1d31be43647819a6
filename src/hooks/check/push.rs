//! What is about to happen to branches and other refs.

use bstr::BStr;

/// A commit that is about to be made.
pub struct Commit<'a> {
    /// Without `refs/heads/`; None when HEAD is detached.
    pub branch: Option<&'a BStr>,
    /// Whether the repository has no commit yet.
    pub first: bool,
    /// Whether a merge is being concluded.
    pub merge: bool,
}

/// A push that is about to be made: githooks(5), pre-push.
pub struct Push<'a> {
    /// Name of the remote, or its URL where it has no name.
    pub remote: &'a BStr,
    pub refs: &'a [PushedRef<'a>],
}

/// One line of the pre-push protocol, with what the commit graph says of it.
#[derive(Debug, Clone, Copy)]
pub struct PushedRef<'a> {
    /// Full name on this side, `(delete)` or any expression for a commit.
    pub local: &'a BStr,
    /// Full name on the other side: `refs/heads/main`.
    pub remote: &'a BStr,
    /// Whether the push deletes it there.
    pub deletes: bool,
    /// Whether it is not there yet.
    pub creates: bool,
    /// Whether commits that are there would be lost: the new one does not descend from the old.
    pub forces: bool,
}
