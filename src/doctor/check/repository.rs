//! Whether the folder is in a repository that can be worked on.

use super::{Finding, Subject};

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    let Some(repository) = subject.repository else {
        return vec![Finding::missing(
            format!("{} is not inside a git repository", subject.root.display()),
            format!("git init {}", subject.root.display()),
        )];
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
