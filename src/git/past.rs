//! What a repository's history says by itself: its tags, and the commits of its main line.

use super::graph::{Graph, GraphError, Node};
use super::{CommitId, GitError, discover, failure};
use std::collections::HashMap;
use std::path::Path;

/// A tag on a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub name: String,
    pub commit: CommitId,
    /// When it was made, seconds since 1970: the tag's own date, or its commit's.
    pub at: i64,
    /// The committer date of its commit, seconds since 1970.
    pub committed_at: i64,
}

/// Every tag that leads to a commit, by time, then by name.
///
/// # Errors
/// When the repository cannot be read.
pub fn tags(root: &Path) -> Result<Vec<Tag>, GitError> {
    let repository = discover(root)?;
    let names = repository
        .tag_names(None)
        .map_err(|error| failure(root, &error))?;
    let mut tags: Vec<Tag> = names
        .iter()
        .filter_map(|name| name.ok().flatten())
        .filter_map(|name| {
            let reference = repository
                .find_reference(&format!("refs/tags/{name}"))
                .ok()?;
            let commit = reference.peel_to_commit().ok()?;
            let tagger = reference
                .peel_to_tag()
                .ok()
                .and_then(|tag| tag.tagger().map(|tagger| tagger.when().seconds()));
            Some(Tag {
                name: name.to_owned(),
                commit: commit.id().into(),
                at: tagger.unwrap_or_else(|| commit.time().seconds()),
                committed_at: commit.time().seconds(),
            })
        })
        .collect();
    tags.sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
    Ok(tags)
}

/// The first lines of the messages of these commits, in their order; empty where one is missing.
///
/// # Errors
/// When the repository cannot be read.
pub fn subjects(root: &Path, commits: &[CommitId]) -> Result<Vec<String>, GitError> {
    let repository = discover(root)?;
    Ok(commits
        .iter()
        .map(|commit| {
            let found =
                git2::Oid::from_bytes(commit.as_bytes()).and_then(|id| repository.find_commit(id));
            found
                .ok()
                .and_then(|commit| {
                    commit
                        .summary_bytes()
                        .map(|text| String::from_utf8_lossy(text).into_owned())
                })
                .unwrap_or_default()
        })
        .collect())
}

/// Of each of these commits that the repository has and that is no merge, its author date in
/// seconds since 1970.
///
/// # Errors
/// When the repository cannot be opened.
pub fn author_dates(root: &Path, commits: &[CommitId]) -> Result<HashMap<CommitId, i64>, GitError> {
    let repository = discover(root)?;
    let dates = commits.iter().filter_map(|id| {
        let commit = repository.find_commit(id.oid()).ok()?;
        (commit.parent_count() < 2).then(|| (*id, commit.author().when().seconds()))
    });
    Ok(dates.collect())
}

/// The commits from `head` along first parents, the oldest first.
///
/// # Errors
/// When the graph cannot be read.
pub fn main_line(graph: &mut Graph, head: &CommitId) -> Result<Vec<Node>, GraphError> {
    let mut line = Vec::new();
    let mut next = graph.node(head)?;
    while let Some(node) = next {
        line.push(node);
        next = graph.first_parent(node).0;
    }
    line.reverse();
    Ok(line)
}
