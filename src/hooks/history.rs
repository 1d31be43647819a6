//! Checks that look at every content that ever was: what is in the history leaves with it, even
//! where a later commit took it away.

use super::builtin::Looking;
use super::check::{self, Blob, File, Finding};
use super::source::Source;
use crate::config::hooks::{CheckId, Patterns};
use crate::git::{Executable, GitError, Introduced, Mode, ObjectId, Objects};
use bstr::{BStr, ByteSlice};
use rayon::prelude::*;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};

/// Asked at each content: whether to leave out the rest.
type Interrupted<'i> = &'i (dyn Fn() -> bool + Sync);

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
struct Past<'p> {
    path: &'p BStr,
    id: ObjectId,
    mode: Mode,
    /// The commit that brought it; None where that is found out only for what is found.
    commit: Option<ObjectId>,
}

/// Looks at what commits `brought`, but not at what `source` shows already.
pub(super) fn of_commits(
    brought: &[Introduced],
    source: &Source,
    objects: &Objects,
    jobs: &[Looking<'_>],
    exclude: &Patterns,
    interrupted: Interrupted<'_>,
) -> Result<Vec<(usize, Finding)>, GitError> {
    if !jobs.iter().any(is_about) {
        return Ok(Vec::new());
    }
    let mut known: HashSet<(&BStr, ObjectId)> = source
        .looked
        .iter()
        .map(|position| source.index.entry(*position))
        .map(|entry| (entry.path, entry.id))
        .collect();
    let past: Vec<Past<'_>> = brought
        .iter()
        .filter(|one| known.insert((one.path.as_bstr(), one.id)))
        .map(|one| Past {
            path: one.path.as_bstr(),
            id: one.id,
            mode: one.mode,
            commit: Some(one.commit),
        })
        .collect();
    look(&past, objects, jobs, exclude, interrupted, &|_| None)
}

/// Looks at everything that any ref reaches. Gives the number of contents, too.
pub(super) fn of_everything(
    git: &Executable,
    objects: &Objects,
    jobs: &[Looking<'_>],
    exclude: &Patterns,
    interrupted: Interrupted<'_>,
) -> Result<(usize, Vec<(usize, Finding)>), GitError> {
    let blobs = git.blobs_of_all_refs()?;
    let past: Vec<Past<'_>> = blobs
        .iter()
        .map(|(id, path)| Past {
            path: path.as_bstr(),
            id: *id,
            mode: Mode::Regular,
            commit: None,
        })
        .collect();
    let commit_of = |id: ObjectId| git.commit_that_brought(id);
    let found = look(&past, objects, jobs, exclude, interrupted, &commit_of)?;
    Ok((past.len(), found))
}

pub(super) fn is_about(looking: &Looking<'_>) -> bool {
    looking.job.check().is_some_and(|check| counts(check.id))
}

fn look(
    past: &[Past<'_>],
    objects: &Objects,
    jobs: &[Looking<'_>],
    exclude: &Patterns,
    interrupted: Interrupted<'_>,
    commit_of: &(dyn Fn(ObjectId) -> Option<ObjectId> + Sync),
) -> Result<Vec<(usize, Finding)>, GitError> {
    // Versions of one path in a row, for git keeps of most only what differs from the next.
    let mut order: Vec<usize> = (0..past.len()).collect();
    order.sort_by_key(|at| (past[*at].path, Reverse(*at)));
    let mut found: Vec<(usize, usize, Finding)> = order
        .into_par_iter()
        .map_init(
            || (objects.reader_of_many(), Vec::new()),
            |(reader, buffer), at| {
                if interrupted() {
                    return Ok(Vec::new());
                }
                let one = &past[at];
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
                    path: one.path,
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
    found.sort_by_key(|(at, number, _)| (*at, *number));
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
