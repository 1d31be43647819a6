//! A commit's message as the commit-msg hook is given it.

use bstr::BStr;

/// What the file holds that git hands to the hook, and how git will clean it up.
pub struct Message<'a> {
    pub text: &'a [u8],
    /// `core.commentString` or `core.commentChar`; `#` where neither is set.
    pub comment: &'a BStr,
    pub cleanup: Cleanup,
}

/// git-commit(1), `--cleanup`. git's default is `Strip` where an editor was used and
/// `Whitespace` elsewhere: then it runs its hooks with `GIT_EDITOR=:`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cleanup {
    /// Takes comment lines away, blanks and empty lines at the ends too.
    #[default]
    Strip,
    /// Takes blanks and empty lines away; a comment line is text.
    Whitespace,
    /// As `Whitespace`, and everything from the scissors line on.
    Scissors,
    Verbatim,
}
