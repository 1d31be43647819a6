//! Checks that look at every content that ever was: what is in the history leaves with it, even
//! where a later commit took it away.

use super::builtin::Looking;
use super::check::{self, Blob, File, Finding};
use super::source::Source;
use crate::config::hooks::{CheckId, Patterns};
use crate::git::{Executable, GitError, Mode, ObjectId, Objects, Revisions};
use bstr::{BString, ByteSlice};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashSet};

/// Digits of a commit's id in a message.
const DIGITS: usize = 12;

/// Whether a check counts in each commit and not only in the last.
pub(super) fn counts(check: CheckId) -> bool {
    matches!(
        check,
        CheckId::Secrets | CheckId::PrivateKeys | CheckId::CommittedEnv | CheckId::LargeFiles
    )
}

/// One content at one path.
#[derive(Debug, Clone)]
struct Past {
    path: BString,
    id: ObjectId,
    mode: Mode,
    /// The commit that brought it; None where that is found out only for what is found.
    commit: Option<ObjectId>,
}

/// Looks at what each of `commits` brought, but not at what `source` shows already.
pub(super) fn of_commits(
    revisions: &Revisions,
    commits: &[ObjectId],
    source: &Source,
    objects: &Objects,
    jobs: &[Looking<'_>],
    exclude: &Patterns,
) -> Result<Vec<(usize, Finding)>, GitError> {
    if !jobs.iter().any(is_about) {
        return Ok(Vec::new());
    }
    let shown: HashSet<(&[u8], ObjectId)> = source
        .looked
        .iter()
        .map(|position| source.index.entry(*position))
        .map(|entry| (entry.path.as_bytes(), entry.id))
        .collect();
    let mut seen: HashSet<(BString, ObjectId)> = HashSet::new();
    let mut past = Vec::new();
    for commit in commits {
        for blob in revisions.introduced(*commit)? {
            if shown.contains(&(blob.path.as_slice(), blob.id))
                || !seen.insert((blob.path.clone(), blob.id))
            {
                continue;
            }
            past.push(Past {
                path: blob.path,
                id: blob.id,
                mode: blob.mode,
                commit: Some(*commit),
            });
        }
    }
    look(&past, objects, jobs, exclude, &|_| None)
}

/// Looks at everything that any ref reaches. Gives the number of contents, too.
pub(super) fn of_everything(
    git: &Executable,
    objects: &Objects,
    jobs: &[Looking<'_>],
    exclude: &Patterns,
) -> Result<(usize, Vec<(usize, Finding)>), GitError> {
    let past: Vec<Past> = git
        .blobs_of_all_refs()?
        .into_iter()
        .map(|(id, path)| Past {
            path,
            id,
            mode: Mode::Regular,
            commit: None,
        })
        .collect();
    let commit_of = |id: ObjectId| git.commit_that_brought(id);
    let found = look(&past, objects, jobs, exclude, &commit_of)?;
    Ok((past.len(), found))
}

fn is_about(looking: &Looking<'_>) -> bool {
    looking.job.check().is_some_and(|check| counts(check.id))
}

fn look(
    past: &[Past],
    objects: &Objects,
    jobs: &[Looking<'_>],
    exclude: &Patterns,
    commit_of: &(dyn Fn(ObjectId) -> Option<ObjectId> + Sync),
) -> Result<Vec<(usize, Finding)>, GitError> {
    let found: Vec<(usize, usize, Finding)> = past
        .par_iter()
        .enumerate()
        .map_init(
            || (objects.reader(), Vec::new()),
            |(reader, buffer), (at, one)| {
                let path = one.path.to_str_lossy();
                let wanted: Vec<usize> = (0..jobs.len())
                    .filter(|number| is_about(&jobs[*number]) && jobs[*number].job.wants(&path))
                    .collect();
                let mode = super::builtin::kind(one.mode);
                let (Some(mode), false) = (mode, wanted.is_empty() || exclude.matches(&path))
                else {
                    return Ok(Vec::new());
                };
                if mode == check::Mode::Submodule {
                    return Ok(Vec::new());
                }
                reader.blob(one.id, buffer)?;
                let file = File::new(Blob {
                    path: one.path.as_bstr(),
                    mode,
                    content: buffer,
                    before: None,
                    lfs: false,
                });
                Ok(wanted
                    .into_iter()
                    .filter(|number| jobs[*number].job.is_of(|tag| file.is(tag)))
                    .flat_map(|number| {
                        let found = jobs[number].findings(&file);
                        found.into_iter().map(move |finding| (at, number, finding))
                    })
                    .collect())
            },
        )
        .collect::<Result<Vec<Vec<_>>, GitError>>()?
        .into_iter()
        .flatten()
        .collect();
    let places: BTreeSet<usize> = found.iter().map(|(at, ..)| *at).collect();
    let commits: std::collections::BTreeMap<usize, Option<ObjectId>> = places
        .into_iter()
        .map(|at| (at, past[at].commit.or_else(|| commit_of(past[at].id))))
        .collect();
    Ok(found
        .into_iter()
        .map(|(at, number, mut finding)| {
            if let Some(Some(commit)) = commits.get(&at) {
                let digits = &commit.to_string()[..DIGITS];
                finding.message = format!("in commit {digits}: {}", finding.message);
            }
            (number, finding)
        })
        .collect())
}
