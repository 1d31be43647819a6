//! `protected-branch`: what reaches a protected branch reaches it by a merge on the other side.

use super::{Commit, Finding, Options, Push};
use bstr::ByteSlice;

const ID: &str = "protected-branch";

pub(super) fn look_at_commit(commit: &Commit, options: &Options) -> Vec<Finding> {
    let Some(branch) = commit.branch.and_then(|branch| branch.to_str().ok()) else {
        return Vec::new();
    };
    // The first commit has no other branch to be made on.
    if commit.first || !options.protected.matches(Some(branch)) {
        return Vec::new();
    }
    vec![Finding::error(
        ID,
        format!("{branch} is protected and takes no commit of its own"),
        "take the change to a branch: git switch -c NAME, then commit again",
    )]
}

pub(super) fn look_at_push(push: &Push, options: &Options) -> Vec<Finding> {
    push.refs
        .iter()
        .filter_map(|pushed| {
            let branch = pushed.remote.strip_prefix(b"refs/heads/")?.to_str().ok()?;
            if !options.protected.matches(Some(branch)) {
                return None;
            }
            let remote = push.remote;
            let what = if pushed.deletes {
                format!("the push deletes {branch} of {remote}, which is protected")
            } else if pushed.creates {
                // Somebody has to bring the first commits.
                return None;
            } else if pushed.forces {
                format!("the push takes commits away from {branch} of {remote}, which is protected")
            } else {
                format!("the push goes straight to {branch} of {remote}, which is protected")
            };
            let mend = format!("push a branch of your own and merge it there: git push {remote} HEAD:refs/heads/NAME");
            Some(Finding::error(ID, what, mend))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::hooks::Branches;
    use crate::hooks::check::PushedRef;

    fn options() -> Options {
        Options {
            protected: Branches::new(["main", "release/*"]).unwrap(),
            ..Options::default()
        }
    }

    #[test]
    fn commits_go_to_other_branches() {
        let finds = |branch: Option<&str>, first: bool, merge: bool| {
            let commit = Commit {
                branch: branch.map(Into::into),
                first,
                merge,
            };
            !look_at_commit(&commit, &options()).is_empty()
        };
        assert!(finds(Some("main"), false, false) && finds(Some("release/1"), false, true));
        assert!(!finds(Some("main"), true, false), "the first commit");
        assert!(!finds(Some("topic"), false, false) && !finds(None, false, false));
        assert!(!finds(Some("main2"), false, false) && !finds(Some("a/main"), false, false));
    }

    #[test]
    fn pushes_go_to_other_branches() {
        let said = |remote: &str, deletes: bool, creates: bool, forces: bool| {
            let pushed = PushedRef {
                local: "refs/heads/x".into(),
                remote: remote.into(),
                deletes,
                creates,
                forces,
            };
            let push = Push {
                remote: "origin".into(),
                refs: &[pushed],
            };
            look_at_push(&push, &options())
                .pop()
                .map(|finding| finding.message)
        };
        let start = |said: Option<String>| said.map(|said| said[..17].to_owned());
        assert_eq!(
            start(said("refs/heads/main", false, false, false)).as_deref(),
            Some("the push goes str")
        );
        assert_eq!(
            start(said("refs/heads/main", true, false, false)).as_deref(),
            Some("the push deletes ")
        );
        assert_eq!(
            start(said("refs/heads/release/2", false, false, true)).as_deref(),
            Some("the push takes co")
        );
        assert_eq!(said("refs/heads/main", false, true, false), None);
        assert_eq!(said("refs/heads/topic", false, false, true), None);
        assert_eq!(said("refs/tags/main", true, false, false), None);
    }
}
