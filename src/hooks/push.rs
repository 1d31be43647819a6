//! What a push is about to send: githooks(5), pre-push.

use crate::git::{GitError, Introduced, ObjectId, Objects, Repository, Revisions};
use bstr::{BStr, BString, ByteSlice};
use std::collections::HashSet;

/// What git tells the hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushRequest {
    /// Name of the remote, or its address where it has no name.
    pub remote: BString,
    pub lines: Vec<PushLine>,
}

/// One line of the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushLine {
    pub local: BString,
    /// None where the ref is deleted.
    pub local_id: Option<ObjectId>,
    pub remote: BString,
    /// None where the ref is not there yet.
    pub remote_id: Option<ObjectId>,
}

/// A text that is no line of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of standard input is not what git tells a pre-push hook: {text:?}")]
pub struct PushError {
    /// From 1.
    line: usize,
    text: String,
}

impl PushRequest {
    /// Reads the protocol: `<local ref> <local id> <remote ref> <remote id>` in each line.
    ///
    /// # Errors
    /// A line that is none.
    pub fn parse(remote: BString, input: &[u8]) -> Result<Self, PushError> {
        let mut lines = Vec::new();
        for (number, line) in input.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let wrong = || PushError {
                line: number + 1,
                text: line.to_str_lossy().into_owned(),
            };
            let fields: Vec<&[u8]> = line.split_str(" ").collect();
            let [local, local_id, remote, remote_id] = fields[..] else {
                return Err(wrong());
            };
            let id = |hex: &[u8]| {
                let id = ObjectId::from_hex(hex).map_err(|_| wrong())?;
                Ok((!id.is_null()).then_some(id))
            };
            lines.push(PushLine {
                local: local.into(),
                local_id: id(local_id)?,
                remote: remote.into(),
                remote_id: id(remote_id)?,
            });
        }
        Ok(Self { remote, lines })
    }

    /// What pushing the current branch to where it belongs would tell, for who calls the hook by
    /// hand.
    #[must_use]
    pub fn of_branch(repository: &Repository, revisions: &Revisions) -> Self {
        let branch = repository.branch.clone().unwrap_or_default();
        let name = BString::from(format!("refs/heads/{branch}"));
        let known = revisions.commit(&format!("refs/remotes/origin/{branch}"));
        Self {
            remote: "origin".into(),
            lines: repository
                .head_id()
                .map(|head| PushLine {
                    local: name.clone(),
                    local_id: Some(head),
                    remote: name,
                    remote_id: known.map(|commit| commit.id),
                })
                .into_iter()
                .collect(),
        }
    }
}

/// A push with what the commit graph says of it.
#[derive(Debug)]
pub(super) struct Pushed {
    /// Ids of what is pushed, HEAD first where it is among them.
    pub(super) tips: Vec<ObjectId>,
    /// What the commits brought that the other side does not have as far as is known, newest last.
    pub(super) brought: Vec<Introduced>,
    /// By line: whether commits of the other side would be lost.
    pub(super) forces: Vec<bool>,
}

impl Pushed {
    pub(super) fn new(
        request: &PushRequest,
        repository: &Repository,
        objects: &Objects,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Self, GitError> {
        let revisions = Revisions::open(repository)?;
        let head = repository.head_id();
        let mut tips: Vec<ObjectId> = Vec::new();
        for line in &request.lines {
            let commit = line
                .local_id
                .and_then(|id| revisions.commit(&id.to_string()));
            if let Some(commit) = commit
                && !tips.contains(&commit.id)
            {
                tips.push(commit.id);
            }
        }
        tips.sort_by_key(|id| Some(*id) != head);
        let mut known: Vec<ObjectId> = request
            .lines
            .iter()
            .filter_map(|line| line.remote_id)
            .collect();
        known.extend(revisions.remote_tips(&request.remote.to_str_lossy()));
        let forces = request
            .lines
            .iter()
            .map(|line| match (line.local_id, line.remote_id) {
                (Some(new), Some(old)) => !revisions.descends(new, old),
                _ => false,
            })
            .collect();
        let commits = revisions.between(&tips, &known)?;
        Ok(Self {
            brought: revisions.introduced(&commits, objects, interrupted)?,
            tips,
            forces,
        })
    }

    /// Paths of what was brought, each once.
    pub(super) fn paths(&self) -> Vec<BString> {
        let paths: HashSet<&BStr> = self.brought.iter().map(|one| one.path.as_bstr()).collect();
        paths.into_iter().map(ToOwned::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_protocol_is_read() {
        let (a, zero) = ("1".repeat(40), "0".repeat(40));
        let text =
            format!("refs/heads/x {a} refs/heads/y {zero}\n(delete) {zero} refs/heads/z {a}\n");
        let request = PushRequest::parse("origin".into(), text.as_bytes()).unwrap();
        let id = ObjectId::from_hex(a.as_bytes()).ok();
        let ids: Vec<_> = request
            .lines
            .iter()
            .map(|line| (line.local_id, line.remote_id))
            .collect();
        assert_eq!(ids, [(id, None), (None, id)]);
        assert_eq!(request.lines[0].remote, "refs/heads/y");
        for wrong in ["x", "a b c d", &format!("a {a} b {zero} c")] {
            assert!(
                PushRequest::parse("o".into(), wrong.as_bytes()).is_err(),
                "{wrong}"
            );
        }
        assert!(
            PushRequest::parse("o".into(), b"\n")
                .unwrap()
                .lines
                .is_empty()
        );
    }
}
