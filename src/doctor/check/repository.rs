//! Whether the folder is in a repository that can be worked on.

use super::{Finding, Subject};
use crate::git::GitError;

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    let repository = match subject.repository {
        Ok(repository) => repository,
        Err(error) => return vec![unusable(subject, error)],
    };
    let mut findings = vec![match (&repository.branch, &repository.head) {
        (_, None) => Finding::ok("the repository has no commit yet"),
        (Some(branch), _) => Finding::ok(format!("the repository is on branch {branch}")),
        (None, Some(_)) => Finding::warning(
            "HEAD is detached: a commit made now belongs to no branch",
            "git switch -c NAME",
        ),
    }];
    if let Some(under_way) = repository.under_way {
        findings.push(Finding::warning(
            format!("a {under_way} is under way in the repository"),
            format!("finish it, or give it up with: git {under_way} --abort"),
        ));
    }
    findings
}

fn unusable(subject: &Subject, error: &GitError) -> Finding {
    let root = subject.root.display();
    let mend = match error {
        GitError::NotARepository(_) => format!("git init {root}"),
        GitError::Unreadable { path, .. } => {
            format!("make it readable: chmod u+rx {}", path.display())
        }
        GitError::Bare(_) => format!("work in a clone of it: git clone {root}"),
        GitError::Git { message, .. } if message.contains("owned") => {
            format!("if you trust it: git config --global --add safe.directory {root}")
        }
        _ => format!("git -C {root} status says more"),
    };
    Finding::missing(error.to_string(), mend)
}
