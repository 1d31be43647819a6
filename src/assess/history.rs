//! What the history says: releases, their size, and how long commits waited for them.

use crate::dora::metrics::percentile::{nearest_ranks, ratio};
use crate::git::graph::{Graph, GraphError, Node, Reach};
use crate::git::past::{self, Tag};
use crate::git::{CommitId, Repository};
use serde::Serialize;

use super::AssessError;

/// Of many releases only these last ones say how it is today.
const LAST: usize = 20;
/// A release so soon after another mends it, if it holds a fix.
const SOON: i64 = 7 * 86_400;

#[derive(Debug, Clone, Serialize)]
pub struct History {
    /// Commits that the current branch reaches.
    pub commits: usize,
    /// Second of the last of them, since 1970.
    pub last_commit: Option<i64>,
    /// Release tags that the current branch or another one reaches.
    pub releases: usize,
    /// The last of them, which the measures below are of.
    pub looked_at: Vec<Release>,
    /// Commits of the current branch that no release holds.
    pub unreleased: Option<usize>,
    /// Seconds since the last release, by the clock.
    pub since_release: Option<i64>,
    /// Seconds from one release to the next.
    pub between_releases: Measured,
    /// Commits without merges in each release.
    pub batch: Measured,
    /// Seconds from a commit to its release.
    pub commit_to_release: Measured,
    /// Seconds from a commit to the merge that brought it to the main line; of changes that came
    /// by a merge commit.
    pub commit_to_merge: Measured,
    /// Seconds from the main line to the release.
    pub merge_to_release: Measured,
    /// Share of the releases that another one with a fix followed within a week.
    pub mended_soon: Option<f64>,
    /// Names of those.
    pub mended: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Release {
    pub name: String,
    pub commit: CommitId,
    /// Second since 1970.
    pub at: i64,
    /// Commits without merges that it was the first to hold.
    pub commits: usize,
}

/// The middle and the ninth tenth of values that were measured; None without any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Measured {
    pub n: usize,
    pub p50: Option<i64>,
    pub p90: Option<i64>,
}

impl Measured {
    fn new(mut values: Vec<i64>) -> Self {
        // What a wrong clock made says nothing.
        values.retain(|value| *value >= 0);
        let found = nearest_ranks(&mut values, [50, 90]);
        Self {
            n: values.len(),
            p50: found.map(|[p50, _]| p50),
            p90: found.map(|[_, p90]| p90),
        }
    }
}

/// Measures the history of `repository`; `now` is a second since 1970.
pub(super) fn measure(repository: &Repository, now: i64) -> Result<History, AssessError> {
    let mut history = History {
        commits: 0,
        last_commit: None,
        releases: 0,
        looked_at: Vec::new(),
        unreleased: None,
        since_release: None,
        between_releases: Measured::default(),
        batch: Measured::default(),
        commit_to_release: Measured::default(),
        commit_to_merge: Measured::default(),
        merge_to_release: Measured::default(),
        mended_soon: None,
        mended: Vec::new(),
    };
    let Some(head) = repository
        .head
        .as_ref()
        .and_then(|head| head.parse::<CommitId>().ok())
    else {
        return Ok(history);
    };
    let mut graph = Graph::open(&repository.common_dir)?;
    let line = past::main_line(&mut graph, &head)?;
    let tags: Vec<Tag> = releases(past::tags(&repository.root)?);
    let mut tips = Vec::new();
    for tag in &tags {
        if let Some(node) = graph.node(&tag.commit)? {
            tips.push(node);
        }
    }
    let graph = graph;
    let merged = merged(&graph, &line)?;
    history.commits = merged.len();
    history.last_commit = line.last().map(|node| graph.time(*node));
    history.releases = tags.len();
    let recent = line.len().saturating_sub(1000);
    let since = line.get(recent).map_or(i64::MIN, |node| graph.time(*node));
    history.commit_to_merge = Measured::new(
        merged
            .iter()
            .filter(|(node, place)| {
                line[*place] != *node && graph.is_merge(line[*place]) && !graph.is_merge(*node)
            })
            .filter(|(_, place)| graph.time(line[*place]) >= since)
            .map(|(node, place)| graph.time(line[*place]) - graph.time(*node))
            .collect(),
    );
    if tips.len() == tags.len() && !tags.is_empty() {
        released(
            repository,
            &graph,
            &tags,
            &tips,
            &line,
            &merged,
            now,
            &mut history,
        )?;
    }
    Ok(history)
}

/// Every commit of the current branch with the place in `line` of the first commit of the main
/// line that holds it.
fn merged(graph: &Graph, line: &[Node]) -> Result<Vec<(Node, usize)>, GraphError> {
    let reach = Reach::walk(graph, line, true)?;
    Ok((0_u32..)
        .zip(line)
        .flat_map(|(place, _)| {
            reach
                .group(place)
                .iter()
                .map(move |node| (*node, place as usize))
        })
        .collect())
}

#[expect(
    clippy::too_many_arguments,
    reason = "what was found of the history, each once"
)]
fn released(
    repository: &Repository,
    graph: &Graph,
    tags: &[Tag],
    tips: &[Node],
    line: &[Node],
    merged: &[(Node, usize)],
    now: i64,
    history: &mut History,
) -> Result<(), AssessError> {
    let mut all = tips.to_vec();
    all.extend(line.last());
    let reach = Reach::walk(graph, &all, false)?;
    let from = tags.len().saturating_sub(LAST).max(1);
    let on_line: std::collections::HashMap<Node, usize> = merged.iter().copied().collect();
    let commits: Vec<Vec<Node>> = (0..=number(tags.len()))
        .map(|tag| {
            let group = reach.group(tag).iter().copied();
            group.filter(|node| !reach.is_merge(*node)).collect()
        })
        .collect();
    history.unreleased = commits.last().map(Vec::len);
    history.since_release = tags.last().map(|tag| now - tag.at);
    let looked_at = from..tags.len();
    history.looked_at = looked_at
        .clone()
        .map(|place| Release {
            name: tags[place].name.clone(),
            commit: tags[place].commit,
            at: tags[place].at,
            commits: commits[place].len(),
        })
        .collect();
    let count = |place: usize| i64::try_from(commits[place].len()).unwrap_or(i64::MAX);
    history.batch = Measured::new(looked_at.clone().map(count).collect());
    history.between_releases = Measured::new(
        looked_at
            .clone()
            .map(|place| tags[place].at - tags[place - 1].at)
            .collect(),
    );
    let delivered = || {
        looked_at
            .clone()
            .flat_map(|place| commits[place].iter().map(move |node| (place, *node)))
    };
    history.commit_to_release = Measured::new(
        delivered()
            .map(|(place, node)| tags[place].at - graph.time(node))
            .collect(),
    );
    history.merge_to_release = Measured::new(
        delivered()
            .filter_map(|(place, node)| {
                Some(tags[place].at - graph.time(line[*on_line.get(&node)?]))
            })
            .collect(),
    );
    let mut mended = Vec::new();
    for place in looked_at.clone() {
        if place + 1 < tags.len() && tags[place + 1].at - tags[place].at <= SOON {
            let ids: Vec<CommitId> = commits[place + 1]
                .iter()
                .map(|node| graph.id(*node))
                .collect();
            if past::subjects(&repository.root, &ids)?
                .iter()
                .any(|subject| is_fix(subject))
            {
                mended.push(tags[place].name.clone());
            }
        }
    }
    // Of the last release nobody knows yet.
    let known = looked_at.len().saturating_sub(1) as u64;
    history.mended_soon = ratio(mended.len() as u64, known);
    history.mended = mended;
    Ok(())
}

/// The tags that name a release: a version, perhaps behind a word. Those of a candidate are left
/// out.
fn releases(tags: Vec<Tag>) -> Vec<Tag> {
    let is_release = |name: &str| {
        let lower = name.to_lowercase();
        let version = lower.rsplit(['/', '@']).next().unwrap_or_default();
        let version = version.trim_start_matches(|c: char| !c.is_ascii_digit());
        let candidate = [
            "rc", "alpha", "beta", "pre", "dev", "snapshot", "nightly", "a0", "b0", "a1", "b1",
            "b2",
        ];
        let parts = version
            .split('.')
            .take_while(|part| part.bytes().next().is_some_and(|b| b.is_ascii_digit()));
        parts.count() >= 2 && !candidate.iter().any(|word| version.contains(word))
    };
    let mut seen = std::collections::HashSet::new();
    tags.into_iter()
        .filter(|tag| is_release(&tag.name))
        .filter(|tag| seen.insert(tag.commit))
        .collect()
}

/// Whether a subject speaks of mending something that was wrong.
fn is_fix(subject: &str) -> bool {
    let lower = subject.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    words.any(|word| {
        matches!(
            word,
            "fix" | "fixes" | "fixed" | "bugfix" | "hotfix" | "regression" | "revert" | "reverts"
        )
    })
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(name: &str, byte: u8) -> Tag {
        Tag {
            name: name.to_owned(),
            commit: CommitId::from_bytes([byte; 20]),
            at: i64::from(byte),
            committed_at: i64::from(byte),
        }
    }

    #[test]
    fn a_release_is_a_version_that_is_no_candidate() {
        let names = [
            "v1.2.3",
            "1.2",
            "release-2.0.0",
            "pkg@3.1.0",
            "v2.0.0-rc1",
            "latest",
            "v3",
            "2026.11.1",
            "1.0b1",
        ];
        let tags = (1..)
            .zip(names)
            .map(|(byte, name)| tag(name, byte))
            .collect();
        let kept: Vec<String> = releases(tags).into_iter().map(|tag| tag.name).collect();
        assert_eq!(
            kept,
            ["v1.2.3", "1.2", "release-2.0.0", "pkg@3.1.0", "2026.11.1"]
        );
    }

    #[test]
    fn a_fix_is_told_by_its_words() {
        assert!(is_fix("Fix the login"));
        assert!(is_fix("fix(api): no 500"));
        assert!(is_fix("Revert \"new cache\""));
        assert!(!is_fix("Prefix all names"));
        assert!(!is_fix("feat: debug page"));
    }
}
