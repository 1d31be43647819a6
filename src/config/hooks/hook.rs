//! The git hooks that may have jobs.

/// A git hook, named as git names it (githooks(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hook {
    PreCommit,
    PreMergeCommit,
    PrepareCommitMsg,
    CommitMsg,
    PrePush,
    PostCheckout,
    PostMerge,
    PostRewrite,
}

impl Hook {
    /// In the order in which git calls them in the life of a commit.
    pub const ALL: [Self; 8] = [
        Self::PreCommit,
        Self::PreMergeCommit,
        Self::PrepareCommitMsg,
        Self::CommitMsg,
        Self::PrePush,
        Self::PostCheckout,
        Self::PostMerge,
        Self::PostRewrite,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::PreMergeCommit => "pre-merge-commit",
            Self::PrepareCommitMsg => "prepare-commit-msg",
            Self::CommitMsg => "commit-msg",
            Self::PrePush => "pre-push",
            Self::PostCheckout => "post-checkout",
            Self::PostMerge => "post-merge",
            Self::PostRewrite => "post-rewrite",
        }
    }

    /// None where the name is no hook that may have jobs.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hook| hook.name() == name)
    }

    /// Whether its jobs look at files: those of the commit, or of the pushed commits.
    #[must_use]
    pub fn has_files(self) -> bool {
        matches!(self, Self::PreCommit | Self::PreMergeCommit | Self::PrePush)
    }

    /// Whether it is given the file that holds the commit's message.
    #[must_use]
    pub fn has_message(self) -> bool {
        matches!(self, Self::PrepareCommitMsg | Self::CommitMsg)
    }

    /// Whether it comes after something arrived (a checkout, a merge, a rebase). Such a hook
    /// runs no command: what has just arrived would run.
    #[must_use]
    pub fn is_after(self) -> bool {
        matches!(
            self,
            Self::PostCheckout | Self::PostMerge | Self::PostRewrite
        )
    }
}

impl std::fmt::Display for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
