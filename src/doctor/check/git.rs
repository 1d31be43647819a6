//! Whether the git executable is there; network access and worktrees go through it.

use super::{Finding, Subject, tool_from};

/// The first with `git rev-parse --path-format`.
const LEAST: &str = "2.31";

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    let mend = "install git from https://git-scm.com/downloads (Debian: apt-get install git)";
    vec![tool_from(
        subject,
        "git",
        LEAST,
        || Finding::missing("git is not on PATH", mend),
        mend,
    )]
}

#[cfg(test)]
mod tests {
    use super::super::tests;
    use crate::doctor::Level;

    #[test]
    fn an_old_git_is_an_error_and_none_is_missing() {
        let project = tests::project(Vec::new());
        assert_eq!(
            tests::look(super::look, &project, &[("git", "git version 2.20.1")]),
            [(
                Level::Error,
                false,
                "git 2.20.1 is older than 2.31".to_owned()
            )]
        );
        assert_eq!(
            tests::look(super::look, &project, &[("git", "git version 2.39.5")]),
            [(Level::Ok, false, "git 2.39.5".to_owned())]
        );
        assert_eq!(
            tests::look(super::look, &project, &[]),
            [(Level::Error, true, "git is not on PATH".to_owned())]
        );
    }
}
